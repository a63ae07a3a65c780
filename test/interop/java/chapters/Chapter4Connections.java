// JMS 1.1, chapter 4, sections 4.2 and 4.3: connections. Their client id, that they begin stopped, pause, close, and tell of failures.
import static org.junit.jupiter.api.Assertions.*;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

class Chapter4Connections extends JmsTest {
  @Test @DisplayName("a destination is known by its name: two objects of one name are equal, of one kind")
  void s4_2_1_destinations() throws JMSException {
    Session session = session(AUTO);
    assertEquals(session.createQueue(name), session.createQueue(name));
    assertNotEquals((Destination) session.createQueue(name), session.createTopic(name));
    Set<Destination> all = new HashSet<>(List.of(session.createQueue(name), session.createTopic(name), session.createQueue(name + ".2")));
    assertTrue(all.contains(session(started(), AUTO).createTopic(name)));
  }

  @Test @DisplayName("a client id is set before anything else is done with the connection")
  void s4_3_2_clientId() throws JMSException {
    ActiveMQConnection connection = connect();
    connection.setClientID(name);
    assertEquals(name, connection.getClientID());
    assertThrows(javax.jms.IllegalStateException.class, () -> connection.setClientID(name + ".2"));
    ActiveMQConnection used = connect();
    used.createSession(false, AUTO);
    assertThrows(javax.jms.IllegalStateException.class, () -> used.setClientID(name + ".3"));
  }

  @Test @DisplayName("a client id that was configured can not be replaced")
  @DiffersInActiveMq(value = "it is replaced", side = DiffersInActiveMq.Side.IN_CLIENT)
  void s4_3_2_configuredClientId() throws JMSException {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(url());
    factory.setClientID(name);
    Connection connection = kept((ActiveMQConnection) factory.createConnection());
    assertThrows(javax.jms.IllegalStateException.class, () -> connection.setClientID(name + ".2"));
    assertEquals(name, connection.getClientID());
  }

  @Test @DisplayName("a client id is used by one connection at a time, and free again when that is closed")
  void s4_3_2_clientIdInUse() throws JMSException {
    ActiveMQConnection first = client("x");
    assertThrows(InvalidClientIDException.class, () -> client("x"));
    first.close();
    client("x");
  }

  @Test @DisplayName("a connection begins stopped: it sends, but receives only from its start on")
  void s4_3_3_setup() throws JMSException {
    ActiveMQConnection connection = connect();
    Session session = session(connection, AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    send(session, queue(session), "1");
    nothing(consumer);
    assertNull(consumer.receiveNoWait());
    connection.start();
    expect(consumer, "1");
  }

  @Test @DisplayName("a stopped connection hands out nothing, neither to receive() nor to listeners; started again it goes on")
  void s4_3_4_pausing() throws Exception {
    Session sender = session(started(), AUTO), session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    BlockingQueue<Message> heard = listen(session(AUTO).createConsumer(topic(session)));
    connection().stop();
    send(sender, queue(sender), "1", "2");
    send(sender, topic(sender), "t");
    assertNull(heard.poll(QUIET_MS, TimeUnit.MILLISECONDS));
    MessageConsumer synchronous = session(AUTO).createConsumer(queue(session, "other"));
    nothing(synchronous);
    connection().start();
    assertEquals("t", text(take(heard)));
    expect(consumer, "1", "2");
  }

  @Test @DisplayName("start and stop may be called again; sending goes on while stopped")
  void s4_3_4_again() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    connection().stop();
    connection().stop();
    send(session, queue(session), "1");
    connection().start();
    connection().start();
    expect(consumer, "1");
  }

  @Test @DisplayName("stop() returns when no listener runs any more")
  void s4_3_4_stopWaitsForListeners() throws Exception {
    Session session = session(AUTO);
    CountDownLatch inside = new CountDownLatch(1), goOn = new CountDownLatch(1);
    AtomicBoolean done = new AtomicBoolean();
    session.createConsumer(queue(session)).setMessageListener(message -> {
      inside.countDown();
      try { goOn.await(); } catch (InterruptedException ended) { return; }
      done.set(true);
    });
    Session sender = session(started(), AUTO);
    send(sender, queue(sender), "1");
    await(inside);
    Background stop = inBackground(() -> {
      connection().stop();
      assertTrue(done.get(), "stop() returned while the listener ran");
    });
    stop.waits();
    goOn.countDown();
    stop.finished();
  }

  @Test @DisplayName("receive() with a time limit ends by it while the connection is stopped, and one without waits for the start")
  void s4_3_4_receiveWhileStopped() throws Exception {
    ActiveMQConnection connection = connect();
    Session session = session(connection, AUTO);
    send(session, queue(session), "1");
    MessageConsumer consumer = session.createConsumer(queue(session));
    Background waiting = inBackground(() -> assertEquals("1", text(consumer.receive())));
    waiting.waits();
    connection.start();
    waiting.finished();
  }

  @Test @DisplayName("with a connection its sessions, consumers and producers are closed, and all they can do is closing again")
  void s4_3_5_closing() throws JMSException {
    ActiveMQConnection connection = started();
    Session session = session(connection, AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    MessageProducer producer = session.createProducer(queue(session));
    Message message = session.createMessage();
    connection.close();
    List<Action> all = List.of(
      connection::start, connection::stop, connection::getClientID, connection::getMetaData, () -> connection.createSession(false, AUTO), () -> connection.setClientID("late"),
      connection::getExceptionListener, session::createMessage, session::getTransacted, session::recover, () -> session.createConsumer(queue(session)), () -> session.createQueue("x"),
      () -> consumer.receive(10), consumer::receiveNoWait, consumer::getMessageSelector, consumer::getMessageListener, () -> producer.send(message), producer::getPriority, producer::getDestination);
    for (Action action : all) assertThrows(javax.jms.IllegalStateException.class, action::run, "number " + all.indexOf(action));
    producer.close();
    consumer.close();
    session.close();
    connection.close();
  }

  @Test @DisplayName("closing rolls back what is not committed, and what was not acknowledged comes again")
  void s4_3_5_unfinishedWork() throws JMSException { redeliveredAfterClose(); }

  @Test @DisplayName("what comes again after a close is flagged, of each session")
  @DiffersInActiveMq(value = "it tells its broker of one message that it has handed out, the latest of all its sessions", side = DiffersInActiveMq.Side.IN_CLIENT)
  void s4_3_5_flagged() throws JMSException {
    for (Message again : redeliveredAfterClose()) assertTrue(again.getJMSRedelivered(), text(again));
  }

  private List<Message> redeliveredAfterClose() throws JMSException {
    ActiveMQConnection connection = started();
    Session transacted = session(connection, TRANSACTED), client = session(connection, CLIENT), other = session(AUTO);
    send(other, queue(other), "in the transaction");
    send(other, queue(other, "client"), "not acknowledged");
    expect(transacted.createConsumer(queue(other)), "in the transaction");
    send(transacted, queue(other, "sent"), "never");
    expect(client.createConsumer(queue(other, "client")), "not acknowledged");
    connection.close();
    Message first = receive(other.createConsumer(queue(other))), second = receive(other.createConsumer(queue(other, "client")));
    assertEquals("in the transaction, not acknowledged", text(first) + ", " + text(second));
    nothing(other.createConsumer(queue(other, "sent")));
    return List.of(first, second);
  }

  @Test @DisplayName("a receive() that waits ends with null when its connection is closed")
  void s4_3_5_waitingReceive() throws Exception {
    ActiveMQConnection connection = started();
    Session session = session(connection, AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    Background waiting = inBackground(() -> assertNull(consumer.receive()));
    waiting.waits();
    connection.close();
    waiting.finished();
  }

  @Test @DisplayName("close() returns when no listener runs any more; till then the listener can work with its session")
  void s4_3_5_closeWaitsForListeners() throws Exception {
    ActiveMQConnection connection = started();
    Session session = session(connection, AUTO), watcher = session(AUTO);
    CountDownLatch inside = new CountDownLatch(1), goOn = new CountDownLatch(1);
    AtomicBoolean done = new AtomicBoolean();
    session.createConsumer(queue(session)).setMessageListener(message -> {
      inside.countDown();
      try {
        goOn.await();
        send(session, queue(session, "answer"), "answer");
      } catch (InterruptedException | JMSException ended) { return; }
      done.set(true);
    });
    send(watcher, queue(watcher), "1");
    await(inside);
    Background close = inBackground(() -> {
      connection.close();
      assertTrue(done.get(), "close() returned while the listener ran, or the listener could not send");
    });
    close.waits();
    goOn.countDown();
    close.finished();
    expect(watcher.createConsumer(queue(watcher, "answer")), "answer");
  }

  @Test @DisplayName("what was received can be read after the close, but not acknowledged")
  void s4_3_5_messageOfAClosedConnection() throws JMSException {
    ActiveMQConnection connection = started();
    Session session = session(connection, CLIENT);
    send(session, queue(session), "1");
    Message message = receive(session.createConsumer(queue(session)));
    connection.close();
    assertEquals("1", text(message));
    assertThrows(javax.jms.IllegalStateException.class, message::acknowledge);
  }

  @Test @DisplayName("temporary destinations go with their connection")
  void s4_3_5_temporaryDestinations() throws JMSException {
    ActiveMQConnection connection = started();
    Destination temporary = session(connection, AUTO).createTemporaryQueue();
    Session other = session(AUTO);
    sendSoon(other, temporary, "while it is there");
    connection.close();
    assertThrows(JMSException.class, () -> { for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10); System.nanoTime() < end; ) send(other, temporary, "too late"); });
  }

  @Test @DisplayName("a connection has any number of sessions, each with a mode of its own")
  void s4_3_6_sessions() throws JMSException {
    for (int mode : new int[] {AUTO, CLIENT, DUPS_OK, TRANSACTED}) {
      Session session = session(mode);
      assertEquals(mode == TRANSACTED, session.getTransacted());
      assertEquals(mode, session.getAcknowledgeMode());
    }
  }

  @Test @DisplayName("the meta data name the version of JMS, and the provider with its version")
  void s4_3_7_metaData() throws JMSException {
    ConnectionMetaData data = connection().getMetaData();
    assertEquals(data.getJMSMajorVersion() + "." + data.getJMSMinorVersion(), data.getJMSVersion());
    assertTrue(data.getJMSMajorVersion() >= 1);
    assertFalse(data.getJMSProviderName().isEmpty());
    assertTrue(data.getProviderVersion().startsWith(data.getProviderMajorVersion() + "." + data.getProviderMinorVersion()) || data.getProviderMajorVersion() == 0);
  }

  @Test @DisplayName("a connection that fails tells its exception listener, and each waiting receive() ends")
  @ResourceLock(MortalBroker.LOCK)
  void s4_3_8_exceptionListener() throws Exception {
    ActiveMQConnection connection = connectTo(MortalBroker.url());
    BlockingQueue<JMSException> told = new LinkedBlockingQueue<>();
    connection.setExceptionListener(told::add);
    assertNotNull(connection.getExceptionListener());
    connection.start();
    Session session = session(connection, AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    Background waiting = inBackground(() -> { try { assertNull(consumer.receive()); } catch (JMSException alsoAllowed) { } });
    waiting.waits();
    MortalBroker.killAndStart();
    assertNotNull(told.poll(RECEIVE_MS, TimeUnit.MILLISECONDS), "the listener was told nothing");
    waiting.finished();
    assertThrows(JMSException.class, () -> send(session, queue(session), "1"));
  }

  @Test @DisplayName("an exception that a caller gets is not told to the listener as well")
  void s4_3_8_callersExceptions() throws Exception {
    BlockingQueue<JMSException> told = new LinkedBlockingQueue<>();
    connection().setExceptionListener(told::add);
    Session session = session(AUTO);
    assertThrows(InvalidSelectorException.class, () -> session.createConsumer(queue(session), "a ="));
    assertThrows(InvalidDestinationException.class, () -> session.unsubscribe("nobody"));
    assertNull(told.poll(QUIET_MS, TimeUnit.MILLISECONDS));
  }
}
