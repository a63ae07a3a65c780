// What the tests of the chapters share: connections that are closed after the test, destinations of its own, and the ways to send
// and to wait. Written against JMS 1.1 (javax.jms; the build replaces that prefix for clients that have jakarta.jms) and the client of 5.8.
//
// System properties: broker.url, with the options of the encoding; broker.kind, "activemq" or "ours".
import static org.junit.jupiter.api.Assertions.*;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(DifferenceJudge.class)
abstract class JmsTest {
  static final long RECEIVE_MS = 15_000;
  /** How long "nothing comes" is believed. */
  static final long QUIET_MS = 300;
  static final int AUTO = Session.AUTO_ACKNOWLEDGE, CLIENT = Session.CLIENT_ACKNOWLEDGE, DUPS_OK = Session.DUPS_OK_ACKNOWLEDGE, TRANSACTED = Session.SESSION_TRANSACTED;
  private static final String RUN = Long.toString(System.nanoTime(), 36);

  private final List<Connection> connections = Collections.synchronizedList(new ArrayList<>());
  private ActiveMQConnection own;
  /** Of the test, the same in no other run. */
  String name;

  interface Action { void run() throws Exception; }

  @BeforeEach
  void named(TestInfo info) { name = "CHAPTERS." + RUN + "." + info.getTestClass().get().getSimpleName() + "." + info.getTestMethod().get().getName(); }

  @AfterEach
  void closeConnections() {
    for (Connection connection : connections) try { connection.close(); } catch (JMSException alreadyGone) { }
  }

  // ---- connections and sessions

  static String url(String... options) { return with(System.getProperty("broker.url"), options); }

  static String with(String url, String... options) {
    StringBuilder made = new StringBuilder(url);
    for (String option : options) made.append(made.indexOf("?") < 0 ? '?' : '&').append(option);
    return made.toString();
  }

  /** Not started. */
  ActiveMQConnection connect(String... options) throws JMSException { return connectTo(url(options)); }

  ActiveMQConnection connectTo(String url) throws JMSException {
    return kept((ActiveMQConnection) new ActiveMQConnectionFactory(url).createConnection());
  }

  /** Closed after the test, and without a pause before a message is delivered again. */
  <C extends Connection> C kept(C connection) throws JMSException {
    connections.add(connection);
    ((ActiveMQConnection) connection).getRedeliveryPolicy().setInitialRedeliveryDelay(10);
    ((ActiveMQConnection) connection).getRedeliveryPolicy().setRedeliveryDelay(10);
    return connection;
  }

  ActiveMQConnection started(String... options) throws JMSException {
    ActiveMQConnection connection = connect(options);
    connection.start();
    return connection;
  }

  /** A client with this id, as it comes back time and again. */
  ActiveMQConnection client(String id) throws JMSException {
    ActiveMQConnection connection = connect();
    connection.setClientID(name + "." + id);
    connection.start();
    return connection;
  }

  /** The connection of most tests: made when it is first asked for, and started. */
  ActiveMQConnection connection() throws JMSException {
    if (own == null) own = started();
    return own;
  }

  Session session(int mode) throws JMSException { return session(connection(), mode); }

  static Session session(Connection connection, int mode) throws JMSException { return connection.createSession(mode == TRANSACTED, mode); }

  // ---- destinations

  Queue queue(Session session) throws JMSException { return session.createQueue(name); }

  Queue queue(Session session, String more) throws JMSException { return session.createQueue(name + "." + more); }

  Topic topic(Session session) throws JMSException { return session.createTopic(name); }

  Topic topic(Session session, String more) throws JMSException { return session.createTopic(name + "." + more); }

  // ---- messages

  static void send(Session session, Destination destination, String... texts) throws JMSException {
    MessageProducer producer = session.createProducer(destination);
    for (String text : texts) producer.send(session.createTextMessage(text));
    producer.close();
  }

  /** To a temporary destination of another connection, of which this one learns by an advisory. */
  static void sendSoon(Session session, Destination temporary, String text) throws JMSException {
    for (long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RECEIVE_MS); ; ) {
      try {
        send(session, temporary, text);
        return;
      } catch (InvalidDestinationException notTold) {
        if (System.nanoTime() > end) throw notTold;
      }
    }
  }

  static String[] numbers(int count) {
    String[] made = new String[count];
    for (int i = 0; i < count; i++) made[i] = String.valueOf(i);
    return made;
  }

  static Message receive(MessageConsumer consumer) throws JMSException {
    Message message = consumer.receive(RECEIVE_MS);
    assertNotNull(message, "no message came");
    return message;
  }

  static String text(Message message) throws JMSException { return message == null ? null : ((TextMessage) message).getText(); }

  static String receiveText(MessageConsumer consumer) throws JMSException { return text(receive(consumer)); }

  static void expect(MessageConsumer consumer, String... texts) throws JMSException {
    for (String text : texts) assertEquals(text, receiveText(consumer));
  }

  static void nothing(MessageConsumer consumer) throws JMSException { assertNull(text(consumer.receive(QUIET_MS)), "nothing was to come"); }

  /** What a listener got, in its order. */
  static BlockingQueue<Message> listen(MessageConsumer consumer) throws JMSException {
    BlockingQueue<Message> got = new LinkedBlockingQueue<>();
    consumer.setMessageListener(got::add);
    return got;
  }

  static Message take(BlockingQueue<Message> got) throws InterruptedException {
    Message message = got.poll(RECEIVE_MS, TimeUnit.MILLISECONDS);
    assertNotNull(message, "the listener got no message");
    return message;
  }

  static void await(CountDownLatch latch) throws InterruptedException { assertTrue(latch.await(RECEIVE_MS, TimeUnit.MILLISECONDS), "it did not happen in time"); }

  /** For what nobody tells of by itself. */
  static void until(BooleanSupplier happened) throws InterruptedException {
    for (long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RECEIVE_MS); !happened.getAsBoolean(); TimeUnit.MILLISECONDS.sleep(1))
      assertTrue(System.nanoTime() < end, "it did not happen in time");
  }

  /** On a thread of its own; what it throws is thrown by `finished`. */
  static Background inBackground(Action action) { return new Background(action); }

  static final class Background {
    private final Thread thread;
    private volatile Throwable failure;

    private Background(Action action) {
      thread = new Thread(() -> { try { action.run(); } catch (Throwable thrown) { failure = thrown; } });
      thread.setDaemon(true);
      thread.start();
    }

    void finished() throws InterruptedException {
      thread.join(RECEIVE_MS);
      assertFalse(thread.isAlive(), "it did not end in time");
      if (failure != null) fail(failure);
    }

    /** Waits until it has nothing to do but to wait. */
    void waits() throws InterruptedException {
      until(() -> !thread.isAlive() || thread.getState() == Thread.State.BLOCKED || thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING);
    }
  }
}
