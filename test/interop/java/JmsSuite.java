// What applications do with the stock ActiveMQ client, one check each, against the broker at the URL in args[0].
// Prints "ok <name>" or "not ok <name>: <reason>" a line; exit code 1 if any failed. Written against javax.jms;
// for 6.x clients the build replaces that prefix by jakarta.jms.
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQMessageConsumer;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.RedeliveryPolicy;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQQueue;

public class JmsSuite {
  interface Check { void run(Fixture f) throws Exception; }

  /** A connection and a queue and topic of its own for each check. */
  static final class Fixture implements AutoCloseable {
    final String name;
    final ActiveMQConnection connection;
    final List<Connection> others = new ArrayList<>();
    Fixture(String name) throws Exception { this.name = name; this.connection = connect(""); }
    ActiveMQConnection connect(String options) throws Exception {
      ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(url + (options.isEmpty() ? "" : (url.contains("?") ? "&" : "?") + options));
      factory.setWatchTopicAdvisories(true);
      factory.setTrustAllPackages(true);
      ActiveMQConnection made = (ActiveMQConnection) factory.createConnection();
      others.add(made);
      return made;
    }
    Session session(int mode) throws JMSException { return connection.createSession(mode == Session.SESSION_TRANSACTED, mode); }
    Session auto() throws JMSException { return session(Session.AUTO_ACKNOWLEDGE); }
    Queue queue(Session s) throws JMSException { return s.createQueue("SUITE." + name); }
    Topic topic(Session s) throws JMSException { return s.createTopic("SUITE." + name); }
    @Override public void close() throws Exception { for (Connection c : others) try { c.close(); } catch (JMSException ignored) { } }
  }

  static String url;
  static int failures;

  static void check(String name, Check body) {
    AtomicReference<Throwable> problem = new AtomicReference<>();
    Thread runner = new Thread(() -> {
      try (Fixture f = new Fixture(name)) { f.connection.start(); body.run(f); } catch (Throwable t) { problem.set(t); }
    });
    runner.setDaemon(true);
    runner.start();
    try { runner.join(30_000); } catch (InterruptedException e) { problem.set(e); }
    if (runner.isAlive()) problem.set(new Exception("not finished after 30 s, at " + Arrays.toString(Arrays.copyOf(runner.getStackTrace(), 4))));
    if (problem.get() == null) { System.out.println("ok " + name); return; }
    failures++;
    StackTraceElement[] trace = problem.get().getStackTrace();
    String where = "";
    for (StackTraceElement e : trace) if (e.getClassName().startsWith("JmsSuite")) { where = " (line " + e.getLineNumber() + ")"; break; }
    System.out.println("not ok " + name + ": " + problem.get() + where);
  }

  static void expect(boolean condition, String what) { if (!condition) throw new AssertionError(what); }
  static void same(Object wanted, Object got) { if (!(wanted == null ? got == null : wanted.equals(got))) throw new AssertionError("expected " + wanted + ", got " + got); }
  static Message receive(MessageConsumer c) throws JMSException { Message m = c.receive(5000); expect(m != null, "no message within 5 s"); return m; }
  static String text(Message m) throws JMSException { expect(m != null, "no message"); return ((TextMessage) m).getText(); }
  static void nothing(MessageConsumer c) throws JMSException { Message m = c.receive(300); expect(m == null, "unexpected message " + m); }
  static TextMessage inGroup(Session s, String group, int sequence, String text) throws JMSException {
    TextMessage m = s.createTextMessage(text);
    m.setStringProperty("JMSXGroupID", group);
    if (sequence != 0) m.setIntProperty("JMSXGroupSeq", sequence);
    return m;
  }
  static void send(Session s, Destination d, String... texts) throws JMSException {
    MessageProducer p = s.createProducer(d);
    for (String t : texts) p.send(s.createTextMessage(t));
    p.close();
  }

  public static void main(String[] args) throws Exception {
    url = args[0];
    messages(); queues(); acknowledgements(); transactions(); topics(); durables(); selectors(); browsers(); temporaries(); virtualDestinations(); kept(); pressure(); errors();
    System.out.println(failures == 0 ? "suite passed" : "suite failed: " + failures);
    System.exit(failures == 0 ? 0 : 1);
  }

  static void messages() {
    check("text-message-with-headers-and-properties", f -> {
      Session s = f.auto();
      MessageConsumer c = s.createConsumer(f.queue(s));
      TextMessage m = s.createTextMessage("gr\u00fc\u00dfe \u20ac \ud83d\ude80 \u0000 end");
      m.setJMSCorrelationID("corr"); m.setJMSType("kind"); m.setJMSReplyTo(s.createQueue("REPLY"));
      m.setBooleanProperty("bool", true); m.setByteProperty("byte", (byte) -7); m.setShortProperty("short", (short) -300);
      m.setIntProperty("int", 1 << 30); m.setLongProperty("long", Long.MIN_VALUE); m.setFloatProperty("float", 1.5f);
      m.setDoubleProperty("double", Math.PI); m.setStringProperty("string", "v\u00e4lue"); m.setStringProperty("JMSXGroupID", "group");
      MessageProducer p = s.createProducer(f.queue(s));
      p.send(m, DeliveryMode.NON_PERSISTENT, 7, 60_000);
      TextMessage r = (TextMessage) receive(c);
      same("gr\u00fc\u00dfe \u20ac \ud83d\ude80 \u0000 end", r.getText()); same("corr", r.getJMSCorrelationID()); same("kind", r.getJMSType());
      same("queue://REPLY", r.getJMSReplyTo().toString()); same(true, r.getBooleanProperty("bool")); same((byte) -7, r.getByteProperty("byte"));
      same((short) -300, r.getShortProperty("short")); same(1 << 30, r.getIntProperty("int")); same(Long.MIN_VALUE, r.getLongProperty("long"));
      same(1.5f, r.getFloatProperty("float")); same(Math.PI, r.getDoubleProperty("double")); same("v\u00e4lue", r.getStringProperty("string"));
      same("group", r.getStringProperty("JMSXGroupID")); same(7, r.getJMSPriority()); same(DeliveryMode.NON_PERSISTENT, r.getJMSDeliveryMode());
      same(m.getJMSMessageID(), r.getJMSMessageID()); same(m.getJMSTimestamp(), r.getJMSTimestamp()); same(m.getJMSExpiration(), r.getJMSExpiration());
      same(false, r.getJMSRedelivered()); same(1, r.getIntProperty("JMSXDeliveryCount")); same(f.queue(s), r.getJMSDestination());
    });
    check("every-body-type-persistent-and-not", f -> {
      for (int mode : new int[] {DeliveryMode.PERSISTENT, DeliveryMode.NON_PERSISTENT}) {
        Session s = f.auto();
        MessageConsumer c = s.createConsumer(f.queue(s));
        MessageProducer p = s.createProducer(f.queue(s)); p.setDeliveryMode(mode);
        byte[] bytes = new byte[10_000]; for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) i;
        BytesMessage b = s.createBytesMessage(); b.writeBytes(bytes); p.send(b);
        MapMessage map = s.createMapMessage(); map.setString("a", "x"); map.setInt("b", 3); map.setBytes("c", new byte[] {1, 2}); p.send(map);
        StreamMessage stream = s.createStreamMessage(); stream.writeInt(5); stream.writeString("s"); p.send(stream);
        p.send(s.createObjectMessage((Serializable) new ArrayList<>(List.of("o", "p")))); p.send(s.createMessage()); p.send(s.createTextMessage(null));
        BytesMessage rb = (BytesMessage) receive(c); byte[] got = new byte[(int) rb.getBodyLength()]; rb.readBytes(got); expect(Arrays.equals(bytes, got), "bytes differ");
        MapMessage rm = (MapMessage) receive(c); same("x", rm.getString("a")); same(3, rm.getInt("b")); same(2, rm.getBytes("c").length);
        StreamMessage rs = (StreamMessage) receive(c); same(5, rs.readInt()); same("s", rs.readString());
        same(List.of("o", "p"), ((ObjectMessage) receive(c)).getObject()); receive(c); same(null, text(receive(c)));
        c.close();
      }
    });
    check("compressed-messages", f -> {
      ActiveMQConnection z = f.connect("jms.useCompression=true"); z.start();
      Session s = z.createSession(false, Session.AUTO_ACKNOWLEDGE);
      MessageConsumer c = s.createConsumer(f.queue(s));
      String body = "compress me ".repeat(5000);
      send(s, f.queue(s), body);
      same(body, text(receive(c)));
    });
    check("large-message-5-MiB", f -> {
      Session s = f.auto();
      byte[] body = new byte[5 << 20]; new java.util.Random(1).nextBytes(body);
      BytesMessage m = s.createBytesMessage(); m.writeBytes(body);
      s.createProducer(f.queue(s)).send(m);
      BytesMessage r = (BytesMessage) receive(s.createConsumer(f.queue(s)));
      byte[] got = new byte[(int) r.getBodyLength()]; r.readBytes(got);
      expect(Arrays.equals(body, got), "body differs");
    });
    check("expired-message-is-not-delivered", f -> {
      Session s = f.auto();
      MessageProducer p = s.createProducer(f.queue(s));
      p.send(s.createTextMessage("short"), DeliveryMode.NON_PERSISTENT, 4, 50);
      p.send(s.createTextMessage("long"));
      Thread.sleep(150);
      MessageConsumer c = s.createConsumer(f.queue(s));
      same("long", text(receive(c))); nothing(c);
    });
  }

  static void queues() {
    check("order-of-one-thousand", f -> {
      Session s = f.auto();
      MessageProducer p = s.createProducer(f.queue(s)); p.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
      for (int i = 0; i < 1000; i++) p.send(s.createTextMessage("" + i));
      MessageConsumer c = s.createConsumer(f.queue(s));
      for (int i = 0; i < 1000; i++) same("" + i, text(receive(c)));
      nothing(c);
    });
    // Of this name the brokers know by their configuration that it goes by priority.
    check("by-priority", f -> {
      Session s = f.auto();
      Queue q = f.queue(s);
      MessageProducer p = s.createProducer(q);
      for (int i = 0; i < 40; i++) p.send(s.createTextMessage("" + i), i % 4 == 0 ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT, i % 10, 0);
      Session t = f.session(Session.SESSION_TRANSACTED);
      MessageConsumer given = t.createConsumer(s.createQueue(q.getQueueName() + "?consumer.prefetchSize=1"));
      same("9", text(receive(given))); t.close();
      MessageConsumer c = s.createConsumer(s.createQueue(q.getQueueName() + "?consumer.prefetchSize=0"));
      for (int priority = 9; priority >= 0; priority--)
        for (int i = priority; i < 40; i += 10) { Message m = receive(c); same("" + i, text(m)); same(priority, m.getJMSPriority()); same(i == 9, m.getJMSRedelivered()); }
      for (int priority : new int[] {1, 3, 4}) p.send(s.createTextMessage("" + priority), DeliveryMode.PERSISTENT, priority, 0);
      same("4", text(receive(c)));
      p.send(s.createTextMessage("9"), DeliveryMode.PERSISTENT, 9, 0);
      same("9", text(receive(c))); same("3", text(receive(c)));
      MessageConsumer low = s.createConsumer(s.createQueue(q.getQueueName() + "?consumer.prefetchSize=0"), "JMSPriority < 3");
      same("1", text(receive(low))); nothing(c);
    });
    check("queue-is-shared-by-consumers", f -> {
      AtomicInteger[] counts = {new AtomicInteger(), new AtomicInteger()};
      CountDownLatch all = new CountDownLatch(200);
      for (AtomicInteger count : counts) {
        Session s = f.auto();
        s.createConsumer(new ActiveMQQueue("SUITE." + f.name + "?consumer.prefetchSize=10")).setMessageListener(m -> { count.incrementAndGet(); all.countDown(); });
      }
      Session s = f.auto();
      String[] texts = new String[200]; Arrays.fill(texts, "x");
      send(s, f.queue(s), texts);
      expect(all.await(10, TimeUnit.SECONDS), "not all received: " + counts[0] + " + " + counts[1]);
      expect(counts[0].get() > 20 && counts[1].get() > 20, "uneven: " + counts[0] + " and " + counts[1]);
    });
    check("prefetch-0-pulls", f -> {
      Session s = f.auto();
      MessageConsumer c = s.createConsumer(new ActiveMQQueue("SUITE." + f.name + "?consumer.prefetchSize=0"));
      expect(c.receiveNoWait() == null, "queue should be empty"); nothing(c);
      send(s, f.queue(s), "a", "b");
      same("a", text(receive(c))); same("b", text(c.receiveNoWait())); expect(c.receiveNoWait() == null, "third message");
    });
    check("closed-consumer-gives-back-in-order", f -> {
      Session s = f.session(Session.CLIENT_ACKNOWLEDGE);
      send(s, f.queue(s), "1", "2", "3");
      MessageConsumer c = s.createConsumer(f.queue(s));
      same("1", text(receive(c))); s.close();
      Session t = f.auto();
      MessageConsumer d = t.createConsumer(f.queue(t));
      Message first = receive(d);
      same("1", text(first)); expect(first.getJMSRedelivered(), "first should be redelivered");
      same("2", text(receive(d))); same("3", text(receive(d))); nothing(d);
    });
    check("composite-destination", f -> {
      Session s = f.auto();
      MessageConsumer a = s.createConsumer(s.createQueue("SUITE.comp.A")), b = s.createConsumer(s.createTopic("SUITE.comp.B"));
      send(s, s.createQueue("SUITE.comp.A,topic://SUITE.comp.B"), "both");
      same("both", text(receive(a))); same("both", text(receive(b)));
    });
    check("wildcard-consumer", f -> {
      Session s = f.auto();
      MessageConsumer c = s.createConsumer(s.createQueue("SUITE.wild.*.x"));
      send(s, s.createQueue("SUITE.wild.one.x"), "1"); send(s, s.createQueue("SUITE.wild.two.x"), "2"); send(s, s.createQueue("SUITE.wild.two.y"), "3");
      List<String> got = new ArrayList<>(List.of(text(receive(c)), text(receive(c)))); Collections.sort(got);
      same(List.of("1", "2"), got); nothing(c);
    });
    check("exclusive-consumer", f -> {
      Session s = f.auto();
      MessageConsumer first = s.createConsumer(new ActiveMQQueue("SUITE." + f.name + "?consumer.exclusive=true"));
      MessageConsumer second = s.createConsumer(f.queue(s));
      send(s, f.queue(s), "1", "2", "3", "4");
      for (int i = 1; i <= 4; i++) same("" + i, text(receive(first)));
      nothing(second);
    });
    check("message-groups", f -> {
      List<List<String>> got = new ArrayList<>();
      List<String> firsts = Collections.synchronizedList(new ArrayList<>());
      CountDownLatch all = new CountDownLatch(300);
      for (int c = 0; c < 3; c++) {
        List<String> own = Collections.synchronizedList(new ArrayList<>());
        got.add(own);
        ActiveMQConnection connection = f.connect("");
        connection.createSession(false, Session.AUTO_ACKNOWLEDGE).createConsumer(new ActiveMQQueue("SUITE." + f.name + "?consumer.prefetchSize=" + (c == 0 ? 1 : 10))).setMessageListener(m -> {
          try {
            own.add(m.getStringProperty("JMSXGroupID") + " " + text(m));
            if (m.getBooleanProperty("JMSXGroupFirstForConsumer")) firsts.add(m.getStringProperty("JMSXGroupID"));
          } catch (JMSException e) { own.add(e.toString()); }
          all.countDown();
        });
        connection.start();
      }
      Session s = f.auto();
      MessageProducer p = s.createProducer(f.queue(s));
      for (int i = 0; i < 300; i++) p.send(inGroup(s, "g" + i % 10, 0, "" + i / 10));
      expect(all.await(15, TimeUnit.SECONDS), "not all received");
      Thread.sleep(100);
      Collections.sort(firsts);
      same(Arrays.asList("g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8", "g9"), firsts);
      for (int g = 0; g < 10; g++) {
        List<String> wanted = new ArrayList<>();
        for (int i = 0; i < 30; i++) wanted.add("g" + g + " " + i);
        int owners = 0;
        for (List<String> own : got) {
          List<String> of = new ArrayList<>();
          for (String one : own) if (one.startsWith("g" + g + " ")) of.add(one);
          if (of.isEmpty()) continue;
          owners++;
          same(wanted, of);
        }
        same(1, owners);
      }
    });
    check("message-group-of-one-that-goes", f -> {
      Session s = f.auto(), leaving = f.session(Session.CLIENT_ACKNOWLEDGE);
      MessageConsumer owner = leaving.createConsumer(f.queue(leaving));
      MessageProducer p = s.createProducer(f.queue(s));
      for (int i = 1; i <= 4; i++) p.send(inGroup(s, "g", 0, "" + i));
      MessageConsumer other = s.createConsumer(f.queue(s));
      Message first = receive(owner);
      first.acknowledge();
      same("1", text(first)); same("2", text(receive(owner)));
      nothing(other);
      leaving.close();
      for (int i = 2; i <= 4; i++) {
        Message m = receive(other);
        same("" + i, text(m)); same(i == 2, m.getBooleanProperty("JMSXGroupFirstForConsumer")); same(i == 2, m.getJMSRedelivered());
      }
    });
    check("message-group-that-is-closed", f -> {
      Session s = f.auto();
      MessageConsumer[] both = {s.createConsumer(f.queue(s)), s.createConsumer(f.queue(s))};
      MessageProducer p = s.createProducer(f.queue(s));
      p.send(inGroup(s, "g", 1, "1")); p.send(inGroup(s, "g", -1, "2")); p.send(inGroup(s, "g", 1, "3")); p.send(inGroup(s, "g", 2, "4"));
      for (int i = 0; i < 2; i++) { same("" + (2 * i + 1), text(receive(both[i]))); same("" + (2 * i + 2), text(receive(both[i]))); nothing(both[i]); }
    });
    check("message-group-in-transactions", f -> {
      Session s = f.auto(), t = f.session(Session.SESSION_TRANSACTED);
      MessageConsumer owner = t.createConsumer(f.queue(t)), other = s.createConsumer(f.queue(s));
      MessageProducer p = s.createProducer(f.queue(s));
      for (int i = 1; i <= 3; i++) p.send(inGroup(s, "g", 0, "" + i));
      same("1", text(receive(owner))); same("2", text(receive(owner)));
      t.rollback();
      for (int i = 1; i <= 3; i++) same("" + i, text(receive(owner)));
      t.commit();
      nothing(other);
    });
    check("consumer-priority", f -> {
      Session s = f.auto();
      MessageConsumer low = s.createConsumer(f.queue(s)), high = s.createConsumer(new ActiveMQQueue("SUITE." + f.name + "?consumer.priority=5&consumer.prefetchSize=2"));
      send(s, f.queue(s), "1", "2", "3");
      same("3", text(receive(low)));
      same("1", text(receive(high))); same("2", text(receive(high)));
    });
    check("request-reply-anonymous-producer", f -> {
      Session server = f.auto();
      MessageProducer anyone = server.createProducer(null);
      server.createConsumer(f.queue(server)).setMessageListener(m -> {
        try { TextMessage r = server.createTextMessage("re: " + ((TextMessage) m).getText()); r.setJMSCorrelationID(m.getJMSMessageID()); anyone.send(m.getJMSReplyTo(), r); } catch (JMSException e) { throw new RuntimeException(e); }
      });
      ActiveMQConnection other = f.connect(""); other.start();
      Session s = other.createSession(false, Session.AUTO_ACKNOWLEDGE);
      TemporaryQueue replies = s.createTemporaryQueue();
      MessageConsumer c = s.createConsumer(replies);
      for (int i = 0; i < 20; i++) {
        TextMessage q = s.createTextMessage("q" + i); q.setJMSReplyTo(replies);
        s.createProducer(f.queue(s)).send(q);
        Message r = receive(c); same("re: q" + i, text(r)); same(q.getJMSMessageID(), r.getJMSCorrelationID());
      }
    });
  }

  static void acknowledgements() {
    check("client-acknowledge-and-recover", f -> {
      Session s = f.session(Session.CLIENT_ACKNOWLEDGE);
      send(s, f.queue(s), "1", "2", "3");
      MessageConsumer c = s.createConsumer(f.queue(s));
      receive(c).acknowledge(); same("2", text(receive(c)));
      s.recover();
      Message again = receive(c); same("2", text(again)); expect(again.getJMSRedelivered(), "not flagged redelivered");
      receive(c).acknowledge(); nothing(c);
    });
    check("individual-acknowledge", f -> {
      ActiveMQConnection conn = f.connection;
      Session s = conn.createSession(false, ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE);
      send(s, f.queue(s), "1", "2", "3");
      MessageConsumer c = s.createConsumer(f.queue(s));
      receive(c); receive(c).acknowledge(); receive(c);
      s.close();
      Session t = f.auto(); MessageConsumer d = t.createConsumer(f.queue(t));
      same("1", text(receive(d))); same("3", text(receive(d))); nothing(d);
    });
    check("dups-ok-and-optimized-acknowledge", f -> {
      ActiveMQConnection o = f.connect("jms.optimizeAcknowledge=true"); o.start();
      for (Session s : new Session[] {f.session(Session.DUPS_OK_ACKNOWLEDGE), o.createSession(false, Session.AUTO_ACKNOWLEDGE)}) {
        String[] texts = new String[50]; for (int i = 0; i < 50; i++) texts[i] = "" + i;
        send(s, f.queue(s), texts);
        MessageConsumer c = s.createConsumer(f.queue(s));
        for (String t : texts) same(t, text(receive(c)));
        s.close();
        Session t = f.auto(); MessageConsumer d = t.createConsumer(f.queue(t)); nothing(d); d.close();
      }
    });
    check("small-prefetch-with-client-acknowledge-does-not-stall", f -> {
      Session s = f.session(Session.CLIENT_ACKNOWLEDGE);
      String[] texts = new String[40]; for (int i = 0; i < 40; i++) texts[i] = "" + i;
      send(s, f.queue(s), texts);
      MessageConsumer c = s.createConsumer(new ActiveMQQueue("SUITE." + f.name + "?consumer.prefetchSize=4"));
      Message last = null;
      for (String t : texts) { last = receive(c); same(t, text(last)); }
      last.acknowledge(); nothing(c);
    });
    check("poison-message-goes-to-the-dead-letter-queue", f -> {
      RedeliveryPolicy policy = f.connection.getRedeliveryPolicy();
      policy.setInitialRedeliveryDelay(1); policy.setRedeliveryDelay(1); policy.setMaximumRedeliveries(2);
      Session s = f.session(Session.SESSION_TRANSACTED);
      send(s, f.queue(s), "poison", "good"); s.commit();
      MessageConsumer c = s.createConsumer(f.queue(s));
      for (int i = 0; i < 3; i++) { Message m = receive(c); same("poison", text(m)); same(i + 1, m.getIntProperty("JMSXDeliveryCount")); s.rollback(); }
      same("good", text(receive(c))); s.commit();
      Session t = f.auto();
      Message dead = receive(t.createConsumer(t.createQueue("ActiveMQ.DLQ")));
      same("poison", text(dead)); expect(dead.getStringProperty("dlqDeliveryFailureCause").contains("exceeds redelivery policy limit"), "cause: " + dead.getStringProperty("dlqDeliveryFailureCause"));
    });
  }

  static void transactions() {
    check("commit-makes-visible-and-rollback-does-not", f -> {
      Session s = f.session(Session.SESSION_TRANSACTED), t = f.auto();
      MessageConsumer c = t.createConsumer(f.queue(t));
      send(s, f.queue(s), "gone"); s.rollback(); nothing(c);
      send(s, f.queue(s), "1", "2"); nothing(c); s.commit();
      same("1", text(receive(c))); same("2", text(receive(c))); nothing(c);
    });
    check("rollback-of-receives-redelivers", f -> {
      f.connection.getRedeliveryPolicy().setInitialRedeliveryDelay(1);
      Session s = f.session(Session.SESSION_TRANSACTED);
      send(s, f.queue(s), "1", "2", "3"); s.commit();
      MessageConsumer c = s.createConsumer(f.queue(s));
      same("1", text(receive(c))); same("2", text(receive(c))); s.rollback();
      same("1", text(receive(c))); same("2", text(receive(c))); same("3", text(receive(c))); s.commit(); nothing(c);
    });
    check("receive-and-send-in-one-transaction", f -> {
      Session s = f.session(Session.SESSION_TRANSACTED);
      send(s, f.queue(s), "in"); s.commit();
      MessageConsumer c = s.createConsumer(f.queue(s));
      receive(c); send(s, s.createQueue("SUITE.out"), "out"); s.rollback();
      f.connection.getRedeliveryPolicy().setInitialRedeliveryDelay(1);
      receive(c); send(s, s.createQueue("SUITE.out"), "out2"); s.commit();
      Session t = f.auto(); MessageConsumer o = t.createConsumer(t.createQueue("SUITE.out"));
      same("out2", text(receive(o))); nothing(o);
    });
    check("big-transaction", f -> {
      Session s = f.session(Session.SESSION_TRANSACTED);
      MessageProducer p = s.createProducer(f.queue(s));
      for (int i = 0; i < 2000; i++) p.send(s.createTextMessage("" + i));
      s.commit();
      MessageConsumer c = s.createConsumer(f.queue(s));
      for (int i = 0; i < 2000; i++) { same("" + i, text(receive(c))); if (i % 100 == 99) s.commit(); }
      s.commit(); nothing(c);
    });
  }

  static void topics() {
    check("every-subscriber-gets-it", f -> {
      Session s = f.auto();
      MessageConsumer a = s.createConsumer(f.topic(s)), b = s.createConsumer(s.createTopic("SUITE.>"));
      send(s, f.topic(s), "1", "2");
      for (MessageConsumer c : new MessageConsumer[] {a, b}) { same("1", text(receive(c))); same("2", text(receive(c))); nothing(c); }
    });
    check("no-local", f -> {
      Session s = f.auto();
      MessageConsumer c = s.createConsumer(f.topic(s), null, true);
      ActiveMQConnection other = f.connect("");
      Session t = other.createSession(false, Session.AUTO_ACKNOWLEDGE);
      send(s, f.topic(s), "own"); send(t, f.topic(t), "foreign");
      same("foreign", text(receive(c))); nothing(c);
    });
    check("late-subscriber-gets-nothing-old", f -> {
      Session s = f.auto();
      send(s, f.topic(s), "old");
      MessageConsumer c = s.createConsumer(f.topic(s)); nothing(c);
      send(s, f.topic(s), "new"); same("new", text(receive(c)));
    });
    check("fan-out-of-many", f -> {
      int subscribers = 5, messages = 2000;
      CountDownLatch all = new CountDownLatch(subscribers * messages);
      for (int i = 0; i < subscribers; i++) { Session s = f.auto(); s.createConsumer(f.topic(s)).setMessageListener(m -> all.countDown()); }
      Session s = f.auto(); MessageProducer p = s.createProducer(f.topic(s)); p.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
      for (int i = 0; i < messages; i++) p.send(s.createTextMessage("" + i));
      expect(all.await(15, TimeUnit.SECONDS), all.getCount() + " deliveries missing");
    });
  }

  /** With the policies that test/interop/suite-policies.ts gives the broker. */
  static void kept() {
    check("retroactive-consumer-begins-with-what-was-kept", f -> {
      Session s = f.auto();
      Topic topic = s.createTopic("SUITE.KEPT.COUNT");
      MessageProducer p = s.createProducer(topic);
      for (int i = 0; i < 5; i++) {
        TextMessage m = s.createTextMessage("" + i); m.setStringProperty("parity", i % 2 == 0 ? "even" : "odd");
        p.send(m, i % 2 == 0 ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT, 4, 0);
      }
      String asks = "SUITE.KEPT.COUNT?consumer.retroactive=true";
      MessageConsumer late = s.createConsumer(s.createTopic(asks)), plain = s.createConsumer(topic);
      MessageConsumer even = s.createConsumer(s.createTopic(asks), "parity = 'even'");
      MessageConsumer pulling = s.createConsumer(s.createTopic(asks + "&consumer.prefetchSize=1"));
      send(s, topic, "new");
      for (MessageConsumer c : new MessageConsumer[] {late, pulling}) { for (String t : new String[] {"2", "3", "4", "new"}) same(t, text(receive(c))); nothing(c); }
      same("2", text(receive(even))); same("4", text(receive(even))); nothing(even);
      same("new", text(receive(plain))); nothing(plain);
    });
    check("retroactive-consumer-of-a-wildcard", f -> {
      Session s = f.auto();
      for (String name : new String[] {"A", "B"}) send(s, s.createTopic("SUITE.KEPT.LAST." + name), "old " + name, "last " + name);
      MessageConsumer c = s.createConsumer(s.createTopic("SUITE.KEPT.LAST.*?consumer.retroactive=true"));
      java.util.Set<String> got = new java.util.TreeSet<>();
      for (int i = 0; i < 2; i++) got.add(text(receive(c)));
      same("[last A, last B]", got.toString()); nothing(c);
      send(s, s.createTopic("SUITE.KEPT.LAST.C"), "new"); same("new", text(receive(c)));
    });
    check("retroactive-for-all-where-the-policy-says-so", f -> {
      Session s = f.auto();
      Topic topic = s.createTopic("SUITE.KEPT.ALWAYS");
      send(s, topic, "kept");
      same("kept", text(receive(s.createConsumer(topic))));
    });
    check("retroactive-durable-subscriber", f -> {
      Session s = f.auto(), one = client(f, "a", Session.AUTO_ACKNOWLEDGE);
      send(s, s.createTopic("SUITE.KEPT.COUNT"), "kept");
      Topic asks = one.createTopic("SUITE.KEPT.COUNT?consumer.retroactive=true");
      MessageConsumer c = one.createDurableSubscriber(asks, "sub");
      String last = null;
      for (Message m; (m = c.receive(500)) != null;) last = text(m);
      same("kept", last);
      send(s, s.createTopic("SUITE.KEPT.COUNT"), "new"); same("new", text(receive(c))); nothing(c);
    });
    check("expired-in-a-durable-backlog-goes-while-the-subscriber-is-away", f -> {
      Session s = f.auto(), one = client(f, "a", Session.AUTO_ACKNOWLEDGE);
      Topic topic = s.createTopic("SUITE.EXPIRES.SOON");
      one.createDurableSubscriber(topic, "sub"); leave(one);
      MessageProducer p = s.createProducer(topic);
      String text = "expired-" + System.nanoTime();
      p.send(s.createTextMessage(text), DeliveryMode.PERSISTENT, 4, 300);
      p.send(s.createTextMessage("lasts"));
      // It becomes a dead letter although nobody consumes.
      MessageConsumer dead = s.createConsumer(s.createQueue("ActiveMQ.DLQ"));
      for (Message m = receive(dead); ; m = receive(dead)) if (m instanceof TextMessage && text.equals(((TextMessage) m).getText())) break;
      Session back = client(f, "a", Session.AUTO_ACKNOWLEDGE);
      MessageConsumer c = back.createDurableSubscriber(topic, "sub");
      same("lasts", text(receive(c))); nothing(c);
    });
  }

  /** A session of a client with this id; its connection can be closed and made again. */
  static Session client(Fixture f, String id, int mode) throws Exception {
    ActiveMQConnection c = f.connect("jms.clientID=" + f.name + "-" + id); c.start();
    return c.createSession(mode == Session.SESSION_TRANSACTED, mode);
  }
  static void leave(Session s) throws JMSException { ((ActiveMQSession) s).getConnection().close(); }

  static void durables() {
    check("durable-subscriber-gets-what-it-missed", f -> {
      Session s = f.auto(), away = client(f, "a", Session.AUTO_ACKNOWLEDGE);
      send(s, f.topic(s), "before");
      away.createDurableSubscriber(f.topic(away), "sub"); leave(away);
      String[] texts = new String[500]; for (int i = 0; i < texts.length; i++) texts[i] = "" + i;
      send(s, f.topic(s), texts);
      Session back = client(f, "a", Session.AUTO_ACKNOWLEDGE);
      MessageConsumer c = back.createDurableSubscriber(f.topic(back), "sub");
      for (String wanted : texts) same(wanted, text(receive(c)));
      send(s, f.topic(s), "now"); same("now", text(receive(c))); nothing(c);
      c.close(); back.unsubscribe("sub");
    });
    check("durable-subscriber-that-stays-away-gets-nothing-twice", f -> {
      Session s = f.auto();
      for (int round = 0; round < 3; round++) {
        Session one = client(f, "a", Session.AUTO_ACKNOWLEDGE);
        MessageConsumer c = one.createDurableSubscriber(f.topic(one), "sub");
        if (round > 0) same("" + round, text(receive(c)));
        nothing(c); leave(one);
        send(s, f.topic(s), "" + (round + 1));
      }
    });
    check("durable-client-acknowledgement-and-recover", f -> {
      Session s = f.auto(), one = client(f, "a", Session.CLIENT_ACKNOWLEDGE);
      MessageConsumer c = one.createDurableSubscriber(f.topic(one), "sub");
      send(s, f.topic(s), "1", "2", "3");
      receive(c); Message second = receive(c); second.acknowledge();
      same("3", text(receive(c))); one.recover();
      Message again = receive(c); same("3", text(again)); expect(again.getJMSRedelivered(), "redelivered is not set");
      leave(one);
      Session back = client(f, "a", Session.CLIENT_ACKNOWLEDGE);
      MessageConsumer d = back.createDurableSubscriber(f.topic(back), "sub");
      Message third = receive(d); same("3", text(third)); expect(third.getJMSRedelivered(), "redelivered is not set after a reconnect");
      third.acknowledge(); nothing(d);
    });
    check("durable-individual-acknowledgement", f -> {
      Session s = f.auto(), one = client(f, "a", ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE);
      MessageConsumer c = one.createDurableSubscriber(f.topic(one), "sub");
      send(s, f.topic(s), "1", "2", "3");
      receive(c); receive(c).acknowledge(); receive(c); leave(one);
      Session back = client(f, "a", Session.AUTO_ACKNOWLEDGE);
      MessageConsumer d = back.createDurableSubscriber(f.topic(back), "sub");
      same("1", text(receive(d))); same("3", text(receive(d))); nothing(d);
    });
    check("durable-dups-ok", f -> {
      Session s = f.auto(), one = client(f, "a", Session.DUPS_OK_ACKNOWLEDGE);
      MessageConsumer c = one.createDurableSubscriber(f.topic(one), "sub");
      String[] texts = new String[300]; for (int i = 0; i < texts.length; i++) texts[i] = "" + i;
      send(s, f.topic(s), texts);
      for (String wanted : texts) same(wanted, text(receive(c)));
      leave(one);
      Session back = client(f, "a", Session.AUTO_ACKNOWLEDGE);
      nothing(back.createDurableSubscriber(f.topic(back), "sub"));
    });
    check("durable-transactions", f -> {
      Session s = f.session(Session.SESSION_TRANSACTED), one = client(f, "a", Session.SESSION_TRANSACTED);
      MessageConsumer c = one.createDurableSubscriber(f.topic(one), "sub");
      send(s, f.topic(s), "never"); s.rollback(); send(s, f.topic(s), "1", "2"); nothing(c); s.commit();
      same("1", text(receive(c))); one.commit();
      same("2", text(receive(c))); one.rollback();
      Message again = receive(c); same("2", text(again)); expect(again.getJMSRedelivered(), "redelivered is not set");
      leave(one);
      Session back = client(f, "a", Session.SESSION_TRANSACTED);
      MessageConsumer d = back.createDurableSubscriber(f.topic(back), "sub");
      same("2", text(receive(d))); back.commit(); nothing(d);
    });
    check("durable-poison-becomes-a-dead-letter", f -> {
      Session s = f.auto(), one = client(f, "a", Session.SESSION_TRANSACTED);
      RedeliveryPolicy policy = ((ActiveMQSession) one).getConnection().getRedeliveryPolicy();
      policy.setMaximumRedeliveries(1); policy.setInitialRedeliveryDelay(10); policy.setRedeliveryDelay(10);
      MessageConsumer c = one.createDurableSubscriber(f.topic(one), "sub");
      String text = "poison-" + System.nanoTime();
      send(s, f.topic(s), text, "good");
      for (int i = 0; i < 2; i++) { same(text, text(receive(c))); one.rollback(); }
      same("good", text(receive(c))); one.commit();
      MessageConsumer dead = s.createConsumer(s.createQueue("ActiveMQ.DLQ"));
      for (Message m = receive(dead); ; m = receive(dead)) if (m instanceof TextMessage && text.equals(((TextMessage) m).getText())) break;
    });
    check("durable-no-local", f -> {
      Session one = client(f, "a", Session.AUTO_ACKNOWLEDGE), s = f.auto();
      MessageConsumer c = one.createDurableSubscriber(f.topic(one), "sub", null, true);
      send(one, f.topic(one), "own"); send(s, f.topic(s), "foreign");
      same("foreign", text(receive(c))); nothing(c);
    });
    check("durable-with-another-topic-begins-anew", f -> {
      Session s = f.auto(), one = client(f, "a", Session.AUTO_ACKNOWLEDGE);
      one.createDurableSubscriber(f.topic(one), "sub").close();
      send(s, f.topic(s), "gone");
      Topic other = one.createTopic("SUITE." + f.name + ".other");
      one.createDurableSubscriber(other, "sub").close();
      MessageConsumer c = one.createDurableSubscriber(f.topic(one), "sub");
      send(s, f.topic(s), "new"); same("new", text(receive(c))); nothing(c);
    });
    check("durable-subscription-has-one-consumer", f -> {
      Session one = client(f, "a", Session.AUTO_ACKNOWLEDGE);
      MessageConsumer c = one.createDurableSubscriber(f.topic(one), "sub");
      try { one.createDurableSubscriber(f.topic(one), "sub"); throw new AssertionError("a second consumer was accepted"); }
      catch (JMSException expected) { expect(expected.getMessage().contains("Durable consumer is in use"), expected.getMessage()); }
      try { one.unsubscribe("sub"); throw new AssertionError("unsubscribed while active"); }
      catch (JMSException expected) { expect(expected.getMessage().contains("Durable consumer is in use"), expected.getMessage()); }
      c.close(); one.unsubscribe("sub");
      try { one.unsubscribe("sub"); throw new AssertionError("unsubscribed twice"); }
      catch (InvalidDestinationException expected) { expect(expected.getMessage().contains("No durable subscription exists"), expected.getMessage()); }
    });
    check("durable-wildcard-has-topics-that-are-made-later", f -> {
      Session s = f.auto(), one = client(f, "a", Session.AUTO_ACKNOWLEDGE);
      Topic all = one.createTopic("SUITE." + f.name + ".>");
      one.createDurableSubscriber(all, "sub").close();
      send(s, s.createTopic("SUITE." + f.name + ".later"), "later");
      MessageConsumer c = one.createDurableSubscriber(all, "sub");
      same("later", text(receive(c))); nothing(c); c.close(); one.unsubscribe("sub");
    });
    check("durable-subscribers-share-what-is-stored", f -> {
      int subscribers = 5, messages = 400;
      List<Session> sessions = new ArrayList<>();
      for (int i = 0; i < subscribers; i++) {
        Session one = client(f, "c" + i, Session.AUTO_ACKNOWLEDGE); sessions.add(one);
        MessageConsumer c = one.createDurableSubscriber(f.topic(one), "sub"); if (i % 2 == 0) c.close();
      }
      Session s = f.auto();
      String[] texts = new String[messages]; for (int i = 0; i < messages; i++) texts[i] = "" + i;
      send(s, f.topic(s), texts);
      for (Session one : sessions) leave(one);
      for (int i = 0; i < subscribers; i++) {
        Session back = client(f, "c" + i, Session.AUTO_ACKNOWLEDGE);
        MessageConsumer c = back.createDurableSubscriber(f.topic(back), "sub");
        for (String wanted : texts) same(wanted, text(receive(c)));
        nothing(c); c.close(); back.unsubscribe("sub");
      }
    });
  }

  static TextMessage colored(Session s, String color, int number) throws JMSException {
    TextMessage m = s.createTextMessage(color + number);
    m.setStringProperty("color", color); m.setIntProperty("number", number); m.setLongProperty("large", Long.MAX_VALUE - number);
    m.setBooleanProperty("even", number % 2 == 0); m.setDoubleProperty("half", number / 2.0); m.setJMSType("t" + number); m.setJMSCorrelationID("c" + number);
    return m;
  }

  static void selectors() {
    check("selectors-share-a-queue", f -> {
      for (int mode : new int[] {DeliveryMode.PERSISTENT, DeliveryMode.NON_PERSISTENT}) {
        Session s = f.auto();
        MessageConsumer red = s.createConsumer(f.queue(s), "color = 'red'");
        MessageProducer p = s.createProducer(f.queue(s)); p.setDeliveryMode(mode);
        for (int i = 0; i < 9; i++) p.send(colored(s, i % 3 == 0 ? "red" : i % 3 == 1 ? "green" : "blue", i));
        MessageConsumer green = s.createConsumer(f.queue(s), "color LIKE 'gr_en' AND number BETWEEN 2 AND 7");
        for (String text : new String[] {"red0", "red3", "red6"}) same(text, text(receive(red)));
        for (String text : new String[] {"green4", "green7"}) same(text, text(receive(green)));
        nothing(red); nothing(green); red.close(); green.close();
        MessageConsumer rest = s.createConsumer(f.queue(s));
        for (String text : new String[] {"green1", "blue2", "blue5", "blue8"}) same(text, text(receive(rest)));
        nothing(rest); rest.close();
      }
    });
    check("selectors-on-a-topic", f -> {
      Session s = f.auto();
      MessageConsumer even = s.createConsumer(f.topic(s), "even"), odd = s.createConsumer(s.createTopic("SUITE.>"), "NOT even OR color IN ('red')");
      MessageProducer p = s.createProducer(f.topic(s));
      p.send(colored(s, "red", 1)); p.send(colored(s, "red", 2)); p.send(colored(s, "blue", 4)); p.send(s.createTextMessage("plain"));
      same("red2", text(receive(even))); same("blue4", text(receive(even))); nothing(even);
      same("red1", text(receive(odd))); same("red2", text(receive(odd))); nothing(odd);
    });
    check("selectors-over-every-type-and-header", f -> {
      Session s = f.auto();
      MessageProducer p = s.createProducer(f.topic(s));
      for (String selector : new String[] {"color = 'it''s'", "large = " + (Long.MAX_VALUE - 2), "half = 1", "half >= 1.0 AND even = TRUE", "number + 3 = 5",
          "JMSPriority > 4", "JMSType = 't2'", "JMSCorrelationID = 'c2'", "JMSDeliveryMode = 'PERSISTENT'", "JMSMessageID LIKE 'ID:%' AND number = 2",
          "JMSTimestamp BETWEEN 1500000000000 AND JMSExpiration - 1", "JMSExpiration > 0", "JMSDestination = 'topic://SUITE.' + 'selectors-over-every-type-and-header' AND even"}) {
        MessageConsumer c = s.createConsumer(f.topic(s), selector);
        p.send(colored(s, "other", 1), DeliveryMode.NON_PERSISTENT, 3, 0);
        p.send(colored(s, "it's", 2), DeliveryMode.PERSISTENT, 8, 600_000);
        try { same("it's2", text(receive(c))); } catch (AssertionError e) { throw new AssertionError(selector + ": " + e.getMessage()); }
        c.close();
      }
    });
    check("selectors-behind-a-backlog", f -> {
      Session s = f.auto();
      MessageProducer p = s.createProducer(f.queue(s)); p.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
      for (int i = 0; i < 3000; i++) p.send(colored(s, "grey", i));
      p.send(colored(s, "red", 3000));
      MessageConsumer none = s.createConsumer(f.queue(s), "color = 'none'"), red = s.createConsumer(f.queue(s), "color = 'red'");
      same("red3000", text(receive(red))); nothing(none);
    });
    check("selectors-that-only-the-broker-refuses", f -> {
      Session s = f.auto();
      try { s.createConsumer(f.queue(s), "number > 9223372036854775808"); throw new AssertionError("it was accepted"); }
      catch (InvalidSelectorException expected) { expect(expected.getMessage().contains("at character 10 a number was expected"), expected.getMessage()); }
      try { s.createConsumer(f.queue(s), "number >"); throw new AssertionError("it was accepted"); } catch (InvalidSelectorException expected) { }
      send(s, f.queue(s), "after"); same("after", text(receive(s.createConsumer(f.queue(s)))));
    });
  }

  static List<String> browsed(QueueBrowser b) throws JMSException {
    List<String> seen = new ArrayList<>();
    for (Enumeration<?> e = b.getEnumeration(); e.hasMoreElements(); ) seen.add(text((Message) e.nextElement()));
    return seen;
  }

  static void browsers() {
    check("browsers-see-what-consumers-hold-and-take-nothing", f -> {
      Session s = f.auto(), t = f.session(Session.CLIENT_ACKNOWLEDGE);
      same(Arrays.asList(), browsed(s.createBrowser(f.queue(s))));
      send(s, f.queue(s), "a", "b", "c");
      MessageConsumer c = t.createConsumer(f.queue(t)); Message a = receive(c);
      QueueBrowser b = s.createBrowser(f.queue(s));
      same(Arrays.asList("a", "b", "c"), browsed(b));
      a.acknowledge();
      same(Arrays.asList("b", "c"), browsed(b));
      b.close();
      same("b", text(receive(c))); same("c", text(receive(c))); nothing(c);
    });
    check("browsers-with-a-selector-while-others-consume", f -> {
      Session s = f.auto(), t = f.auto();
      MessageProducer p = s.createProducer(f.queue(s)); p.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
      for (int i = 0; i < 3000; i++) p.send(colored(s, i % 300 == 299 ? "red" : "grey", i));
      MessageConsumer c = t.createConsumer(f.queue(t));
      Thread consuming = new Thread(() -> { try { for (int i = 0; i < 200; i++) receive(c); } catch (JMSException e) { throw new RuntimeException(e); } });
      consuming.start();
      List<String> all = browsed(s.createBrowser(f.queue(s)));
      same(Arrays.asList("red299", "red599", "red899", "red1199", "red1499", "red1799", "red2099", "red2399", "red2699", "red2999"), browsed(s.createBrowser(f.queue(s), "color = 'red'")));
      consuming.join();
      expect(all.size() >= 2800 && new HashSet<>(all).size() == all.size(), all.size() + " were seen");
      List<String> last = all.subList(all.size() - 2800, all.size());
      for (int i = 0; i < 2800; i++) same((i % 300 == 99 ? "red" : "grey") + (i + 200), last.get(i));
      same(2800, browsed(s.createBrowser(f.queue(s))).size());
    });
    check("browsers-in-every-kind-of-session", f -> {
      Session s = f.auto(); String[] texts = new String[1500]; for (int i = 0; i < texts.length; i++) texts[i] = "" + i;
      send(s, f.queue(s), texts);
      for (int mode : new int[] {Session.SESSION_TRANSACTED, Session.CLIENT_ACKNOWLEDGE, Session.DUPS_OK_ACKNOWLEDGE, 4}) {
        Session t = f.session(mode);
        same(Arrays.asList(texts), browsed(t.createBrowser(f.queue(t)))); t.close();
      }
      for (String options : new String[] {"jms.prefetchPolicy.queueBrowserPrefetch=1", "jms.optimizeAcknowledge=true"}) {
        ActiveMQConnection other = f.connect(options); other.start();
        Session t = other.createSession(false, Session.AUTO_ACKNOWLEDGE);
        same(Arrays.asList(texts), browsed(t.createBrowser(f.queue(t)))); other.close();
      }
      ActiveMQConnection pulling = f.connect("jms.prefetchPolicy.queueBrowserPrefetch=0"); pulling.start();
      Session t = pulling.createSession(false, Session.AUTO_ACKNOWLEDGE); Queue few = t.createQueue("SUITE." + f.name + ".few");
      send(t, few, "a", "b"); same(Arrays.asList("a", "b"), browsed(t.createBrowser(few)));
    });
    check("browsers-of-several-queues-closed-early", f -> {
      Session s = f.auto(); String name = "SUITE." + f.name;
      send(s, s.createQueue(name + ".B"), "b1", "b2"); send(s, s.createQueue(name + ".A"), "a1");
      List<String> all = browsed(s.createBrowser(s.createQueue(name + ".A," + name + ".B")));
      Collections.sort(all); same(Arrays.asList("a1", "b1", "b2"), all);
      all = browsed(s.createBrowser(s.createQueue(name + ".*"))); Collections.sort(all); same(Arrays.asList("a1", "b1", "b2"), all);
      QueueBrowser early = s.createBrowser(s.createQueue(name + ".B")); same("b1", text((Message) early.getEnumeration().nextElement())); early.close();
      MessageConsumer c = s.createConsumer(s.createQueue(name + ".B")); same("b1", text(receive(c))); same("b2", text(receive(c)));
    });
  }

  static void temporaries() {
    check("temporary-queue-known-to-late-connection", f -> {
      Session s = f.auto(); TemporaryQueue q = s.createTemporaryQueue(); MessageConsumer c = s.createConsumer(q);
      ActiveMQConnection late = f.connect(""); late.start();
      Session t = late.createSession(false, Session.AUTO_ACKNOWLEDGE);
      send(t, q, "hello"); same("hello", text(receive(c)));
    });
    check("deleted-temporary-queue-refuses-sends", f -> {
      Session s = f.auto(); TemporaryQueue q = s.createTemporaryQueue();
      ActiveMQConnection late = f.connect(""); late.start();
      Session t = late.createSession(false, Session.AUTO_ACKNOWLEDGE);
      MessageProducer p = t.createProducer(q); p.send(t.createTextMessage("1"));
      q.delete();
      try { p.send(t.createTextMessage("2")); throw new AssertionError("send to a deleted temporary queue succeeded"); }
      catch (JMSException expected) { }
    });
    check("temporary-topic", f -> {
      Session s = f.auto(); TemporaryTopic q = s.createTemporaryTopic(); MessageConsumer c = s.createConsumer(q);
      send(s, q, "t"); same("t", text(receive(c)));
    });
    check("destination-source-sees-queues", f -> {
      Session s = f.auto(); send(s, f.queue(s), "x");
      org.apache.activemq.advisory.DestinationSource source = f.connection.getDestinationSource();
      for (int i = 0; i < 100 && !source.getQueues().contains(f.queue(s)); i++) Thread.sleep(20);
      expect(source.getQueues().contains(f.queue(s)), "queue is not in " + source.getQueues());
    });
  }

  static void virtualDestinations() {
    check("virtual-topic", f -> {
      Session s = f.auto();
      String name = "VirtualTopic." + f.name;
      MessageConsumer a1 = s.createConsumer(s.createQueue("Consumer.a." + name)), a2 = s.createConsumer(s.createQueue("Consumer.a." + name));
      MessageConsumer b = s.createConsumer(s.createQueue("Consumer.b." + name)), topic = s.createConsumer(s.createTopic(name));
      for (int mode : new int[] {DeliveryMode.PERSISTENT, DeliveryMode.NON_PERSISTENT}) {
        MessageProducer p = s.createProducer(s.createTopic(name)); p.setDeliveryMode(mode);
        for (int i = 0; i < 10; i++) { TextMessage m = s.createTextMessage(mode + "-" + i); m.setIntProperty("i", i); p.send(m); }
        for (int i = 0; i < 10; i++) {
          TextMessage m = (TextMessage) receive(b);
          same(mode + "-" + i, m.getText()); same(i, m.getIntProperty("i")); same(mode, m.getJMSDeliveryMode()); same(s.createQueue("Consumer.b." + name), m.getJMSDestination());
          same(mode + "-" + i, text(receive(topic)));
        }
        for (int i = 0; i < 5; i++) { receive(a1); receive(a2); }
        nothing(a1); nothing(a2);
      }
    });
    check("virtual-topic-for-a-consumer-that-is-away", f -> {
      Session s = f.auto();
      Queue queue = s.createQueue("Consumer.a.VirtualTopic." + f.name);
      s.createConsumer(queue).close();
      send(s, s.createTopic("VirtualTopic." + f.name), "one", "two");
      MessageConsumer c = s.createConsumer(queue);
      same("one", text(receive(c))); same("two", text(receive(c)));
    });
    check("virtual-topic-in-a-transaction", f -> {
      Session s = f.session(Session.SESSION_TRANSACTED), r = f.auto();
      MessageConsumer a = r.createConsumer(r.createQueue("Consumer.a.VirtualTopic." + f.name)), b = r.createConsumer(r.createQueue("Consumer.b.VirtualTopic." + f.name));
      send(s, s.createTopic("VirtualTopic." + f.name), "lost"); s.rollback();
      send(s, s.createTopic("VirtualTopic." + f.name), "one", "two"); nothing(a); s.commit();
      for (MessageConsumer c : new MessageConsumer[] {a, b}) { same("one", text(receive(c))); same("two", text(receive(c))); nothing(c); }
    });
    check("virtual-topic-with-a-wildcard-consumer", f -> {
      Session s = f.auto();
      MessageConsumer c = s.createConsumer(s.createQueue("Consumer.a.VirtualTopic." + f.name + ".>"));
      send(s, s.createTopic("VirtualTopic." + f.name + ".x"), "one"); send(s, s.createTopic("VirtualTopic." + f.name + ".y.z"), "two");
      same("one", text(receive(c))); same("two", text(receive(c)));
    });
    check("options-in-the-name-of-a-destination", f -> {
      Session s = f.auto();
      String name = "SUITE." + f.name;
      MessageConsumer none = s.createConsumer(s.createQueue(name + "?consumer.priority=-1")), first = s.createConsumer(s.createQueue(name + "?consumer.prefetchSize=2&consumer.exclusive=true&unknown=1"));
      send(s, s.createQueue(name + "?producer.windowSize=100000"), "one", "two", "three");
      for (String t : new String[] {"one", "two", "three"}) { Message m = receive(first); same(t, text(m)); same(s.createQueue(name), m.getJMSDestination()); }
      nothing(none);
      try { s.createConsumer(s.createQueue(name + "?consumer.nosuch=1")); expect(false, "taken"); } catch (JMSException refused) { same("org.apache.activemq.ConfigurationException", refused.getClass().getName()); }
    });
  }

  static void pressure() {
    check("producer-window", f -> {
      ActiveMQConnection w = f.connect("jms.producerWindowSize=20000&jms.useAsyncSend=true"); w.start();
      Session s = w.createSession(false, Session.AUTO_ACKNOWLEDGE);
      MessageProducer p = s.createProducer(f.queue(s)); p.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
      for (int i = 0; i < 500; i++) p.send(s.createTextMessage("" + i));
      MessageConsumer c = s.createConsumer(f.queue(s));
      for (int i = 0; i < 500; i++) same("" + i, text(receive(c)));
    });
    check("async-persistent-sends", f -> {
      ActiveMQConnection w = f.connect("jms.useAsyncSend=true"); w.start();
      Session s = w.createSession(false, Session.AUTO_ACKNOWLEDGE);
      MessageProducer p = s.createProducer(f.queue(s));
      for (int i = 0; i < 2000; i++) p.send(s.createTextMessage("" + i));
      MessageConsumer c = s.createConsumer(f.queue(s));
      for (int i = 0; i < 2000; i++) same("" + i, text(receive(c)));
    });
    check("backlog-of-twenty-thousand", f -> {
      Session s = f.session(Session.SESSION_TRANSACTED);
      MessageProducer p = s.createProducer(f.queue(s));
      byte[] body = new byte[1024];
      for (int i = 0; i < 20_000; i++) { BytesMessage m = s.createBytesMessage(); m.writeBytes(body); m.setIntProperty("n", i); p.send(m); if (i % 500 == 499) s.commit(); }
      MessageConsumer c = s.createConsumer(f.queue(s));
      for (int i = 0; i < 20_000; i++) { same(i, receive(c).getIntProperty("n")); if (i % 500 == 499) s.commit(); }
      nothing(c);
    });
  }

  static void errors() {
    check("duplicate-client-id-is-refused", f -> {
      ActiveMQConnection a = f.connect("jms.clientID=twice-" + f.hashCode()); a.start();
      try { ActiveMQConnection b = f.connect("jms.clientID=" + a.getClientID()); b.start(); throw new AssertionError("second connection was accepted"); }
      catch (InvalidClientIDException expected) { expect(expected.getMessage().contains("already connected"), expected.getMessage()); }
    });
    check("send-to-wildcard-goes-to-the-queue-of-that-name", f -> {
      Session s = f.auto();
      send(s, s.createQueue("SUITE.literal.*"), "x");
      Message m = receive(s.createConsumer(s.createQueue("SUITE.literal.>")));
      same("x", text(m)); same("queue://SUITE.literal.*", m.getJMSDestination().toString());
    });
    check("session-goes-on-after-an-error", f -> {
      Session s = f.auto();
      try { send(s, s.createQueue("SUITE.\u0007bell"), "x"); throw new AssertionError("send to a name with a control character succeeded"); }
      catch (InvalidDestinationException expected) { }
      send(s, f.queue(s), "after"); same("after", text(receive(s.createConsumer(f.queue(s)))));
    });
    check("many-connections-open-and-close", f -> {
      for (int i = 0; i < 50; i++) {
        ActiveMQConnection c = f.connect(""); c.start();
        Session s = c.createSession(false, Session.AUTO_ACKNOWLEDGE); send(s, f.queue(s), "" + i); c.close();
      }
      Session s = f.auto(); MessageConsumer c = s.createConsumer(f.queue(s));
      for (int i = 0; i < 50; i++) same("" + i, text(receive(c)));
    });
  }
}
