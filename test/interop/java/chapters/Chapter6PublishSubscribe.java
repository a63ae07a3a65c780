// JMS 1.1, chapter 6: topics and durable subscriptions.
import static org.junit.jupiter.api.Assertions.*;

import java.util.concurrent.BlockingQueue;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

class Chapter6PublishSubscribe extends JmsTest {
  private static final String SUBSCRIPTION = "subscription";

  private void publish(String... texts) throws JMSException {
    Session session = session(AUTO);
    send(session, topic(session), texts);
    session.close();
  }

  private void publish(String text, String property, int value) throws JMSException {
    Session session = session(AUTO);
    Message message = session.createTextMessage(text);
    message.setIntProperty(property, value);
    session.createProducer(topic(session)).send(message);
    session.close();
  }

  private TopicSubscriber durable(Connection connection, int mode) throws JMSException {
    Session session = session(connection, mode);
    return session.createDurableSubscriber(topic(session), SUBSCRIPTION);
  }

  // ---- 6.1 to 6.10

  @Test @DisplayName("each subscriber gets each message, its own sender among them")
  void s6_1_everySubscriber() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer own = session.createConsumer(topic(session)), second = session.createConsumer(topic(session)), foreign = session(started(), AUTO).createConsumer(topic(session));
    send(session, topic(session), "1", "2");
    for (MessageConsumer consumer : new MessageConsumer[] {own, second, foreign}) expect(consumer, "1", "2");
  }

  @Test @DisplayName("a subscriber gets nothing from before it was there, nor from after it is gone")
  void s6_2_latency() throws JMSException {
    Session session = session(AUTO);
    send(session, topic(session), "before");
    MessageConsumer consumer = session.createConsumer(topic(session));
    send(session, topic(session), "while");
    expect(consumer, "while");
    consumer.close();
    send(session, topic(session), "after");
    nothing(session.createConsumer(topic(session)));
  }

  @Test @DisplayName("a topic tells its name")
  void s6_5_name() throws JMSException {
    Session session = session(AUTO);
    assertEquals(name, topic(session).getTopicName());
    assertTrue(topic(session).toString().contains(name));
  }

  @Test @DisplayName("only its own connection subscribes to a temporary topic; anybody publishes to it")
  void s6_6_temporaryTopic() throws JMSException {
    Session session = session(AUTO), stranger = session(started(), AUTO);
    TemporaryTopic temporary = session.createTemporaryTopic();
    assertThrows(JMSException.class, () -> stranger.createConsumer(temporary));
    MessageConsumer consumer = session.createConsumer(temporary);
    sendSoon(stranger, temporary, "1");
    expect(consumer, "1");
    assertThrows(JMSException.class, temporary::delete);
    consumer.close();
    temporary.delete();
    assertThrows(JMSException.class, () -> session.createConsumer(temporary));
  }

  @Test @DisplayName("the interfaces for topics alone: connection, session, publisher and subscriber")
  void s6_7_topicInterfaces() throws JMSException {
    TopicConnectionFactory factory = new ActiveMQConnectionFactory(url());
    TopicConnection connection = kept((ActiveMQConnection) factory.createTopicConnection());
    connection.start();
    TopicSession session = connection.createTopicSession(false, AUTO);
    Topic topic = session.createTopic(name);
    TopicSubscriber subscriber = session.createSubscriber(topic), selecting = session.createSubscriber(topic, "JMSPriority > 5", false);
    assertEquals(topic, subscriber.getTopic());
    assertFalse(subscriber.getNoLocal());
    TopicPublisher publisher = session.createPublisher(topic), any = session.createPublisher(null);
    assertEquals(topic, publisher.getTopic());
    publisher.publish(session.createTextMessage("1"));
    expect(subscriber, "1");
    publisher.publish(session.createTextMessage("2"), DeliveryMode.NON_PERSISTENT, 9, 60_000);
    expect(subscriber, "2");
    any.publish(topic, session.createTextMessage("3"));
    expect(subscriber, "3");
    expect(selecting, "2");
  }

  // ---- 6.11 subscribers

  @Test @DisplayName("noLocal: what the own connection publishes is left out")
  void s6_11_noLocal() throws JMSException {
    TopicSession session = connection().createTopicSession(false, AUTO);
    TopicSubscriber subscriber = session.createSubscriber(session.createTopic(name), null, true);
    assertTrue(subscriber.getNoLocal());
    publish("own");
    Session stranger = session(started(), AUTO);
    send(stranger, topic(stranger), "foreign");
    expect(subscriber, "foreign");
  }

  @Test @DisplayName("a subscriber's selector: what it leaves is nowhere")
  void s6_11_selector() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(topic(session), "n > 1");
    for (int n = 0; n < 4; n++) publish("" + n, "n", n);
    expect(consumer, "2", "3");
  }

  @Test @DisplayName("a listener of a topic gets all in order")
  void s6_11_listener() throws Exception {
    Session session = session(AUTO);
    BlockingQueue<Message> got = listen(session.createConsumer(topic(session)));
    publish(numbers(30));
    for (String text : numbers(30)) assertEquals(text, text(take(got)));
  }

  // ---- 6.11.1 durable subscribers

  @Test @DisplayName("a durable subscriber that comes back gets what came meanwhile, in order, then what comes now")
  void s6_11_1_missed() throws JMSException {
    publish("before");
    ActiveMQConnection away = client("a");
    durable(away, AUTO);
    publish("1");
    away.close();
    publish("2", "3");
    ActiveMQConnection back = client("a");
    TopicSubscriber subscriber = durable(back, AUTO);
    expect(subscriber, "1", "2", "3");
    publish("4");
    expect(subscriber, "4");
    subscriber.close();
    session(back, AUTO).unsubscribe(SUBSCRIPTION);
  }

  @Test @DisplayName("its consumer may be closed and made again on the same connection")
  void s6_11_1_closedConsumer() throws JMSException {
    ActiveMQConnection connection = client("a");
    durable(connection, AUTO).close();
    publish("1");
    TopicSubscriber subscriber = durable(connection, AUTO);
    expect(subscriber, "1");
    subscriber.close();
    publish("2");
    expect(durable(connection, AUTO), "2");
  }

  @Test @DisplayName("a durable subscription needs a client id")
  void s6_11_1_clientId() throws JMSException {
    Session session = session(AUTO);
    assertThrows(JMSException.class, () -> session.createDurableSubscriber(topic(session), SUBSCRIPTION));
  }

  @Test @DisplayName("it belongs to its client: the same name of another client is another subscription")
  void s6_11_1_ofAClient() throws JMSException {
    ActiveMQConnection a = client("a"), b = client("b");
    durable(a, AUTO).close();
    publish("1");
    TopicSubscriber ofB = durable(b, AUTO);
    publish("2");
    expect(ofB, "2");
    expect(durable(a, AUTO), "1", "2");
    ofB.close();
    session(b, AUTO).unsubscribe(SUBSCRIPTION);
  }

  @Test @DisplayName("one client has several, each with what is its own")
  void s6_11_1_several() throws JMSException {
    Session session = session(client("a"), AUTO);
    MessageConsumer one = session.createDurableSubscriber(topic(session), "one"), two = session.createDurableSubscriber(topic(session), "two");
    publish("1");
    expect(one, "1");
    two.close();
    publish("2");
    expect(one, "2");
    expect(session.createDurableSubscriber(topic(session), "two"), "1", "2");
  }

  @Test @DisplayName("one consumer at a time")
  void s6_11_1_oneConsumer() throws JMSException {
    ActiveMQConnection connection = client("a");
    TopicSubscriber subscriber = durable(connection, AUTO);
    assertThrows(JMSException.class, () -> durable(connection, AUTO));
    publish("1");
    expect(subscriber, "1");
  }

  @Test @DisplayName("with another topic it begins anew")
  void s6_11_1_otherTopic() throws JMSException {
    Session session = session(client("a"), AUTO);
    session.createDurableSubscriber(topic(session), SUBSCRIPTION).close();
    publish("gone");
    MessageConsumer other = session.createDurableSubscriber(topic(session, "other"), SUBSCRIPTION);
    Session sender = session(AUTO);
    send(sender, topic(sender, "other"), "1");
    expect(other, "1");
    other.close();
    MessageConsumer again = session.createDurableSubscriber(topic(session), SUBSCRIPTION);
    publish("2");
    expect(again, "2");
  }

  @Test @DisplayName("with another selector it begins anew")
  void s6_11_1_otherSelector() throws JMSException {
    Session session = session(client("a"), AUTO);
    session.createDurableSubscriber(topic(session), SUBSCRIPTION, "n < 5", false).close();
    publish("4 gone", "n", 4);
    publish("6 gone", "n", 6);
    MessageConsumer other = session.createDurableSubscriber(topic(session), SUBSCRIPTION, "n > 3", false);
    publish("7", "n", 7);
    expect(other, "7");
    other.close();
    MessageConsumer all = session.createDurableSubscriber(topic(session), SUBSCRIPTION);
    publish("0", "n", 0);
    expect(all, "0");
  }

  @Test @DisplayName("its selector holds for what comes while it is away")
  void s6_11_1_selector() throws JMSException {
    ActiveMQConnection away = client("a");
    Session session = session(away, AUTO);
    session.createDurableSubscriber(topic(session), SUBSCRIPTION, "n > 1", false);
    away.close();
    for (int n = 0; n < 4; n++) publish("" + n, "n", n);
    Session back = session(client("a"), AUTO);
    TopicSubscriber subscriber = back.createDurableSubscriber(topic(back), SUBSCRIPTION, "n > 1", false);
    assertEquals("n > 1", subscriber.getMessageSelector());
    expect(subscriber, "2", "3");
    nothing(subscriber);
  }

  @Test @DisplayName("noLocal of a durable subscription leaves out what its own connection publishes")
  void s6_11_1_noLocal() throws JMSException {
    ActiveMQConnection connection = client("a");
    Session session = session(connection, AUTO);
    TopicSubscriber subscriber = session.createDurableSubscriber(topic(session), SUBSCRIPTION, null, true);
    assertTrue(subscriber.getNoLocal());
    send(session, topic(session), "own");
    publish("foreign");
    expect(subscriber, "foreign");
    nothing(subscriber);
  }

  @Test @DisplayName("unsubscribe ends it, and with it what it kept")
  void s6_11_1_unsubscribe() throws JMSException {
    Session session = session(client("a"), AUTO);
    session.createDurableSubscriber(topic(session), SUBSCRIPTION).close();
    publish("gone");
    session.unsubscribe(SUBSCRIPTION);
    MessageConsumer anew = session.createDurableSubscriber(topic(session), SUBSCRIPTION);
    publish("1");
    expect(anew, "1");
  }

  @Test @DisplayName("unsubscribe is an error while it has a consumer, and for what is not there")
  void s6_11_1_unsubscribeErrors() throws JMSException {
    ActiveMQConnection connection = client("a");
    Session session = session(connection, AUTO);
    TopicSubscriber subscriber = durable(connection, AUTO);
    assertThrows(JMSException.class, () -> session.unsubscribe(SUBSCRIPTION));
    publish("1");
    expect(subscriber, "1");
    assertThrows(InvalidDestinationException.class, () -> session.unsubscribe("nobody"));
  }

  @Test @DisplayName("unsubscribe is an error while a message is in a transaction or was not acknowledged")
  void s6_11_1_unsubscribeWhileInUse() throws JMSException {
    ActiveMQConnection connection = client("a");
    TopicSubscriber subscriber = durable(connection, CLIENT);
    publish("1");
    Message message = receive(subscriber);
    Session session = session(connection, AUTO);
    assertThrows(JMSException.class, () -> session.unsubscribe(SUBSCRIPTION));
    message.acknowledge();
    subscriber.close();
    session.unsubscribe(SUBSCRIPTION);
  }

  @Test @DisplayName("client acknowledgement: what was not acknowledged comes again when the client does")
  @DiffersInActiveMq(value = "it does not tell its broker which message it has handed out last", side = DiffersInActiveMq.Side.IN_CLIENT, versions = {"5.8", "5.11"})
  void s6_11_1_clientAcknowledge() throws JMSException {
    ActiveMQConnection first = client("a");
    TopicSubscriber subscriber = durable(first, CLIENT);
    publish("1", "2", "3");
    receive(subscriber).acknowledge();
    expect(subscriber, "2");
    first.close();
    TopicSubscriber back = durable(client("a"), CLIENT);
    Message again = receive(back);
    assertEquals("2 true", text(again) + " " + again.getJMSRedelivered());
    Message third = receive(back);
    assertEquals("3 false", text(third) + " " + third.getJMSRedelivered());
  }

  @Test @DisplayName("transactions: what was rolled back comes again, what was committed does not")
  void s6_11_1_transacted() throws JMSException {
    ActiveMQConnection first = client("a");
    Session session = session(first, TRANSACTED);
    MessageConsumer subscriber = session.createDurableSubscriber(topic(session), SUBSCRIPTION);
    publish("1", "2", "3");
    expect(subscriber, "1");
    session.commit();
    expect(subscriber, "2");
    session.rollback();
    expect(subscriber, "2", "3");
    first.close();
    Session back = session(client("a"), TRANSACTED);
    MessageConsumer again = back.createDurableSubscriber(topic(back), SUBSCRIPTION);
    expect(again, "2", "3");
    back.commit();
    nothing(again);
  }

  @Test @DisplayName("a durable subscription to a temporary topic is refused")
  void s6_11_1_temporaryTopic() throws JMSException {
    Session session = session(client("a"), AUTO);
    Topic temporary = session.createTemporaryTopic();
    assertThrows(JMSException.class, () -> session.createDurableSubscriber(temporary, SUBSCRIPTION));
  }

  @Test @DisplayName("subscription and messages are there after the broker went down, away or not")
  @ResourceLock(MortalBroker.LOCK)
  void s6_11_1_brokerGoesDown() throws Exception {
    ActiveMQConnection subscriber = connectTo(MortalBroker.url()), publisher = connectTo(MortalBroker.url());
    subscriber.setClientID(name);
    subscriber.start();
    Session session = session(subscriber, TRANSACTED), sender = session(publisher, AUTO);
    MessageConsumer active = session.createDurableSubscriber(topic(session), "active");
    session.createDurableSubscriber(topic(session), "away").close();
    session.createDurableSubscriber(topic(session), "ended").close();
    session.unsubscribe("ended");
    send(sender, topic(sender), "1", "2", "3");
    expect(active, "1");
    session.commit();
    MortalBroker.killAndStart();
    ActiveMQConnection back = connectTo(MortalBroker.url());
    back.setClientID(name);
    back.start();
    Session again = session(back, AUTO);
    expect(again.createDurableSubscriber(topic(again), "active"), "2", "3");
    expect(again.createDurableSubscriber(topic(again), "away"), "1", "2", "3");
    assertThrows(InvalidDestinationException.class, () -> again.unsubscribe("ended"));
  }

  // ---- 6.12 to 6.15

  @Test @DisplayName("recover() gives a subscriber again what it did not acknowledge, flagged")
  void s6_12_recover() throws JMSException {
    Session session = session(CLIENT);
    MessageConsumer consumer = session.createConsumer(topic(session)), other = session(AUTO).createConsumer(topic(session));
    publish("1", "2");
    receive(consumer).acknowledge();
    expect(consumer, "2");
    session.recover();
    Message again = receive(consumer);
    assertEquals("2 true", text(again) + " " + again.getJMSRedelivered());
    for (String text : new String[] {"1", "2"}) {
      Message once = receive(other);
      assertEquals(text + " false", text(once) + " " + once.getJMSRedelivered());
    }
  }

  @Test @DisplayName("what a subscriber that is not durable did not acknowledge goes with it")
  void s6_12_gone() throws JMSException {
    ActiveMQConnection connection = started();
    Session session = session(connection, CLIENT);
    MessageConsumer consumer = session.createConsumer(topic(session));
    publish("1");
    expect(consumer, "1");
    connection.close();
    nothing(session(CLIENT).createConsumer(topic(session(AUTO))));
  }

  @Test @DisplayName("a requestor publishes and waits for one answer")
  void s6_14_requestor() throws Exception {
    Session server = session(AUTO);
    MessageProducer answers = server.createProducer(null);
    server.createConsumer(topic(server)).setMessageListener(question -> {
      try { answers.send(question.getJMSReplyTo(), server.createTextMessage("re: " + text(question))); } catch (JMSException thrown) { throw new RuntimeException(thrown); }
    });
    TopicConnection connection = started();
    TopicSession session = connection.createTopicSession(false, AUTO);
    TopicRequestor requestor = new TopicRequestor(session, session.createTopic(name));
    for (int i = 0; i < 5; i++) assertEquals("re: " + i, text(requestor.request(session.createTextMessage("" + i))));
    requestor.close();
  }

  @Test @DisplayName("a persistent message reaches a durable subscriber once, however often that one comes and goes")
  void s6_15_onceAndOnlyOnce() throws JMSException {
    publish("before anybody");
    int next = 0;
    for (int round = 0; round < 5; round++) {
      ActiveMQConnection connection = client("a");
      TopicSubscriber subscriber = durable(connection, AUTO);
      if (round == 0) publish(numbers(20));
      for (int i = 0; i < 4; i++) expect(subscriber, "" + next++);
      connection.close();
    }
    nothing(durable(client("a"), AUTO));
  }
}
