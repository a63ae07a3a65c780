// What applications take for granted with ActiveMQ and JMS says nothing of: names with a meaning, options, redelivery and dead letters,
// individual acknowledgement, virtual topics, groups, advisories, and failover.
import static org.junit.jupiter.api.Assertions.*;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.RedeliveryPolicy;
import org.apache.activemq.advisory.AdvisorySupport;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.ConsumerInfo;
import org.apache.activemq.transport.TransportListener;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

class ActiveMqTraditions extends JmsTest {
  // ---- names

  @Test @DisplayName("a list of names is all of them, queues and topics, for a producer and for a consumer")
  void compositeNames() throws JMSException {
    Session session = session(AUTO);
    Destination both = session.createQueue(name + ".A,topic://" + name + ".B");
    MessageConsumer a = session.createConsumer(queue(session, "A")), b = session.createConsumer(topic(session, "B"));
    send(session, both, "1");
    expect(a, "1");
    expect(b, "1");
    MessageConsumer list = session.createConsumer(session.createQueue(name + ".C," + name + ".D"));
    send(session, queue(session, "C"), "of C");
    send(session, queue(session, "D"), "of D");
    assertEquals(Set.of("of C", "of D"), Set.of(receiveText(list), receiveText(list)));
  }

  @Test @DisplayName("* stands for one part of a name, > for all that follow, on queues and topics")
  void wildcards() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer one = session.createConsumer(topic(session, "*.price")), all = session.createConsumer(topic(session, ">")), queues = session.createConsumer(queue(session, "*"));
    send(session, topic(session, "A.price"), "1");
    send(session, topic(session, "A.B.price"), "2");
    send(session, topic(session, "A.volume"), "3");
    send(session, topic(session, "B.price"), "4");
    expect(one, "1", "4");
    expect(all, "1", "2", "3", "4");
    send(session, queue(session, "A"), "of A");
    send(session, queue(session, "A.B"), "of A.B");
    send(session, queue(session, "B"), "of B");
    assertEquals(Set.of("of A", "of B"), Set.of(receiveText(queues), receiveText(queues)));
    nothing(queues);
  }

  @Test @DisplayName("options behind the name: prefetch, and what one consumer has in advance the other can not get")
  void prefetchOption() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer modest = session.createConsumer(session.createQueue(name + "?consumer.prefetchSize=1"));
    send(session, queue(session), "1", "2", "3");
    MessageConsumer other = session.createConsumer(queue(session));
    expect(other, "2", "3");
    expect(modest, "1");
  }

  @Test @DisplayName("prefetch 0 asks for each message")
  void prefetchZero() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer pulling = session.createConsumer(session.createQueue(name + "?consumer.prefetchSize=0"));
    assertNull(pulling.receiveNoWait());
    nothing(pulling);
    send(session, queue(session), "1", "2");
    expect(pulling, "1");
    expect(session(AUTO).createConsumer(queue(session)), "2");
  }

  @Test @DisplayName("an exclusive consumer has all; when it is gone the next one has")
  void exclusiveConsumer() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer first = session.createConsumer(session.createQueue(name + "?consumer.exclusive=true")), second = session.createConsumer(session.createQueue(name + "?consumer.exclusive=true"));
    send(session, queue(session), "1", "2", "3");
    expect(first, "1", "2", "3");
    nothing(second);
    first.close();
    send(session, queue(session), "4");
    expect(second, "4");
  }

  @Test @DisplayName("a consumer of higher priority is served first, while it has room")
  void consumerPriority() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer low = session.createConsumer(queue(session)), high = session.createConsumer(session.createQueue(name + "?consumer.priority=5&consumer.prefetchSize=2"));
    send(session, queue(session), "1", "2", "3");
    expect(low, "3");
    expect(high, "1", "2");
  }

  // ---- redelivery and dead letters

  @Test @DisplayName("a message that is rolled back once too often becomes a dead letter, with its cause")
  void deadLetters() throws JMSException {
    ActiveMQConnection connection = started();
    connection.getRedeliveryPolicy().setMaximumRedeliveries(2);
    Session session = session(connection, TRANSACTED), other = session(AUTO);
    send(other, queue(other), "poison", "good");
    MessageConsumer consumer = session.createConsumer(queue(session));
    for (int delivery = 1; delivery <= 3; delivery++) {
      Message message = receive(consumer);
      assertEquals("poison " + delivery, text(message) + " " + message.getIntProperty("JMSXDeliveryCount"));
      session.rollback();
    }
    expect(consumer, "good");
    session.commit();
    MessageConsumer letters = other.createConsumer(other.createQueue("ActiveMQ.DLQ"));
    ActiveMQMessage letter = letterOf(letters);
    assertEquals(ActiveMQDestination.createDestination(name, ActiveMQDestination.QUEUE_TYPE), letter.getOriginalDestination());
    assertTrue(letter.getStringProperty("dlqDeliveryFailureCause").contains("redelivery"), letter.getStringProperty("dlqDeliveryFailureCause"));
  }

  /** Dead letters of other tests are of no interest to them. */
  private ActiveMQMessage letterOf(MessageConsumer letters) throws JMSException {
    for (; ; ) {
      ActiveMQMessage letter = (ActiveMQMessage) receive(letters);
      if (letter.getOriginalDestination() != null && letter.getOriginalDestination().getPhysicalName().equals(name)) return letter;
    }
  }

  @Test @DisplayName("a redelivery policy of the connection and one for a destination; back-off makes the pauses longer")
  void redeliveryPolicies() throws Exception {
    ActiveMQConnection connection = started();
    RedeliveryPolicy own = new RedeliveryPolicy();
    own.setInitialRedeliveryDelay(50);
    own.setUseExponentialBackOff(true);
    own.setBackOffMultiplier(3);
    own.setMaximumRedeliveries(3);
    connection.getRedeliveryPolicyMap().put((ActiveMQDestination) queue(session(AUTO)), own);
    Session session = session(connection, TRANSACTED);
    send(session, queue(session), "1");
    session.commit();
    MessageConsumer consumer = session.createConsumer(queue(session));
    long rolledBack = 0;
    for (int delivery = 1; delivery <= 4; delivery++) {
      assertEquals(delivery, receive(consumer).getIntProperty("JMSXDeliveryCount"));
      long pause = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - rolledBack);
      if (delivery > 1) assertTrue(pause >= 45 * Math.pow(3, delivery - 2), "pause before delivery " + delivery + ": " + pause + " ms");
      if (delivery == 4) break;
      session.rollback();
      rolledBack = System.nanoTime();
    }
    session.commit();
  }

  @Test @DisplayName("individual acknowledgement takes one message out of those before and behind it")
  void individualAcknowledge() throws JMSException {
    ActiveMQConnection connection = started();
    Session session = session(connection, ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE), other = session(AUTO);
    send(other, queue(other), "1", "2", "3");
    MessageConsumer consumer = session.createConsumer(queue(session));
    expect(consumer, "1");
    receive(consumer).acknowledge();
    expect(consumer, "3");
    connection.close();
    expect(other.createConsumer(queue(other)), "1", "3");
  }

  // ---- virtual topics, groups, advisories

  @Test @DisplayName("a virtual topic fills the queue of each of its applications, whose consumers share it")
  void virtualTopics() throws JMSException {
    Session session = session(AUTO);
    String topic = "VirtualTopic." + name;
    MessageConsumer a1 = session.createConsumer(session.createQueue("Consumer.A." + topic + "?consumer.prefetchSize=1")), a2 = session.createConsumer(session.createQueue("Consumer.A." + topic + "?consumer.prefetchSize=1"));
    MessageConsumer b = session.createConsumer(session.createQueue("Consumer.B." + topic)), plain = session.createConsumer(session.createTopic(topic));
    send(session, session.createTopic(topic), "1", "2");
    assertEquals(Set.of("1", "2"), Set.of(receiveText(a1), receiveText(a2)));
    expect(b, "1", "2");
    expect(plain, "1", "2");
  }

  @Test @DisplayName("all messages of a group go to one consumer, in order; groups are spread")
  void groups() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer first = session.createConsumer(queue(session)), second = session.createConsumer(queue(session));
    MessageProducer producer = session.createProducer(queue(session));
    for (int i = 0; i < 40; i++) {
      Message message = session.createTextMessage("" + i);
      message.setStringProperty("JMSXGroupID", "group " + i % 3);
      producer.send(message);
    }
    Map<String, Set<MessageConsumer>> consumersOf = new HashMap<>();
    Map<String, Integer> last = new HashMap<>();
    Set<MessageConsumer> used = new HashSet<>();
    for (MessageConsumer consumer : new MessageConsumer[] {first, second})
      for (Message message; (message = consumer.receive(QUIET_MS)) != null; ) {
        String group = message.getStringProperty("JMSXGroupID");
        int number = Integer.parseInt(text(message));
        consumersOf.computeIfAbsent(group, any -> new HashSet<>()).add(consumer);
        assertTrue(last.getOrDefault(group, -1) < number, "order of " + group);
        last.put(group, number);
        used.add(consumer);
      }
    assertEquals(3, consumersOf.size());
    for (Map.Entry<String, Set<MessageConsumer>> group : consumersOf.entrySet()) assertEquals(1, group.getValue().size(), group.getKey());
    assertEquals(2, used.size());
  }

  @Test @DisplayName("advisories tell of consumers that come and go")
  void consumerAdvisories() throws Exception {
    Session session = session(AUTO), other = session(AUTO);
    BlockingQueue<Message> told = listen(session.createConsumer(AdvisorySupport.getConsumerAdvisoryTopic((ActiveMQDestination) queue(session))));
    MessageConsumer consumer = other.createConsumer(queue(session));
    Message came = take(told);
    assertTrue(((ActiveMQMessage) came).getDataStructure() instanceof ConsumerInfo);
    assertEquals(1, came.getIntProperty("consumerCount"));
    consumer.close();
    assertEquals(0, take(told).getIntProperty("consumerCount"));
  }

  // ---- options of the connection

  @Test @DisplayName("options in the URL: compression, asynchronous sends, optimized acknowledgement, no copies")
  void connectionOptions() throws JMSException {
    String body = "long ".repeat(5000);
    for (String option : new String[] {"jms.useCompression=true", "jms.useAsyncSend=true", "jms.alwaysSyncSend=true", "jms.optimizeAcknowledge=true", "jms.copyMessageOnSend=false", "jms.dispatchAsync=false", "jms.prefetchPolicy.all=2", "jms.sendTimeout=5000", "jms.producerWindowSize=100000", "jms.alwaysSessionAsync=false"}) {
      Session session = session(started(option), AUTO);
      Queue queue = session.createQueue(name + "." + option.replaceAll("\\W", "-"));
      send(session, queue, "1", body, "3");
      expect(session.createConsumer(queue), "1", body, "3");
    }
  }

  // ---- failover

  private String failover(String... options) { return with("failover:(" + MortalBroker.url() + ")", options); }

  @Test @DisplayName("failover: a program does not notice that its broker went down and came back")
  @ResourceLock(MortalBroker.LOCK)
  void failover() throws Exception {
    ActiveMQConnection connection = connectTo(failover("initialReconnectDelay=20", "maxReconnectDelay=100", "randomize=false", "jms.prefetchPolicy.all=10"));
    CountDownLatch interrupted = new CountDownLatch(1), resumed = new CountDownLatch(1);
    connection.addTransportListener(new TransportListener() {
      @Override public void onCommand(Object command) { }
      @Override public void onException(java.io.IOException error) { }
      @Override public void transportInterupted() { interrupted.countDown(); }
      @Override public void transportResumed() { resumed.countDown(); }
    });
    connection.setClientID(name);
    connection.start();
    Session session = session(connection, AUTO), transacted = session(connection, TRANSACTED);
    BlockingQueue<Message> got = listen(session.createConsumer(queue(session)));
    MessageConsumer durable = transacted.createDurableSubscriber(topic(session), "subscription");
    Session sender = session(connection, AUTO);
    send(sender, queue(sender), "1");
    send(sender, topic(sender), "t1");
    assertEquals("1", text(take(got)));
    expect(durable, "t1");
    transacted.commit();
    MortalBroker.killAndStart();
    send(sender, queue(sender), "2");
    send(sender, topic(sender), "t2");
    // The broker may have gone down before it had read that 1 is acknowledged.
    Set<String> texts = new TreeSet<>();
    while (!texts.contains("2")) texts.add(text(take(got)));
    expect(durable, "t2");
    transacted.commit();
    await(interrupted);
    await(resumed);
  }

  @Test @DisplayName("failover: a transaction that was open when the broker went down is rolled back, and says so at the commit")
  @ResourceLock(MortalBroker.LOCK)
  void failoverOfATransaction() throws Exception {
    ActiveMQConnection connection = connectTo(failover("initialReconnectDelay=20", "maxReconnectDelay=100"));
    connection.start();
    Session setup = session(connection, AUTO), transacted = session(connection, TRANSACTED);
    send(setup, queue(setup), "1");
    MessageConsumer consumer = transacted.createConsumer(queue(setup));
    expect(consumer, "1");
    MortalBroker.killAndStart();
    AtomicInteger rollbacks = new AtomicInteger();
    // Whoever lost what it had received does it again, as every program with failover does.
    for (boolean done = false; !done; ) {
      try {
        transacted.commit();
        done = true;
      } catch (TransactionRolledBackException again) {
        rollbacks.incrementAndGet();
        expect(consumer, "1");
      }
    }
    nothing(consumer);
    assertTrue(rollbacks.get() <= 2, "" + rollbacks.get());
  }

  @Test @DisplayName("failover: startupMaxReconnectAttempts and timeout end the waiting for a broker that is not there")
  void failoverGivesUp() throws Exception {
    assertThrows(JMSException.class, () -> connectTo("failover:(tcp://127.0.0.1:1)?startupMaxReconnectAttempts=2&initialReconnectDelay=10").start());
    assertThrows(JMSException.class, () -> new ActiveMQConnectionFactory("tcp://127.0.0.1:1").createConnection());
  }
}
