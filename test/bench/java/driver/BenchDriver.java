// The client side of every bench cell, for all brokers the same: the stock ActiveMQ client with its defaults, one
// connection per producer and per consumer. Driven by the harness, a command per line with key=value arguments:
//
//   load      producers consumers destination topic durable persistent transaction size outstanding rate selectors groups
//             priorities consumeFrom warmupMs measureMs: prints "begin" and "end" around the measured window, then a line of
//             JSON. Behind consumeFrom is the broker of the consumers, where it is not that of the producers: then the warm-up
//             begins when a first message has come through
//   fill      count transaction size
//   drain     count transaction
//   browse    count rounds: looks at the whole queue, one time after the other
//   first     url send=true|false: tries until a message has come, then prints "received" and JSON
//   neighbours pairs size warmupMs measureMs: prints "alone" when it has measured, and after the line "again" JSON of what was
//             measured before and after it (Neighbours.java)
//   trouble   destination topic persistent stuck size upTo rate: JSON when it has all that it can get; goes on (Troublemaker.java)
//   mesh      queues consumers changes messages size settleMs churnMs: prints "begin" and "end" around the window in which
//             consumers come, go and move, and JSON of what became of messages sent while they went on (Mesh.java)
//   takeover  works until the line "stop"; says how long its producer and its consumer stood still around each kill
//   quit
//
// Every answer is one line of JSON, {"failed": …} when it could not be done. Flow: producers pause while more than
// `outstanding` messages are on their way, so that what is measured is a steady state and not a growing backlog; in a
// load without consumers they never pause, as there the growing backlog is what is asked for.
// The first 8 bytes of a body are the time at which its sending was due (System.nanoTime of this process).
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicLong;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnectionFactory;

public class BenchDriver {
  static final BlockingQueue<String> commands = new LinkedBlockingQueue<>();

  public static void main(String[] args) throws Exception {
    String url = args[0];
    Thread reader = new Thread(() -> {
      try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in))) {
        for (String line; (line = in.readLine()) != null; ) commands.add(line);
      } catch (Exception e) { e.printStackTrace(); }
      commands.add("quit");
    });
    reader.setDaemon(true); reader.start();
    System.out.println("ready");
    for (;;) {
      String[] words = commands.take().split(" ");
      if (words[0].equals("quit")) System.exit(0);
      Map<String, String> options = new HashMap<>();
      for (int i = 1; i < words.length; i++) { int at = words[i].indexOf('='); options.put(words[i].substring(0, at), words[i].substring(at + 1)); }
      try {
        switch (words[0]) {
          case "load": new Load(url, options).run(); break;
          case "fill": print(fill(url, options)); break;
          case "drain": print(drain(url, options)); break;
          case "browse": print(browse(url, options)); break;
          case "first": print(first(options)); break;
          case "neighbours": new Neighbours(url, options).run(); break;
          case "trouble": print(new Troublemaker(url, options).settle()); break;
          case "mesh": new Mesh(url.split(","), options).run(); break;
          case "takeover": print(takeover(url, options)); break;
          default: throw new IllegalArgumentException("no such command: " + words[0]);
        }
      } catch (Throwable t) { print("{\"failed\":\"" + String.valueOf(t).replaceAll("[\"\\\\\\s]+", " ") + "\"}"); }
    }
  }

  static void print(String line) { System.out.println(line); System.out.flush(); }
  static int number(Map<String, String> options, String name, int otherwise) { String v = options.get(name); return v == null ? otherwise : Integer.parseInt(v); }
  static boolean flag(Map<String, String> options, String name) { return "true".equals(options.get(name)); }

  static Connection connect(String url) throws JMSException { return connect(url, null); }

  static Connection connect(String url, String clientId) throws JMSException {
    Connection connection = new ActiveMQConnectionFactory(url).createConnection();
    if (clientId != null) connection.setClientID(clientId);
    connection.start();
    return connection;
  }

  static Destination destination(Session session, Map<String, String> options) throws JMSException {
    String name = options.getOrDefault("destination", "BENCH");
    return flag(options, "topic") ? session.createTopic(name) : session.createQueue(name);
  }

  static void stamp(byte[] body, long value) { for (int i = 0; i < 8; i++) body[i] = (byte) (value >>> (56 - 8 * i)); }

  static long dueOf(Message message) throws JMSException {
    return ((BytesMessage) message).readLong();
  }

  /** A body that neither a compressor nor a page of zeros makes cheaper. */
  static byte[] body(int size, int seed) { byte[] body = new byte[size]; new Random(seed).nextBytes(body); return body; }

  // -------------------------------------------------------------------------------------------------------------- load

  static final class Samples {
    long[] values = new long[4096]; int count;
    void add(long value) { if (count == values.length) values = Arrays.copyOf(values, count * 2); values[count++] = value; }
  }

  static String percentiles(List<Samples> all) {
    int count = 0; for (Samples s : all) count += s.count;
    if (count == 0) return "null";
    long[] sorted = new long[count]; int at = 0;
    for (Samples s : all) { System.arraycopy(s.values, 0, sorted, at, s.count); at += s.count; }
    Arrays.sort(sorted);
    return String.format(Locale.ROOT, "{\"count\":%d,\"p50Us\":%d,\"p99Us\":%d,\"p999Us\":%d,\"maxUs\":%d}", count, sorted[(int) (0.5 * (count - 1))] / 1000,
      sorted[(int) (0.99 * (count - 1))] / 1000, sorted[(int) (0.999 * (count - 1))] / 1000, sorted[count - 1] / 1000);
  }

  static final class Load {
    final String url, consumerUrl; final Map<String, String> options;
    final int producers, consumers, transaction, size, rate; final boolean topic, durable, persistent; final long outstanding;
    /** Consumers with a selector each, so many different ones; groups that the messages belong to in turn. 0: none. */
    final int selectors, groups;
    /** Each message has the next of the ten priorities. */
    final boolean priorities;
    final AtomicLong[] sent, received;
    final Collection<String> problems = new ConcurrentLinkedQueue<>();
    final List<Samples> deliveries = new ArrayList<>(), answers = new ArrayList<>();
    volatile boolean stopProducers, stopConsumers;
    volatile long begin = Long.MAX_VALUE, end = Long.MAX_VALUE;

    Load(String url, Map<String, String> options) {
      this.url = url; this.options = options; consumerUrl = options.getOrDefault("consumeFrom", url);
      producers = number(options, "producers", 1); consumers = number(options, "consumers", 1);
      transaction = number(options, "transaction", 0); size = number(options, "size", 1024); rate = number(options, "rate", 0);
      topic = flag(options, "topic"); durable = flag(options, "durable"); persistent = flag(options, "persistent"); outstanding = number(options, "outstanding", 10000);
      selectors = number(options, "selectors", 0); groups = number(options, "groups", 0); priorities = flag(options, "priorities");
      sent = counters(producers); received = counters(consumers);
    }

    static AtomicLong[] counters(int n) { AtomicLong[] all = new AtomicLong[n]; for (int i = 0; i < n; i++) all[i] = new AtomicLong(); return all; }
    static long sum(AtomicLong[] all) { long sum = 0; for (AtomicLong one : all) sum += one.get(); return sum; }

    void run() throws Exception {
      List<Connection> connections = new ArrayList<>();
      List<Thread> consuming = new ArrayList<>(), producing = new ArrayList<>();
      for (int i = 0; i < consumers; i++) { Connection c = connect(consumerUrl, durable ? "bench-" + i : null); connections.add(c); consuming.add(consumer(i, c)); }
      for (int i = 0; i < producers; i++) { Connection c = connect(url); connections.add(c); producing.add(producer(i, c)); }
      for (Thread t : consuming) t.start();
      for (Thread t : producing) t.start();
      if (!consumerUrl.equals(url)) awaitReceived(1);
      Thread.sleep(number(options, "warmupMs", 5000));
      print("begin");
      long beginAt = System.nanoTime(), received0 = sum(received), sent0 = sum(sent);
      begin = beginAt;
      Thread.sleep(number(options, "measureMs", 10000));
      end = System.nanoTime();
      long received1 = sum(received), sent1 = sum(sent), elapsed = end - beginAt;
      print("end");
      stopProducers = true;
      for (Thread t : producing) t.join(30_000);
      long expected = sum(sent) * copies();
      awaitReceived(expected);
      Thread.sleep(100);
      stopConsumers = true;
      for (Thread t : consuming) t.join(10_000);
      for (Connection c : connections) c.close();
      print(String.format(Locale.ROOT, "{\"elapsedMs\":%.1f,\"sent\":%d,\"received\":%d,\"sentInAll\":%d,\"expectedInAll\":%d,\"receivedInAll\":%d,\"delivery\":%s,\"answer\":%s,\"problems\":\"%s\"}",
        elapsed / 1e6, sent1 - sent0, received1 - received0, sum(sent), expected, sum(received), percentiles(deliveries), percentiles(answers), String.join("; ", problems).replaceAll("[\"\\\\\\s]+", " ")));
    }

    /** Until so many have come, or none for a while. */
    void awaitReceived(long wanted) throws InterruptedException {
      for (long seen = -1, since = System.nanoTime(), now; (now = sum(received)) < wanted; Thread.sleep(2)) {
        if (now != seen) { seen = now; since = System.nanoTime(); }
        else if (System.nanoTime() - since > 30_000_000_000L) return;
      }
    }

    /** Deliveries that each message has: one of a queue, unless nobody consumes it. */
    int copies() { return topic ? consumers : Math.min(consumers, 1); }

    boolean measured(long due) { return due >= begin && due < end; }

    Thread producer(int index, Connection connection) throws JMSException {
      Session session = connection.createSession(transaction > 0, transaction > 0 ? Session.SESSION_TRANSACTED : Session.AUTO_ACKNOWLEDGE);
      MessageProducer producer = session.createProducer(destination(session, options));
      producer.setDeliveryMode(persistent ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT);
      Samples samples = new Samples(); answers.add(samples);
      return new Thread(() -> {
        try {
          byte[] body = body(size, index);
          long interval = rate == 0 ? 0 : 1_000_000_000L * producers / rate, start = System.nanoTime() + interval * index / producers;
          for (long n = 0; !stopProducers; n++) {
            long due;
            if (rate > 0) {
              due = start + n * interval;
              for (long left; (left = due - System.nanoTime()) > 0; ) Thread.sleep(left / 1_000_000, (int) (left % 1_000_000));
            } else {
              if (n % 32 == 0) pause();
              due = System.nanoTime();
            }
            stamp(body, due);
            BytesMessage message = session.createBytesMessage();
            message.writeBytes(body);
            if (selectors > 0) message.setIntProperty("key", (int) (n % selectors));
            if (groups > 0) message.setStringProperty("JMSXGroupID", "group-" + n % groups);
            if (priorities) producer.setPriority((int) (n % 10));
            producer.send(message);
            if (transaction > 0) { if ((n + 1) % transaction == 0) { session.commit(); sent[index].addAndGet(transaction); } }
            else sent[index].lazySet(n + 1);
            if (rate > 0 && measured(due)) samples.add(System.nanoTime() - due);
          }
          if (transaction > 0) session.rollback();
        } catch (Throwable t) { problems.add("producer " + index + ": " + t); }
      }, "producer-" + index);
    }

    void pause() throws InterruptedException {
      long copies = copies();
      while (!stopProducers && sum(sent) * copies - sum(received) > outstanding * copies) Thread.sleep(1);
    }

    Thread consumer(int index, Connection connection) throws JMSException {
      Session session = connection.createSession(transaction > 0, transaction > 0 ? Session.SESSION_TRANSACTED : Session.AUTO_ACKNOWLEDGE);
      Destination from = destination(session, options);
      String selector = selectors > 0 ? "key = " + index % selectors : null;
      MessageConsumer consumer = durable ? session.createDurableSubscriber((Topic) from, "bench", selector, false) : session.createConsumer(from, selector);
      Samples samples = new Samples(); deliveries.add(samples);
      AtomicLong count = received[index];
      if (transaction == 0) {
        consumer.setMessageListener(message -> {
          try {
            if (rate > 0) { long due = dueOf(message); if (measured(due)) samples.add(System.nanoTime() - due); }
            count.lazySet(count.get() + 1);
          } catch (Throwable t) { problems.add("consumer " + index + ": " + t); }
        });
        return new Thread(() -> { });
      }
      return new Thread(() -> {
        try {
          int open = 0;
          while (!stopConsumers) {
            Message message = consumer.receive(20);
            if (message != null) open++;
            if (open == transaction || message == null && open > 0) { session.commit(); count.lazySet(count.get() + open); open = 0; }
          }
        } catch (Throwable t) { problems.add("consumer " + index + ": " + t); }
      }, "consumer-" + index);
    }
  }

  // ----------------------------------------------------------------------------------------------------------- backlog

  static String fill(String url, Map<String, String> options) throws Exception {
    int count = number(options, "count", 1000), transaction = number(options, "transaction", 100);
    Connection connection = connect(url);
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    MessageProducer producer = session.createProducer(destination(session, options));
    producer.setDeliveryMode(DeliveryMode.PERSISTENT);
    byte[] body = body(number(options, "size", 1024), 0);
    long start = System.nanoTime();
    for (int n = 1; n <= count; n++) {
      stamp(body, n);
      BytesMessage message = session.createBytesMessage();
      message.writeBytes(body);
      producer.send(message);
      if (n % transaction == 0 || n == count) session.commit();
    }
    long elapsed = System.nanoTime() - start;
    connection.close();
    return String.format(Locale.ROOT, "{\"elapsedMs\":%.1f,\"messages\":%d}", elapsed / 1e6, count);
  }

  static String drain(String url, Map<String, String> options) throws Exception {
    int count = number(options, "count", 1000), transaction = number(options, "transaction", 100), got = 0;
    long start = System.nanoTime(), outOfOrder = 0, newest = 0;
    Connection connection = connect(url);
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    MessageConsumer consumer = session.createConsumer(destination(session, options));
    while (got < count) {
      Message message = consumer.receive(60_000);
      if (message == null) throw new RuntimeException("no message for 60 s after " + got + " of " + count);
      long n = dueOf(message);
      if (n != newest + 1) outOfOrder++;
      newest = n;
      if (++got % transaction == 0 || got == count) session.commit();
    }
    long elapsed = System.nanoTime() - start;
    connection.close();
    return String.format(Locale.ROOT, "{\"elapsedMs\":%.1f,\"messages\":%d,\"outOfOrder\":%d}", elapsed / 1e6, got, outOfOrder);
  }

  static String browse(String url, Map<String, String> options) throws Exception {
    int count = number(options, "count", 1000), rounds = number(options, "rounds", 1);
    Connection connection = connect(url);
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    long start = System.nanoTime();
    for (int round = 0; round < rounds; round++) {
      QueueBrowser browser = session.createBrowser((javax.jms.Queue) destination(session, options));
      long newest = 0;
      for (Enumeration<?> all = browser.getEnumeration(); all.hasMoreElements(); ) {
        long n = dueOf((Message) all.nextElement());
        if (n != newest + 1) throw new RuntimeException("message " + n + " was seen after " + newest);
        newest = n;
      }
      if (newest != count) throw new RuntimeException(newest + " of " + count + " messages were seen");
      browser.close();
    }
    long elapsed = System.nanoTime() - start;
    connection.close();
    return String.format(Locale.ROOT, "{\"elapsedMs\":%.1f,\"messages\":%d}", elapsed / 1e6, (long) count * rounds);
  }

  /** Tries until a message has come; with send=true it sends that message itself. The harness takes the time. */
  static String first(Map<String, String> options) throws Exception {
    String url = options.get("url");
    long deadline = System.nanoTime() + 1000_000_000L * number(options, "timeoutSeconds", 120);
    int attempts = 0;
    for (;;) {
      attempts++;
      Connection connection = null;
      try {
        connection = connect(url);
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        MessageConsumer consumer = session.createConsumer(destination(session, options));
        if (flag(options, "send")) {
          MessageProducer producer = session.createProducer(destination(session, options));
          BytesMessage message = session.createBytesMessage();
          message.writeBytes(body(1024, 0));
          producer.send(message);
        }
        Message message = consumer.receive(60_000);
        if (message == null) throw new RuntimeException("no message for 60 s");
        print("received");
        connection.close();
        return "{\"attempts\":" + attempts + "}";
      } catch (JMSException e) {
        if (connection != null) try { connection.close(); } catch (JMSException ignored) { }
        if (System.nanoTime() > deadline) throw e;
        Thread.sleep(5);
      }
    }
  }

  // ---------------------------------------------------------------------------------------------------------- takeover

  static String takeover(String url, Map<String, String> options) throws Exception {
    Connection producing = connect(url), consuming = connect(url);
    AtomicLong lastReceived = new AtomicLong(System.nanoTime());
    List<String> gaps = Collections.synchronizedList(new ArrayList<>());
    Session inbox = consuming.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Set<Long> delivered = ConcurrentHashMap.newKeySet();
    inbox.createConsumer(destination(inbox, options)).setMessageListener(message -> {
      try { delivered.add(dueOf(message)); } catch (JMSException e) { e.printStackTrace(); }
      gap(gaps, "consumer", lastReceived.get()); lastReceived.set(System.nanoTime());
    });
    Session session = producing.createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageProducer producer = session.createProducer(destination(session, options));
    producer.setDeliveryMode(DeliveryMode.PERSISTENT);
    byte[] body = body(1024, 0);
    long n = 0, last = System.nanoTime();
    print("running");
    while (!"stop".equals(commands.peek())) {
      stamp(body, n);
      BytesMessage message = session.createBytesMessage();
      message.writeBytes(body);
      last = System.nanoTime();
      producer.send(message);
      gap(gaps, "producer", last);
      n++;
      Thread.sleep(2);
    }
    commands.take();
    for (int i = 0; i < 500 && delivered.size() < n; i++) Thread.sleep(10);
    producing.close(); consuming.close();
    return "{\"messages\":" + n + ",\"lost\":" + (n - delivered.size()) + ",\"gaps\":[" + String.join(",", gaps) + "]}";
  }

  static final int NOTABLE_GAP_MS = 20;

  static void gap(List<String> gaps, String client, long since) {
    long ms = (System.nanoTime() - since) / 1_000_000;
    if (ms >= NOTABLE_GAP_MS) gaps.add("{\"client\":\"" + client + "\",\"endedAt\":" + System.currentTimeMillis() + ",\"ms\":" + ms + "}");
  }
}
