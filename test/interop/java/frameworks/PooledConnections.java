// pooled-jms as applications use it: connections and sessions that are given back and used again, and a broker that goes down.
import static org.junit.jupiter.api.Assertions.*;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.messaginghub.pooled.jms.JmsPoolConnection;
import org.messaginghub.pooled.jms.JmsPoolConnectionFactory;
import org.messaginghub.pooled.jms.JmsPoolSession;

class PooledConnections extends JmsTest {
  private final List<JmsPoolConnectionFactory> pools = new ArrayList<>();

  @AfterEach void stopPools() { for (JmsPoolConnectionFactory pool : pools) pool.stop(); }

  private JmsPoolConnectionFactory pool(String url) {
    JmsPoolConnectionFactory pool = new JmsPoolConnectionFactory();
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(url);
    factory.getRedeliveryPolicy().setInitialRedeliveryDelay(10);
    pool.setConnectionFactory(factory);
    pools.add(pool);
    return pool;
  }

  @Test @DisplayName("a connection that is closed is the next one that is made")
  void connectionsAreUsedAgain() throws JMSException {
    JmsPoolConnectionFactory pool = pool(url());
    Set<Connection> real = new HashSet<>();
    for (int i = 0; i < 10; i++) {
      Connection connection = pool.createConnection();
      real.add(((JmsPoolConnection) connection).getConnection());
      connection.start();
      Session session = session(connection, AUTO);
      send(session, queue(session), "" + i);
      expect(session.createConsumer(queue(session)), "" + i);
      connection.close();
    }
    assertEquals(1, real.size());
    assertEquals(1, pool.getNumConnections());
  }

  @Test @DisplayName("up to maxConnections, in turn")
  void severalConnections() throws JMSException {
    JmsPoolConnectionFactory pool = pool(url());
    pool.setMaxConnections(3);
    Set<Connection> real = new HashSet<>();
    for (int i = 0; i < 9; i++) real.add(((JmsPoolConnection) pool.createConnection()).getConnection());
    assertEquals(3, real.size());
  }

  @Test @DisplayName("a session that is closed is used again, without its consumers and without its transaction")
  void sessionsAreUsedAgain() throws JMSException {
    JmsPoolConnectionFactory pool = pool(url());
    pool.setUseAnonymousProducers(true);
    Connection connection = pool.createConnection();
    connection.start();
    Session other = session(AUTO);
    send(other, queue(other), "1");
    Set<Session> real = new HashSet<>();
    for (int round = 0; round < 5; round++) {
      Session session = session(connection, TRANSACTED);
      real.add(((JmsPoolSession) session).getInternalSession());
      send(session, queue(session, "sent"), "never");
      expect(session.createConsumer(queue(session)), "1");
      session.close();
    }
    assertEquals(1, real.size());
    expect(other.createConsumer(queue(other)), "1");
    nothing(other.createConsumer(queue(other, "sent")));
  }

  @Test @DisplayName("temporary destinations of a pooled connection go when it is given back")
  void temporaryDestinations() throws Exception {
    JmsPoolConnectionFactory pool = pool(url());
    Connection connection = pool.createConnection();
    TemporaryQueue temporary = session(connection, AUTO).createTemporaryQueue();
    Session other = session(AUTO);
    sendSoon(other, temporary, "1");
    connection.close();
    assertThrows(JMSException.class, () -> { for (long end = System.nanoTime() + 10_000_000_000L; System.nanoTime() < end; ) send(other, temporary, "2"); });
  }

  @Test @DisplayName("after the broker went down and came back, the pool makes connections anew")
  @ResourceLock(MortalBroker.LOCK)
  void brokerGoesDown() throws Exception {
    JmsPoolConnectionFactory pool = pool(MortalBroker.url());
    Connection before = pool.createConnection();
    before.start();
    Session session = session(before, TRANSACTED);
    send(session, queue(session), "1");
    session.commit();
    MortalBroker.killAndStart();
    assertThrows(JMSException.class, () -> { send(session, queue(session), "2"); session.commit(); });
    try { before.close(); } catch (JMSException alreadyGone) { }
    Connection after = pool.createConnection();
    assertNotSame(before, after);
    after.start();
    Session again = session(after, AUTO);
    MessageConsumer consumer = again.createConsumer(queue(again));
    expect(consumer, "1");
    send(again, queue(again), "3");
    expect(consumer, "3");
    after.close();
  }

  @Test @DisplayName("with failover below the pool nobody notices")
  @ResourceLock(MortalBroker.LOCK)
  void failover() throws Exception {
    JmsPoolConnectionFactory pool = pool("failover:(" + MortalBroker.url() + ")?initialReconnectDelay=20&maxReconnectDelay=100");
    for (String text : new String[] {"before", "after"}) {
      Connection connection = pool.createConnection();
      connection.start();
      Session session = session(connection, TRANSACTED);
      send(session, queue(session), text);
      session.commit();
      expect(session.createConsumer(queue(session)), text);
      session.commit();
      connection.close();
      if (text.equals("before")) MortalBroker.killAndStart();
    }
  }
}
