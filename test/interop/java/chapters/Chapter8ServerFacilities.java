// JMS 1.1, chapter 8: what application servers use. Connection consumers, which hand messages to the sessions of a pool. (Distributed
// transactions, 8.3 on, are not built.)
import static org.junit.jupiter.api.Assertions.*;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class Chapter8ServerFacilities extends JmsTest {
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach void endThreads() { threads.shutdownNow(); }

  interface Listener { void onMessage(Session session, Message message) throws Exception; }

  /** As an application server has one: so many sessions, each run by a thread for the messages that it was given. */
  private final class Pool implements ServerSessionPool {
    private final BlockingQueue<Session> idle = new LinkedBlockingQueue<>();

    private final int size;

    Pool(Connection connection, int size, int mode, Listener listener) throws JMSException {
      this.size = size;
      for (int i = 0; i < size; i++) {
        Session session = session(connection, mode);
        session.setMessageListener(message -> { try { listener.onMessage(session, message); } catch (Exception thrown) { throw new RuntimeException(thrown); } });
        idle.add(session);
      }
    }

    /** What its sessions were given is acknowledged. */
    boolean isAtRest() { return idle.size() == size; }

    @Override
    public ServerSession getServerSession() throws JMSException {
      Session session;
      try { session = idle.take(); } catch (InterruptedException ended) { throw new JMSException("interrupted"); }
      return new ServerSession() {
        @Override public Session getSession() { return session; }

        @Override public void start() { threads.execute(() -> { session.run(); idle.add(session); }); }
      };
    }
  }

  @Test @DisplayName("a connection consumer of a queue hands each message to a session of the pool")
  void s8_2_4_queue() throws Exception {
    BlockingQueue<Message> got = new LinkedBlockingQueue<>();
    Session sender = session(AUTO);
    Pool pool = new Pool(connection(), 3, AUTO, (session, message) -> got.add(message));
    ConnectionConsumer consumer = connection().createConnectionConsumer(queue(sender), null, pool, 10);
    assertNotNull(consumer.getServerSessionPool());
    send(sender, queue(sender), numbers(50));
    Set<String> texts = new HashSet<>();
    for (int i = 0; i < 50; i++) assertTrue(texts.add(text(take(got))));
    until(pool::isAtRest);
    consumer.close();
    send(sender, queue(sender), "after the close");
    expect(sender.createConsumer(queue(sender)), "after the close");
  }

  @Test @DisplayName("messages are worked on by as many sessions at a time as the pool has")
  void s8_2_7_concurrent() throws Exception {
    CountDownLatch together = new CountDownLatch(3), done = new CountDownLatch(3);
    Pool pool = new Pool(connection(), 3, AUTO, (session, message) -> {
      together.countDown();
      await(together);
      done.countDown();
    });
    Session sender = session(AUTO);
    connection().createConnectionConsumer(queue(sender), null, pool, 10);
    send(sender, queue(sender), "1", "2", "3");
    await(done);
  }

  @Test @DisplayName("of a topic, with a selector")
  void s8_2_4_topic() throws Exception {
    BlockingQueue<Message> got = new LinkedBlockingQueue<>();
    Session sender = session(AUTO);
    TopicConnection connection = started();
    connection.createConnectionConsumer(topic(sender), "n > 1", new Pool(connection, 1, AUTO, (session, message) -> got.add(message)), 5);
    for (int n = 0; n < 4; n++) {
      Message message = sender.createTextMessage("" + n);
      message.setIntProperty("n", n);
      sender.createProducer(topic(sender)).send(message);
    }
    for (String text : new String[] {"2", "3"}) assertEquals(text, text(take(got)));
  }

  @Test @DisplayName("of a durable subscription: what came while it was away comes")
  void s8_2_4_durable() throws Exception {
    BlockingQueue<Message> got = new LinkedBlockingQueue<>();
    Session sender = session(AUTO);
    for (int round = 0; round < 2; round++) {
      ActiveMQConnection connection = client("server");
      Pool pool = new Pool(connection, 1, AUTO, (session, message) -> got.add(message));
      connection.createDurableConnectionConsumer(topic(sender), "subscription", null, pool, 5);
      if (round == 1) assertEquals("missed", text(take(got)));
      send(sender, topic(sender), "round " + round);
      assertEquals("round " + round, text(take(got)));
      until(pool::isAtRest);
      connection.close();
      send(sender, topic(sender), "missed");
    }
  }

  @Test @DisplayName("transacted sessions of the pool commit or roll back what they got, with what they send")
  void s8_2_7_transacted() throws Exception {
    Session sender = session(AUTO);
    AtomicInteger calls = new AtomicInteger();
    Pool pool = new Pool(connection(), 1, TRANSACTED, (session, message) -> {
      send(session, queue(session, "out"), text(message) + " by call " + calls.incrementAndGet());
      if (calls.get() == 1) session.rollback();
      else session.commit();
    });
    connection().createConnectionConsumer(queue(sender), null, pool, 1);
    send(sender, queue(sender), "1");
    MessageConsumer out = sender.createConsumer(queue(sender, "out"));
    expect(out, "1 by call 2");
    nothing(out);
  }

  @Test @DisplayName("a queue connection has no durable connection consumer")
  void s8_2_4_queueConnection() throws JMSException {
    assertThrows(javax.jms.IllegalStateException.class, () -> {
      QueueConnection connection = kept((ActiveMQConnection) new org.apache.activemq.ActiveMQConnectionFactory(url()).createQueueConnection());
      connection.createDurableConnectionConsumer(session(AUTO).createTopic(name), "s", null, null, 1);
    });
  }
}
