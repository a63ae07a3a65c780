// JMS 1.1, chapter 4, sections 4.5 to 4.11: receiving by call and by listener, sending, delivery modes, time to live, and what survives.
import static org.junit.jupiter.api.Assertions.*;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

class Chapter4ProducersAndConsumers extends JmsTest {
  // ---- 4.5.1 receiving by call

  @Test @DisplayName("receive() waits for a message, with a time limit or without")
  void s4_5_1_receive() throws Exception {
    Session session = session(AUTO), sender = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    nothing(consumer);
    Background waiting = inBackground(() -> {
      assertEquals("1", text(consumer.receive()));
      assertEquals("2", text(consumer.receive(0)));
      assertEquals("3", text(consumer.receive(RECEIVE_MS)));
    });
    waiting.waits();
    for (String text : new String[] {"1", "2", "3"}) send(sender, queue(sender), text);
    waiting.finished();
  }

  @Test @DisplayName("receiveNoWait() has what is there, or null at once")
  void s4_5_1_receiveNoWait() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    assertNull(consumer.receiveNoWait());
    send(session, queue(session), "1");
    Message message = null;
    for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10); message == null && System.nanoTime() < end; ) message = consumer.receiveNoWait();
    assertEquals("1", text(message));
    assertNull(consumer.receiveNoWait());
  }

  // ---- 4.5.2 receiving by listener

  @Test @DisplayName("a listener gets each message in order; receive() is then an error; without the listener it is not")
  void s4_5_2_listener() throws Exception {
    Session session = session(AUTO), sender = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    BlockingQueue<Message> got = new LinkedBlockingQueue<>();
    MessageListener listener = got::add;
    consumer.setMessageListener(listener);
    assertSame(listener, consumer.getMessageListener());
    send(sender, queue(sender), "1", "2");
    for (String text : new String[] {"1", "2"}) assertEquals(text, text(take(got)));
    assertThrows(javax.jms.IllegalStateException.class, () -> consumer.receive(10));
    assertThrows(javax.jms.IllegalStateException.class, consumer::receiveNoWait);
    consumer.setMessageListener(null);
    send(sender, queue(sender), "3");
    expect(consumer, "3");
  }

  @Test @DisplayName("AUTO and DUPS_OK: a message whose listener throws is delivered to it again, flagged")
  void s4_5_2_listenerThrows() throws Exception {
    for (int mode : new int[] {AUTO, DUPS_OK}) {
      Session session = session(mode), sender = session(AUTO);
      Queue queue = queue(session, "" + mode);
      BlockingQueue<String> got = new LinkedBlockingQueue<>();
      AtomicInteger calls = new AtomicInteger();
      session.createConsumer(queue).setMessageListener(message -> {
        try { got.add(text(message) + " " + message.getJMSRedelivered()); } catch (JMSException thrown) { throw new RuntimeException(thrown); }
        if (calls.incrementAndGet() == 1) throw new RuntimeException("of the application");
      });
      send(sender, queue, "1", "2");
      for (String wanted : new String[] {"1 false", "1 true", "2 false"}) assertEquals(wanted, got.poll(RECEIVE_MS, TimeUnit.MILLISECONDS));
    }
  }

  @Test @DisplayName("CLIENT: after a listener that throws, the next message comes; what was not acknowledged comes after recover()")
  void s4_5_2_clientListenerThrows() throws Exception {
    Session session = session(CLIENT), sender = session(AUTO);
    BlockingQueue<String> got = new LinkedBlockingQueue<>();
    session.createConsumer(queue(session)).setMessageListener(message -> {
      try {
        got.add(text(message) + " " + message.getJMSRedelivered());
        if (text(message).equals("1") && !message.getJMSRedelivered()) throw new RuntimeException("of the application");
        if (text(message).equals("2") && !message.getJMSRedelivered()) session.recover();
      } catch (JMSException thrown) { throw new RuntimeException(thrown); }
    });
    send(sender, queue(sender), "1", "2");
    for (String wanted : new String[] {"1 false", "2 false", "1 true", "2 true"}) assertEquals(wanted, got.poll(RECEIVE_MS, TimeUnit.MILLISECONDS));
  }

  @Test @DisplayName("transacted: after a listener that throws, the next message comes, and all are in the transaction")
  void s4_5_2_transactedListenerThrows() throws Exception {
    Session session = session(TRANSACTED), sender = session(AUTO);
    BlockingQueue<String> got = new LinkedBlockingQueue<>();
    session.createConsumer(queue(session)).setMessageListener(message -> {
      try {
        boolean again = message.getJMSRedelivered();
        got.add(text(message) + " " + again);
        if (text(message).equals("1") && !again) throw new RuntimeException("of the application");
        if (text(message).equals("2") && !again) session.rollback();
        if (text(message).equals("2") && again) session.commit();
      } catch (JMSException thrown) { throw new RuntimeException(thrown); }
    });
    send(sender, queue(sender), "1", "2");
    for (String wanted : new String[] {"1 false", "2 false", "1 true", "2 true"}) assertEquals(wanted, got.poll(RECEIVE_MS, TimeUnit.MILLISECONDS));
  }

  @Test @DisplayName("close() of a consumer waits for its listener")
  void s4_5_2_closeWaits() throws Exception {
    Session session = session(AUTO), sender = session(AUTO);
    CountDownLatch inside = new CountDownLatch(1), goOn = new CountDownLatch(1), left = new CountDownLatch(1);
    session.createConsumer(queue(session)).setMessageListener(message -> {
      inside.countDown();
      try { goOn.await(); } catch (InterruptedException ended) { return; }
      left.countDown();
    });
    send(sender, queue(sender), "1");
    await(inside);
    Background close = inBackground(() -> {
      session.close();
      assertEquals(0, left.getCount(), "close() returned while the listener ran");
    });
    close.waits();
    goOn.countDown();
    close.finished();
  }

  @Test @DisplayName("a consumer that is closed gets nothing more, and its listener is not called")
  void s4_5_closedConsumer() throws Exception {
    Session session = session(AUTO), sender = session(AUTO);
    MessageConsumer closed = session.createConsumer(queue(session));
    BlockingQueue<Message> got = listen(closed);
    closed.close();
    send(sender, queue(sender), "1");
    expect(session.createConsumer(queue(session)), "1");
    assertTrue(got.isEmpty());
    assertThrows(javax.jms.IllegalStateException.class, () -> closed.receive(10));
    assertThrows(javax.jms.IllegalStateException.class, closed::getMessageSelector);
  }

  // ---- 4.6 producers

  @Test @DisplayName("a producer begins with persistent, priority 4 and no limit of time; what is set holds for its sends")
  void s4_6_defaults() throws JMSException {
    Session session = session(AUTO);
    MessageProducer producer = session.createProducer(queue(session));
    assertEquals("2 4 0", producer.getDeliveryMode() + " " + producer.getPriority() + " " + producer.getTimeToLive());
    assertFalse(producer.getDisableMessageID());
    assertFalse(producer.getDisableMessageTimestamp());
    assertEquals(queue(session), producer.getDestination());
    producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
    producer.setPriority(8);
    producer.setTimeToLive(60_000);
    producer.send(session.createMessage());
    Message received = receive(session.createConsumer(queue(session)));
    assertEquals("1 8 60000", received.getJMSDeliveryMode() + " " + received.getJMSPriority() + " " + (received.getJMSExpiration() - received.getJMSTimestamp()));
  }

  @Test @DisplayName("a producer without destination sends to any; one with a destination to no other")
  void s4_6_destinations() throws JMSException {
    Session session = session(AUTO);
    MessageProducer any = session.createProducer(null), one = session.createProducer(queue(session));
    assertNull(any.getDestination());
    any.send(queue(session), session.createTextMessage("1"));
    any.send(topic(session), session.createTextMessage("to nobody"));
    expect(session.createConsumer(queue(session)), "1");
    assertThrows(UnsupportedOperationException.class, () -> one.send(queue(session, "other"), session.createMessage()));
  }

  @Test @DisplayName("a producer without destination can not do without one in the send")
  @DiffersInActiveMq(value = "it is an InvalidDestinationException", side = DiffersInActiveMq.Side.IN_CLIENT, versions = "6.")
  void s4_6_withoutDestination() throws JMSException {
    Session session = session(AUTO);
    assertThrows(UnsupportedOperationException.class, () -> session.createProducer(null).send(session.createMessage()));
    TopicSession topics = connection().createTopicSession(false, AUTO);
    assertThrows(UnsupportedOperationException.class, () -> topics.createPublisher(null).publish(topics.createMessage()));
  }

  @Test @DisplayName("no destination is an invalid one")
  @DiffersInActiveMq(value = "it is an UnsupportedOperationException", side = DiffersInActiveMq.Side.IN_CLIENT, versions = "5.")
  void s4_6_noDestination() throws JMSException {
    Session session = session(AUTO);
    MessageProducer any = session.createProducer(null);
    assertThrows(InvalidDestinationException.class, () -> any.send(null, session.createMessage()));
  }

  @Test @DisplayName("delivery modes and priorities that there are not are refused")
  void s4_6_wrongDefaults() throws JMSException {
    MessageProducer producer = session(AUTO).createProducer(queue(session(AUTO)));
    for (int wrong : new int[] {-1, 10}) assertThrows(JMSException.class, () -> producer.setPriority(wrong));
    for (int wrong : new int[] {0, 3}) assertThrows(JMSException.class, () -> producer.setDeliveryMode(wrong));
  }

  @Test @DisplayName("a closed producer sends nothing; what it has sent stays")
  void s4_6_closed() throws JMSException {
    Session session = session(AUTO);
    MessageProducer producer = session.createProducer(queue(session));
    producer.send(session.createTextMessage("1"));
    producer.close();
    producer.close();
    assertThrows(javax.jms.IllegalStateException.class, () -> producer.send(session.createMessage()));
    expect(session.createConsumer(queue(session)), "1");
  }

  // ---- 4.7 and 4.10 delivery modes, reliability

  @Test @DisplayName("a persistent message is there after the broker went down, once; a non-persistent one comes at most once")
  @ResourceLock(MortalBroker.LOCK)
  void s4_7_brokerGoesDown() throws Exception {
    ActiveMQConnection connection = connectTo(MortalBroker.url());
    connection.start();
    Session session = session(connection, AUTO);
    send(session, queue(session), "1", "2", "3");
    session.createProducer(queue(session)).send(session.createTextMessage("not persistent"), DeliveryMode.NON_PERSISTENT, 4, 0);
    MessageConsumer first = session.createConsumer(queue(session));
    expect(first, "1");
    send(session, queue(session, "sync"), "its answer comes after the acknowledgement was read");
    MortalBroker.killAndStart();
    ActiveMQConnection next = connectTo(MortalBroker.url());
    next.start();
    Session again = session(next, AUTO);
    MessageConsumer consumer = again.createConsumer(queue(again));
    // AUTO acknowledges without answer: the broker may have gone down before it was on disk.
    Message message = receive(consumer);
    if (text(message).equals("1")) message = receive(consumer);
    assertEquals("2", text(message));
    expect(consumer, "3");
    nothing(consumer);
  }

  @Test @DisplayName("persistent and non-persistent messages go side by side, each kind in order")
  void s4_7_bothModes() throws JMSException {
    Session session = session(AUTO);
    MessageProducer producer = session.createProducer(queue(session));
    String[] texts = numbers(40);
    for (int i = 0; i < texts.length; i++) producer.send(session.createTextMessage(texts[i]), i % 2 == 0 ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT, 4, 0);
    MessageConsumer consumer = session.createConsumer(queue(session));
    int[] next = {0, 1};
    for (int i = 0; i < texts.length; i++) {
      int number = Integer.parseInt(receiveText(consumer));
      assertEquals(next[number % 2], number);
      next[number % 2] += 2;
    }
  }

  // ---- 4.8 time to live

  @Test @DisplayName("a time to live of the producer, of the send, and none")
  void s4_8_timeToLive() throws JMSException {
    Session session = session(AUTO);
    MessageProducer producer = session.createProducer(queue(session));
    producer.setTimeToLive(20);
    producer.send(session.createTextMessage("expires"));
    producer.send(session.createTextMessage("lasts"), DeliveryMode.PERSISTENT, 4, 0);
    producer.setTimeToLive(0);
    producer.send(session.createTextMessage("expires as well"), DeliveryMode.PERSISTENT, 4, 20);
    producer.send(session.createTextMessage("lasts as well"));
    nothing(session.createConsumer(queue(session, "clock")));
    MessageConsumer consumer = session.createConsumer(queue(session));
    expect(consumer, "lasts", "lasts as well");
    nothing(consumer);
  }

  @Test @DisplayName("what expires while its consumer already has it is not handed out")
  void s4_8_expiresAtTheConsumer() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    session.createProducer(queue(session)).send(session.createTextMessage("expires"), DeliveryMode.NON_PERSISTENT, 4, 100);
    nothing(session.createConsumer(queue(session, "clock")));
    send(session, queue(session), "lasts");
    expect(consumer, "lasts");
  }

  // ---- 4.11 the methods of one domain in the other

  @Test @DisplayName("a queue session refuses what is for topics")
  void s4_11_queueSession() throws JMSException {
    QueueConnection connection = connect();
    QueueSession session = connection.createQueueSession(false, AUTO);
    List<Action> wrong = List.of(() -> session.createTopic(name), session::createTemporaryTopic, () -> session.createDurableSubscriber(null, "s"), () -> session.unsubscribe("s"));
    for (Action action : wrong) assertThrows(javax.jms.IllegalStateException.class, action::run, "number " + wrong.indexOf(action));
  }

  @Test @DisplayName("a topic session refuses what is for queues")
  void s4_11_topicSession() throws JMSException {
    TopicConnection connection = connect();
    TopicSession session = connection.createTopicSession(false, AUTO);
    List<Action> wrong = List.of(() -> session.createQueue(name), session::createTemporaryQueue, () -> session.createBrowser(null));
    for (Action action : wrong) assertThrows(javax.jms.IllegalStateException.class, action::run, "number " + wrong.indexOf(action));
  }
}
