// Spring's DefaultMessageListenerContainer as applications use it: transactions with rollback, concurrency, durable subscriptions, and a
// broker that goes down.
import static org.junit.jupiter.api.Assertions.*;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.springframework.jms.connection.CachingConnectionFactory;
import org.springframework.jms.connection.JmsTransactionManager;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.jms.listener.DefaultMessageListenerContainer;
import org.springframework.jms.listener.SessionAwareMessageListener;

class SpringListeners extends JmsTest {
  private final List<DefaultMessageListenerContainer> containers = new ArrayList<>();

  @AfterEach void shutDown() { for (DefaultMessageListenerContainer container : containers) container.shutdown(); }

  private interface Work { void on(Message message, Session session) throws JMSException, InterruptedException; }

  private static ActiveMQConnectionFactory factory(String url) {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(url);
    factory.getRedeliveryPolicy().setInitialRedeliveryDelay(10);
    factory.getRedeliveryPolicy().setRedeliveryDelay(10);
    return factory;
  }

  private DefaultMessageListenerContainer container(ConnectionFactory factory, Work work) {
    DefaultMessageListenerContainer container = new DefaultMessageListenerContainer();
    container.setConnectionFactory(factory);
    container.setDestinationName(name);
    container.setMessageListener((SessionAwareMessageListener<Message>) (message, session) -> {
      try { work.on(message, session); } catch (InterruptedException ended) { throw new RuntimeException(ended); }
    });
    container.setReceiveTimeout(200);
    container.setErrorHandler(thrown -> { });
    containers.add(container);
    return container;
  }

  private static void start(DefaultMessageListenerContainer container) {
    container.afterPropertiesSet();
    container.start();
  }

  private void rollsBackOnce(DefaultMessageListenerContainer container, BlockingQueue<String> got) throws Exception {
    start(container);
    Session sender = session(AUTO);
    send(sender, queue(sender), "1", "2");
    for (String wanted : new String[] {"1 false", "1 true", "2 false"}) assertEquals(wanted, got.poll(RECEIVE_MS, TimeUnit.MILLISECONDS));
    MessageConsumer out = sender.createConsumer(queue(sender, "out"));
    expect(out, "re: 1", "re: 2");
    nothing(out);
    sender.close();
  }

  /** Answers in its own session, and fails at the first delivery of "1". */
  private Work failsOnce(BlockingQueue<String> got) {
    return (message, session) -> {
      boolean again = message.getJMSRedelivered();
      got.add(text(message) + " " + again);
      send(session, session.createQueue(name + ".out"), "re: " + text(message));
      if (text(message).equals("1") && !again) throw new IllegalArgumentException("of the application");
    };
  }

  @Test @DisplayName("sessionTransacted: a listener that throws rolls back what it received and sent, and gets it again")
  void transacted() throws Exception {
    for (String level : new String[] {"CACHE_CONSUMER", "CACHE_NONE"}) {
      BlockingQueue<String> got = new LinkedBlockingQueue<>();
      DefaultMessageListenerContainer container = container(factory(url()), failsOnce(got));
      container.setSessionTransacted(true);
      container.setCacheLevelName(level);
      rollsBackOnce(container, got);
      container.shutdown();
    }
  }

  @Test @DisplayName("with a transaction manager, a template's sends are in the listener's transaction")
  void transactionManager() throws Exception {
    CachingConnectionFactory caching = new CachingConnectionFactory(factory(url()));
    caching.setCacheConsumers(false);
    BlockingQueue<String> got = new LinkedBlockingQueue<>();
    JmsTemplate template = new JmsTemplate(caching);
    template.setSessionTransacted(true);
    DefaultMessageListenerContainer container = container(caching, (message, session) -> {
      boolean again = message.getJMSRedelivered();
      got.add(text(message) + " " + again);
      template.convertAndSend(name + ".out", "re: " + text(message));
      if (text(message).equals("1") && !again) throw new IllegalArgumentException("of the application");
    });
    container.setTransactionManager(new JmsTransactionManager(caching));
    rollsBackOnce(container, got);
    container.shutdown();
    caching.destroy();
  }

  @Test @DisplayName("CLIENT_ACKNOWLEDGE and AUTO_ACKNOWLEDGE: what was taken is taken")
  void withoutTransactions() throws Exception {
    for (int mode : new int[] {CLIENT, AUTO}) {
      BlockingQueue<Message> got = new LinkedBlockingQueue<>();
      DefaultMessageListenerContainer container = container(factory(url()), (message, session) -> got.add(message));
      container.setSessionAcknowledgeMode(mode);
      start(container);
      Session sender = session(AUTO);
      send(sender, queue(sender), "1", "2");
      for (String text : new String[] {"1", "2"}) assertEquals(text, text(take(got)));
      container.shutdown();
      nothing(sender.createConsumer(queue(sender)));
      sender.close();
    }
  }

  @Test @DisplayName("concurrency 2-5: grows to five when there is work for them; every message is handled once")
  void concurrency() throws Exception {
    CountDownLatch together = new CountDownLatch(5);
    Set<String> texts = new HashSet<>();
    BlockingQueue<String> got = new LinkedBlockingQueue<>();
    DefaultMessageListenerContainer container = container(factory(url("jms.prefetchPolicy.all=1")), (message, session) -> {
      together.countDown();
      await(together);
      got.add(text(message));
    });
    container.setConcurrency("2-5");
    container.setSessionTransacted(true);
    start(container);
    Session sender = session(AUTO);
    send(sender, queue(sender), numbers(60));
    for (int i = 0; i < 60; i++) {
      String text = got.poll(RECEIVE_MS, TimeUnit.MILLISECONDS);
      assertNotNull(text, texts.size() + " came");
      assertTrue(texts.add(text), text);
    }
  }

  @Test @DisplayName("a durable subscription of a container keeps what comes while the application is away")
  void durable() throws Exception {
    BlockingQueue<Message> got = new LinkedBlockingQueue<>();
    Session sender = session(AUTO);
    for (int round = 0; round < 2; round++) {
      DefaultMessageListenerContainer container = container(factory(url()), (message, session) -> got.add(message));
      container.setPubSubDomain(true);
      container.setSubscriptionDurable(true);
      container.setDurableSubscriptionName("subscription");
      container.setClientId(name);
      container.setMessageSelector("JMSPriority < 9");
      start(container);
      until(container::isRegisteredWithDestination);
      if (round == 1) assertEquals("missed", text(take(got)));
      send(sender, topic(sender), "round " + round);
      assertEquals("round " + round, text(take(got)));
      container.shutdown();
      send(sender, topic(sender), "missed");
    }
  }

  @Test @DisplayName("stop() and start() of a container lose nothing")
  void stopAndStart() throws Exception {
    BlockingQueue<Message> got = new LinkedBlockingQueue<>();
    DefaultMessageListenerContainer container = container(factory(url()), (message, session) -> got.add(message));
    container.setSessionTransacted(true);
    start(container);
    Session sender = session(AUTO);
    send(sender, queue(sender), "1");
    assertEquals("1", text(take(got)));
    CountDownLatch stopped = new CountDownLatch(1);
    container.stop(stopped::countDown);
    await(stopped);
    send(sender, queue(sender), "2");
    assertNull(got.poll(QUIET_MS, TimeUnit.MILLISECONDS));
    container.start();
    assertEquals("2", text(take(got)));
  }

  @Test @DisplayName("a message whose listener always throws becomes a dead letter, and the next ones are handled")
  void poison() throws Exception {
    ActiveMQConnectionFactory factory = factory(url());
    factory.getRedeliveryPolicy().setMaximumRedeliveries(2);
    AtomicInteger calls = new AtomicInteger();
    BlockingQueue<Message> got = new LinkedBlockingQueue<>();
    DefaultMessageListenerContainer container = container(factory, (message, session) -> {
      if (text(message).equals("poison")) {
        calls.incrementAndGet();
        throw new IllegalArgumentException("of the application");
      }
      got.add(message);
    });
    container.setSessionTransacted(true);
    // Where each round has a consumer of its own, the client does not see that a message comes again and again.
    container.setCacheLevelName("CACHE_CONSUMER");
    start(container);
    Session sender = session(AUTO);
    send(sender, queue(sender), "poison", "good");
    assertEquals("good", text(take(got)));
    assertEquals(3, calls.get());
  }

  @Test @DisplayName("a container goes on by itself when its broker is back")
  @ResourceLock(MortalBroker.LOCK)
  void brokerGoesDown() throws Exception {
    BlockingQueue<Message> got = new LinkedBlockingQueue<>();
    DefaultMessageListenerContainer container = container(factory(MortalBroker.url()), (message, session) -> got.add(message));
    container.setSessionTransacted(true);
    container.setRecoveryInterval(100);
    container.setConcurrency("2-5");
    start(container);
    for (String text : new String[] {"before", "after"}) {
      Connection connection = connectTo(MortalBroker.url());
      Session sender = session(connection, AUTO);
      send(sender, queue(sender), text);
      Message message;
      // The commit of "before" may not have been on disk.
      do message = take(got); while (text.equals("after") && text(message).equals("before"));
      assertEquals(text, text(message));
      connection.close();
      if (text.equals("before")) MortalBroker.killAndStart();
    }
  }
}
