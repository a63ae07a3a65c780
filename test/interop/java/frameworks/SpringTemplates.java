// Spring's JmsTemplate as applications use it: over the plain factory, over CachingConnectionFactory, and over the pool of pooled-jms.
import static org.junit.jupiter.api.Assertions.*;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.messaginghub.pooled.jms.JmsPoolConnectionFactory;
import org.springframework.jms.connection.CachingConnectionFactory;
import org.springframework.jms.connection.JmsTransactionManager;
import org.springframework.jms.connection.SingleConnectionFactory;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.transaction.support.TransactionTemplate;

class SpringTemplates extends JmsTest {
  private final List<Action> toClose = new ArrayList<>();

  @AfterEach void closeFactories() throws Exception { for (Action close : toClose) close.run(); }

  private ConnectionFactory plain() { return new ActiveMQConnectionFactory(url()); }

  private CachingConnectionFactory caching() {
    CachingConnectionFactory caching = new CachingConnectionFactory(plain());
    caching.setSessionCacheSize(5);
    toClose.add(caching::destroy);
    return caching;
  }

  private JmsPoolConnectionFactory pooled() {
    JmsPoolConnectionFactory pool = new JmsPoolConnectionFactory();
    pool.setConnectionFactory(plain());
    toClose.add(pool::stop);
    return pool;
  }

  private List<ConnectionFactory> factories() { return List.of(plain(), caching(), pooled()); }

  /** A queue for each: consumers that are cached take what comes later, too. */
  private String queueOf(ConnectionFactory factory) { return name + "." + factory.getClass().getSimpleName(); }

  private JmsTemplate template(ConnectionFactory factory) {
    JmsTemplate template = new JmsTemplate(factory);
    template.setReceiveTimeout(RECEIVE_MS);
    return template;
  }

  @Test @DisplayName("convertAndSend and receiveAndConvert: texts, bytes, maps and objects, one by one, over each factory")
  void converts() {
    for (ConnectionFactory factory : factories()) {
      JmsTemplate template = template(factory);
      for (int i = 0; i < 10; i++) {
        template.convertAndSend(queueOf(factory), "text " + i);
        assertEquals("text " + i, template.receiveAndConvert(queueOf(factory)));
      }
      template.convertAndSend(queueOf(factory), new byte[] {1, 2});
      assertArrayEquals(new byte[] {1, 2}, (byte[]) template.receiveAndConvert(queueOf(factory)));
      template.convertAndSend(queueOf(factory), Map.of("a", 1));
      assertEquals(Map.of("a", 1), template.receiveAndConvert(queueOf(factory)));
      template.convertAndSend(queueOf(factory), new ArrayList<>(List.of("x")));
      assertEquals(List.of("x"), template.receiveAndConvert(queueOf(factory)));
    }
  }

  @Test @DisplayName("headers by a post processor, quality of service, receiveSelected")
  void headers() throws Exception {
    for (ConnectionFactory factory : factories()) {
      JmsTemplate template = template(factory);
      template.setExplicitQosEnabled(true);
      template.setDeliveryPersistent(false);
      template.setPriority(7);
      template.setTimeToLive(60_000);
      for (int n = 0; n < 3; n++) {
        int number = n;
        template.convertAndSend(queueOf(factory), "text " + n, message -> { message.setIntProperty("n", number); return message; });
      }
      Message selected = template.receiveSelected(queueOf(factory), "n = 1");
      assertEquals("text 1 7 1", text(selected) + " " + selected.getJMSPriority() + " " + selected.getJMSDeliveryMode());
      assertTrue(selected.getJMSExpiration() > 0);
      assertEquals("text 2", template.receiveSelectedAndConvert(queueOf(factory), "n = 2"));
      assertEquals("text 0", template.receiveAndConvert(queueOf(factory)));
    }
  }

  @Test @DisplayName("sendAndReceive: a question, a temporary queue, an answer")
  void sendAndReceive() throws Exception {
    Session server = session(AUTO);
    MessageProducer answers = server.createProducer(null);
    server.createConsumer(queue(server)).setMessageListener(question -> {
      try { answers.send(question.getJMSReplyTo(), server.createTextMessage("re: " + text(question))); } catch (JMSException thrown) { throw new RuntimeException(thrown); }
    });
    for (ConnectionFactory factory : factories())
      for (int i = 0; i < 5; i++) {
        int number = i;
        assertEquals("re: " + i, text(template(factory).sendAndReceive(name, session -> session.createTextMessage("" + number))));
      }
  }

  @Test @DisplayName("browse: all, and selected")
  void browse() {
    for (ConnectionFactory factory : factories()) {
      JmsTemplate template = template(factory);
      for (int i = 0; i < 3; i++) template.convertAndSend(queueOf(factory), "text " + i);
      assertEquals(3, template.browse(queueOf(factory), (session, browser) -> Collections.list(browser.getEnumeration()).size()).intValue());
      assertEquals(0, template.browseSelected(queueOf(factory), "JMSPriority > 8", (session, browser) -> Collections.list(browser.getEnumeration()).size()).intValue());
      for (int i = 0; i < 3; i++) assertEquals("text " + i, template.receiveAndConvert(queueOf(factory)));
    }
  }

  @Test @DisplayName("a transacted template commits for itself; in a transaction all of it is one, also a rollback")
  void transactions() {
    for (ConnectionFactory factory : factories()) {
      JmsTemplate template = template(factory);
      template.setSessionTransacted(true);
      template.convertAndSend(queueOf(factory), "by itself");
      assertEquals("by itself", template.receiveAndConvert(queueOf(factory)));
      TransactionTemplate transaction = new TransactionTemplate(new JmsTransactionManager(factory));
      assertThrows(IllegalArgumentException.class, () -> transaction.execute(status -> {
        template.convertAndSend(queueOf(factory), "rolled back");
        throw new IllegalArgumentException("of the application");
      }));
      transaction.execute(status -> {
        template.convertAndSend(queueOf(factory), "1");
        template.convertAndSend(queueOf(factory), "2");
        return null;
      });
      for (String text : new String[] {"1", "2"}) assertEquals(text, template.receiveAndConvert(queueOf(factory)));
      template.setReceiveTimeout(QUIET_MS);
      assertNull(template.receiveAndConvert(queueOf(factory)));
    }
  }

  @Test @DisplayName("to topics, with many threads on one cached connection")
  void topicsAndThreads() throws Exception {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(topic(session));
    JmsTemplate template = template(caching());
    template.setPubSubDomain(true);
    List<Background> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) threads.add(inBackground(() -> { for (int n = 0; n < 25; n++) template.convertAndSend(name, "x"); }));
    for (Background thread : threads) thread.finished();
    for (int i = 0; i < 100; i++) expect(consumer, "x");
  }

  @Test @DisplayName("a single connection of Spring, with a client id")
  void singleConnection() throws Exception {
    SingleConnectionFactory single = new SingleConnectionFactory(plain());
    single.setClientId(name);
    single.setReconnectOnException(true);
    toClose.add(single::destroy);
    JmsTemplate template = template(single);
    template.convertAndSend(name, "1");
    assertEquals("1", template.receiveAndConvert(name));
    assertEquals(name, single.createConnection().getClientID());
  }
}
