// JMS 1.1, chapter 4, section 4.4: sessions. Closing them, transactions, the order of messages, acknowledgement, what is delivered twice,
// and which thread runs what.
import static org.junit.jupiter.api.Assertions.*;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

class Chapter4Sessions extends JmsTest {
  // ---- 4.4.1 closing

  @Test @DisplayName("a closed session can do nothing but close again; its neighbours go on")
  void s4_4_1_closing() throws JMSException {
    Session session = session(AUTO), neighbour = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    MessageProducer producer = session.createProducer(queue(session));
    Message message = session.createMessage();
    session.close();
    List<Action> all = List.of(() -> consumer.receive(10), () -> producer.send(message), session::createTextMessage, () -> session.createConsumer(queue(neighbour)), session::getAcknowledgeMode, session::recover, () -> session.unsubscribe("x"));
    for (Action action : all) assertThrows(javax.jms.IllegalStateException.class, action::run, "number " + all.indexOf(action));
    session.close();
    consumer.close();
    producer.close();
    send(neighbour, queue(neighbour), "1");
    expect(neighbour.createConsumer(queue(neighbour)), "1");
  }

  @Test @DisplayName("closing a session rolls its transaction back")
  void s4_4_1_rollsBack() throws JMSException {
    Session transacted = session(TRANSACTED), other = session(AUTO);
    send(other, queue(other), "1");
    expect(transacted.createConsumer(queue(other)), "1");
    send(transacted, queue(other, "sent"), "never");
    transacted.close();
    Message again = receive(other.createConsumer(queue(other)));
    assertTrue(again.getJMSRedelivered());
    nothing(other.createConsumer(queue(other, "sent")));
  }

  @Test @DisplayName("a receive() that waits ends with null when its session, or its consumer, is closed")
  void s4_4_1_waitingReceive() throws Exception {
    Session first = session(AUTO), second = session(AUTO);
    MessageConsumer one = first.createConsumer(queue(first)), two = second.createConsumer(queue(second));
    Background waitingOne = inBackground(() -> assertNull(one.receive())), waitingTwo = inBackground(() -> assertNull(two.receive()));
    waitingOne.waits();
    waitingTwo.waits();
    first.close();
    two.close();
    waitingOne.finished();
    waitingTwo.finished();
  }

  @Test @DisplayName("a closed consumer gives back what it had not handed out, in order, and not as redelivered")
  void s4_4_1_prefetchedComesBack() throws JMSException {
    Session session = session(AUTO);
    send(session, queue(session), "1", "2", "3");
    MessageConsumer first = session.createConsumer(queue(session));
    expect(first, "1");
    first.close();
    MessageConsumer second = session.createConsumer(queue(session));
    Message next = receive(second);
    assertEquals("2 false", text(next) + " " + next.getJMSRedelivered());
    expect(second, "3");
  }

  // ---- 4.4.2 to 4.4.4 what a session makes

  @Test @DisplayName("a session has any number of producers and consumers, of queues and of topics")
  void s4_4_2_many() throws JMSException {
    Session session = session(AUTO);
    List<MessageConsumer> consumers = new ArrayList<>();
    List<MessageProducer> producers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      Destination destination = i % 2 == 0 ? queue(session, "" + i) : topic(session, "" + i);
      consumers.add(session.createConsumer(destination));
      producers.add(session.createProducer(destination));
    }
    for (int i = 19; i >= 0; i--) producers.get(i).send(session.createTextMessage("" + i));
    for (int i = 0; i < 20; i++) expect(consumers.get(i), "" + i);
  }

  @Test @DisplayName("temporary destinations are unique, and live as long as their connection, not only as their session")
  void s4_4_3_temporary() throws JMSException {
    Session session = session(AUTO), later = session(AUTO);
    Set<String> names = new HashSet<>();
    for (int i = 0; i < 5; i++) {
      assertTrue(names.add(session.createTemporaryQueue().getQueueName()));
      assertTrue(names.add(session.createTemporaryTopic().getTopicName()));
    }
    TemporaryQueue kept = session.createTemporaryQueue();
    session.close();
    MessageConsumer consumer = later.createConsumer(kept);
    send(later, kept, "1");
    expect(consumer, "1");
  }

  @Test @DisplayName("a destination by its name; the name that it tells makes it again")
  void s4_4_4_byName() throws JMSException {
    Session session = session(AUTO);
    Queue queue = queue(session);
    Topic topic = topic(session);
    assertEquals(queue, session.createQueue(queue.getQueueName()));
    assertEquals(topic, session.createTopic(topic.getTopicName()));
    assertFalse(queue.toString().isEmpty());
  }

  // ---- 4.4.7 transactions

  @Test @DisplayName("what is sent is there with the commit, all at once; after a rollback nothing of it is")
  void s4_4_7_sends() throws JMSException {
    Session transacted = session(TRANSACTED), other = session(AUTO);
    MessageConsumer consumer = other.createConsumer(queue(other));
    send(transacted, queue(other), "rolled back");
    transacted.rollback();
    send(transacted, queue(other), "1", "2");
    nothing(consumer);
    transacted.commit();
    expect(consumer, "1", "2");
    send(transacted, queue(other), "3");
    transacted.commit();
    expect(consumer, "3");
  }

  @Test @DisplayName("what is received is gone with the commit; after a rollback it comes again, flagged and in order")
  void s4_4_7_receives() throws JMSException {
    Session transacted = session(TRANSACTED), other = session(AUTO);
    send(other, queue(other), "1", "2", "3");
    MessageConsumer consumer = transacted.createConsumer(queue(other));
    expect(consumer, "1");
    transacted.commit();
    expect(consumer, "2", "3");
    transacted.rollback();
    for (String text : new String[] {"2", "3"}) {
      Message again = receive(consumer);
      assertEquals(text + " true", text(again) + " " + again.getJMSRedelivered());
    }
    transacted.commit();
    transacted.close();
    nothing(other.createConsumer(queue(other)));
  }

  @Test @DisplayName("sends and receives of one session are one unit, over queues and topics")
  void s4_4_7_oneUnit() throws JMSException {
    Session transacted = session(TRANSACTED), other = session(AUTO);
    MessageConsumer topicWatcher = other.createConsumer(topic(other)), queueWatcher = other.createConsumer(queue(other, "out"));
    send(other, queue(other, "in"), "in");
    MessageConsumer in = transacted.createConsumer(queue(other, "in"));
    for (boolean commits : new boolean[] {false, true}) {
      expect(in, "in");
      send(transacted, queue(other, "out"), "out " + commits);
      send(transacted, topic(other), "told " + commits);
      if (commits) transacted.commit();
      else transacted.rollback();
    }
    expect(queueWatcher, "out true");
    expect(topicWatcher, "told true");
    nothing(in);
  }

  @Test @DisplayName("commit and rollback belong to transacted sessions, recover to the others")
  void s4_4_7_wrongKindOfSession() throws JMSException {
    for (int mode : new int[] {AUTO, CLIENT, DUPS_OK}) {
      Session session = session(mode);
      assertThrows(javax.jms.IllegalStateException.class, session::commit);
      assertThrows(javax.jms.IllegalStateException.class, session::rollback);
    }
    assertThrows(javax.jms.IllegalStateException.class, session(TRANSACTED)::recover);
  }

  @Test @DisplayName("empty transactions may be committed and rolled back")
  void s4_4_7_empty() throws JMSException {
    Session transacted = session(TRANSACTED);
    transacted.commit();
    transacted.rollback();
    transacted.commit();
  }

  @Test @DisplayName("a listener commits what it does")
  void s4_4_7_inAListener() throws Exception {
    Session transacted = session(TRANSACTED), other = session(AUTO);
    AtomicInteger calls = new AtomicInteger();
    transacted.createConsumer(queue(other)).setMessageListener(message -> {
      try {
        send(transacted, queue(other, "out"), "by call " + calls.incrementAndGet());
        if (calls.get() == 1) transacted.rollback();
        else transacted.commit();
      } catch (JMSException thrown) { throw new RuntimeException(thrown); }
    });
    send(other, queue(other), "1");
    MessageConsumer out = other.createConsumer(queue(other, "out"));
    expect(out, "by call 2");
    nothing(out);
  }

  @Test @DisplayName("a transaction that was not committed when the broker went down is as if it had not been; one that was is whole")
  @ResourceLock(MortalBroker.LOCK)
  void s4_4_7_brokerGoesDown() throws Exception {
    ActiveMQConnection connection = connectTo(MortalBroker.url());
    connection.start();
    Session transacted = session(connection, TRANSACTED);
    send(transacted, queue(transacted), "1", "2");
    transacted.commit();
    send(transacted, queue(transacted), "open");
    expect(transacted.createConsumer(queue(transacted)), "1");
    MortalBroker.killAndStart();
    assertThrows(JMSException.class, transacted::commit);
    ActiveMQConnection next = connectTo(MortalBroker.url());
    next.start();
    Session again = session(next, AUTO);
    MessageConsumer consumer = again.createConsumer(queue(again));
    expect(consumer, "1", "2");
    nothing(consumer);
  }

  // ---- 4.4.9 and 4.4.10 several sessions, and order

  @Test @DisplayName("transactions of two sessions of one connection know nothing of each other")
  void s4_4_9_twoTransactions() throws JMSException {
    Session one = session(TRANSACTED), two = session(TRANSACTED), other = session(AUTO);
    send(one, queue(other), "one");
    send(two, queue(other), "two");
    one.rollback();
    two.commit();
    MessageConsumer consumer = other.createConsumer(queue(other));
    expect(consumer, "two");
    nothing(consumer);
  }

  @Test @DisplayName("what one session sends to one destination is received in that order")
  void s4_4_10_1_order() throws JMSException {
    Session session = session(AUTO), receiver = session(AUTO);
    String[] texts = numbers(500);
    MessageConsumer a = receiver.createConsumer(queue(session)), b = receiver.createConsumer(topic(session));
    MessageProducer toA = session.createProducer(queue(session)), toB = session.createProducer(topic(session)), alsoToA = session.createProducer(queue(session));
    for (MessageProducer producer : new MessageProducer[] {toA, toB, alsoToA}) producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
    for (int i = 0; i < texts.length; i++) {
      (i % 3 == 0 ? alsoToA : toA).send(session.createTextMessage(texts[i]));
      toB.send(session.createTextMessage(texts[i]));
    }
    expect(b, texts);
    expect(a, texts);
  }

  @Test @DisplayName("rollback and recovery do not change the order")
  void s4_4_10_1_orderOfWhatComesAgain() throws JMSException {
    for (int mode : new int[] {TRANSACTED, CLIENT}) {
      Session session = session(mode), sender = session(AUTO);
      Queue queue = queue(session, "" + mode);
      send(sender, queue, numbers(30));
      MessageConsumer consumer = session.createConsumer(queue);
      for (int i = 0; i < 10; i++) expect(consumer, "" + i);
      if (mode == TRANSACTED) session.rollback();
      else session.recover();
      expect(consumer, numbers(30));
      if (mode == TRANSACTED) session.commit();
    }
  }

  @Test @DisplayName("the order of sends in a transaction is that of their receipt, after its commit")
  void s4_4_10_2_orderInTransactions() throws JMSException {
    Session transacted = session(TRANSACTED), other = session(AUTO);
    MessageConsumer consumer = other.createConsumer(queue(other));
    for (int i = 0; i < 30; i++) {
      send(transacted, queue(other), "" + i);
      if (i % 7 == 6) transacted.commit();
    }
    transacted.commit();
    expect(consumer, numbers(30));
  }

  // ---- 4.4.11 acknowledgement

  /** What of the texts another consumer gets when this connection goes. */
  private String left(ActiveMQConnection gone, Queue queue) throws JMSException {
    gone.close();
    MessageConsumer consumer = session(AUTO).createConsumer(queue);
    StringBuilder texts = new StringBuilder();
    for (Message message; (message = consumer.receive(QUIET_MS)) != null; ) texts.append(text(message)).append(message.getJMSRedelivered() ? "!" : "");
    return texts.toString();
  }

  @Test @DisplayName("AUTO: acknowledged when receive() has returned")
  void s4_4_11_auto() throws JMSException {
    ActiveMQConnection connection = started();
    Session session = session(connection, AUTO);
    send(session, queue(session), "1", "2", "3");
    MessageConsumer consumer = session.createConsumer(queue(session));
    expect(consumer, "1", "2");
    session.recover();
    assertEquals("3", left(connection, queue(session)));
  }

  @Test @DisplayName("AUTO: acknowledged when the listener has returned")
  void s4_4_11_autoWithListener() throws Exception {
    ActiveMQConnection connection = started();
    Session session = session(connection, AUTO);
    BlockingQueue<Message> got = listen(session.createConsumer(queue(session)));
    Session sender = session(AUTO);
    send(sender, queue(sender), "1", "2");
    take(got);
    take(got);
    assertEquals("", left(connection, queue(sender)));
  }

  @Test @DisplayName("DUPS_OK: acknowledged at leisure, at the latest when the session closes in peace")
  void s4_4_11_dupsOk() throws JMSException {
    ActiveMQConnection connection = started();
    Session session = session(connection, DUPS_OK);
    send(session, queue(session), "1", "2");
    MessageConsumer consumer = session.createConsumer(queue(session));
    expect(consumer, "1", "2");
    assertEquals("", left(connection, queue(session)));
  }

  @Test @DisplayName("CLIENT: one message acknowledges all that its session has got, of every consumer")
  @DiffersInActiveMq(value = "it does not tell its broker which message it has handed out last", side = DiffersInActiveMq.Side.IN_CLIENT, versions = {"5.8", "5.11"})
  void s4_4_11_client() throws JMSException {
    ActiveMQConnection connection = started();
    Session session = session(connection, CLIENT);
    send(session, queue(session, "other"), "4");
    send(session, queue(session), "1", "2", "3");
    MessageConsumer consumer = session.createConsumer(queue(session)), other = session.createConsumer(queue(session, "other"));
    Message first = receive(consumer);
    expect(consumer, "2");
    expect(other, "4");
    first.acknowledge();
    expect(consumer, "3");
    Queue rest = queue(session), others = queue(session, "other");
    assertEquals("3!", left(connection, rest));
    nothing(session(AUTO).createConsumer(others));
  }

  @Test @DisplayName("CLIENT: with a listener as well; what it does not acknowledge comes again when it is gone")
  @DiffersInActiveMq(value = "it does not tell its broker which message it has handed out last", side = DiffersInActiveMq.Side.IN_CLIENT, versions = {"5.8", "5.11"})
  void s4_4_11_clientWithListener() throws Exception {
    ActiveMQConnection connection = started();
    Session session = session(connection, CLIENT), sender = session(AUTO);
    BlockingQueue<Message> got = new LinkedBlockingQueue<>();
    session.createConsumer(queue(session)).setMessageListener(message -> {
      try { if (text(message).equals("2")) message.acknowledge(); } catch (JMSException thrown) { throw new RuntimeException(thrown); }
      got.add(message);
    });
    send(sender, queue(sender), "1", "2", "3");
    for (int i = 0; i < 3; i++) take(got);
    assertEquals("3!", left(connection, queue(sender)));
  }

  @Test @DisplayName("recover(): all that was not acknowledged comes again, flagged, before anything new")
  void s4_4_11_recover() throws JMSException {
    Session session = session(CLIENT);
    send(session, queue(session), "1", "2", "3", "4");
    MessageConsumer consumer = session.createConsumer(queue(session));
    receive(consumer).acknowledge();
    expect(consumer, "2", "3");
    session.recover();
    StringBuilder got = new StringBuilder();
    for (int i = 0; i < 3; i++) {
      Message message = receive(consumer);
      got.append(text(message)).append(message.getJMSRedelivered() ? "!" : "");
      if (i == 2) message.acknowledge();
    }
    assertEquals("2!3!4", got.toString());
    session.recover();
    nothing(consumer);
  }

  @Test @DisplayName("acknowledging what is acknowledged does nothing")
  @DiffersInActiveMq(value = "it does not tell its broker which message it has handed out last", side = DiffersInActiveMq.Side.IN_CLIENT, versions = {"5.8", "5.11"})
  void s4_4_11_twice() throws JMSException {
    ActiveMQConnection connection = started();
    Session session = session(connection, CLIENT);
    send(session, queue(session), "1", "2");
    MessageConsumer consumer = session.createConsumer(queue(session));
    Message first = receive(consumer);
    first.acknowledge();
    first.acknowledge();
    expect(consumer, "2");
    assertEquals("2!", left(connection, queue(session)));
  }

  // ---- 4.4.12 and 4.4.13 duplicates

  @Test @DisplayName("nothing is delivered twice but what says so")
  void s4_4_12_duplicates() throws JMSException {
    Session sender = session(AUTO);
    send(sender, queue(sender), numbers(60));
    Set<String> ids = new HashSet<>();
    for (int client = 0; ids.size() < 60; client++) {
      assertTrue(client < 20, "no end of it: " + ids.size());
      ActiveMQConnection connection = started();
      MessageConsumer consumer = session(connection, AUTO).createConsumer(queue(sender));
      for (int i = 0; i < 7 && ids.size() < 60; i++) assertTrue(ids.add(receive(consumer).getJMSMessageID()));
      connection.close();
    }
    nothing(sender.createConsumer(queue(sender)));
  }

  // ---- 4.4.14 and 4.4.15 threads

  @Test @DisplayName("the listeners of one session are called one after the other")
  void s4_4_14_serial() throws Exception {
    Session session = session(AUTO), sender = session(AUTO);
    AtomicInteger inside = new AtomicInteger(), most = new AtomicInteger();
    CountDownLatch all = new CountDownLatch(60);
    for (int i = 0; i < 3; i++)
      session.createConsumer(topic(session, "" + i)).setMessageListener(message -> {
        most.accumulateAndGet(inside.incrementAndGet(), Math::max);
        Thread.yield();
        inside.decrementAndGet();
        all.countDown();
      });
    for (int i = 0; i < 60; i++) send(sender, topic(sender, "" + i % 3), "" + i);
    await(all);
    assertEquals(1, most.get());
  }

  @Test @DisplayName("the listeners of two sessions are called at the same time")
  void s4_4_15_concurrent() throws Exception {
    CountDownLatch both = new CountDownLatch(2), met = new CountDownLatch(2);
    Session sender = session(AUTO);
    for (int i = 0; i < 2; i++) {
      Session session = session(AUTO);
      session.createConsumer(topic(session)).setMessageListener(message -> {
        both.countDown();
        try { await(both); } catch (InterruptedException ended) { return; }
        met.countDown();
      });
    }
    send(sender, topic(sender), "1");
    await(met);
  }
}
