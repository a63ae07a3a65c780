// Consumers that come, go and move between the brokers of a mesh: first while nobody sends, so that all that the brokers say to each
// other is about consumers; then while each broker has a producer that sends to all queues. Afterwards each queue has a consumer on
// some broker, and it must get what was sent, wherever that is by now. What does not come is asked for on every broker: if it comes
// then it was stuck, if not it is lost. A consumer is a session with a listener; sessions of one broker share connections.
import java.util.*;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import javax.jms.*;

final class Mesh {
  static final int CONNECTIONS = 8;
  static final int AWAY = -1;
  /** What is said of the last change has been said. */
  static final int AFTERMATH_MS = 1_000;
  /** Without a delivery, until nothing counts as on its way: brokers look at what is stuck every 30 s. */
  static final int QUIET_MS = 45_000;
  static final int DRAINED_MS = 10_000;

  final String[] urls; final int queues, moves, messages, settleMs, churnMs;
  final Random random = new Random(14);
  final Connection[][] connections;
  final Place[] places;
  final Set<Long> sent = ConcurrentHashMap.newKeySet(), received = ConcurrentHashMap.newKeySet();
  final AtomicLong duplicates = new AtomicLong(), next = new AtomicLong();
  final Collection<String> problems = new ConcurrentLinkedQueue<>();
  volatile boolean stopProducers;
  long changes;

  /** A consumer of always the same queue, wherever it is. */
  final class Place {
    final String queue; int broker = AWAY; Session session;
    Place(int queue) { this.queue = nameOf(queue); }

    void come(int to) throws JMSException { session = consume(to, queue); broker = to; changes++; }
    void go() throws JMSException { session.close(); broker = AWAY; changes++; }

    void move() throws JMSException {
      if (broker == AWAY) { come(random.nextInt(urls.length)); return; }
      int from = broker;
      go();
      // One of five stays away for a while.
      if (random.nextInt(5) > 0) come((from + 1 + random.nextInt(urls.length - 1)) % urls.length);
    }
  }

  Mesh(String[] urls, Map<String, String> options) {
    this.urls = urls;
    queues = BenchDriver.number(options, "queues", 200);
    moves = BenchDriver.number(options, "moves", 50); messages = BenchDriver.number(options, "messages", 200);
    settleMs = BenchDriver.number(options, "settleMs", 5000); churnMs = BenchDriver.number(options, "churnMs", 60_000);
    connections = new Connection[urls.length][CONNECTIONS];
    places = new Place[BenchDriver.number(options, "consumers", 2000)];
    for (int i = 0; i < places.length; i++) places[i] = new Place(queueOf(i));
  }

  static String nameOf(int queue) { return "MESH." + queue; }

  /** Each queue has one consumer, and the more others the higher its number: only with few can a broker have none of them. */
  int queueOf(int place) { return place < queues ? place : (int) (queues * Math.sqrt(random.nextDouble())); }

  void run() throws Exception {
    for (int b = 0; b < urls.length; b++) for (int c = 0; c < CONNECTIONS; c++) connections[b][c] = BenchDriver.connect(urls[b]);
    for (Place place : places) place.come(random.nextInt(urls.length));
    Thread.sleep(settleMs);
    changes = 0;
    BenchDriver.print("begin");
    churn();
    Thread.sleep(AFTERMATH_MS);
    BenchDriver.print("end");
    long counted = changes;
    List<Thread> producers = new ArrayList<>();
    for (int b = 0; b < urls.length; b++) producers.add(producer(b));
    for (Thread producer : producers) producer.start();
    churn();
    stopProducers = true;
    for (Thread producer : producers) producer.join(30_000);
    for (int q = 0; q < queues; q++) if (lonely(nameOf(q))) places[q].come(random.nextInt(urls.length));
    long undelivered = awaitAll(QUIET_MS);
    for (int b = 0; undelivered > 0 && b < urls.length; b++) consume(b, "MESH.>");
    long lost = undelivered == 0 ? 0 : awaitAll(DRAINED_MS);
    BenchDriver.print(String.format(Locale.ROOT, "{\"changes\":%d,\"sent\":%d,\"undelivered\":%d,\"lost\":%d,\"duplicates\":%d,\"problems\":\"%s\"}",
      counted, sent.size(), undelivered, lost, duplicates.get(), String.join("; ", problems).replaceAll("[\"\\\\\\s]+", " ")));
  }

  /** At an even pace; when a broker is slower than that, as fast as it lets them. */
  void churn() throws Exception {
    long interval = 1_000_000_000L / moves, start = System.nanoTime(), end = start + churnMs * 1_000_000L;
    for (long due = start; due < end; due += interval) {
      long now = System.nanoTime();
      if (now >= end) return;
      if (now < due) Thread.sleep((due - now) / 1_000_000, (int) ((due - now) % 1_000_000));
      places[random.nextInt(places.length)].move();
    }
  }

  boolean lonely(String queue) {
    for (Place place : places) if (place.queue.equals(queue) && place.broker != AWAY) return false;
    return true;
  }

  Session consume(int broker, String queue) throws JMSException {
    Session session = connections[broker][random.nextInt(CONNECTIONS)].createSession(false, Session.AUTO_ACKNOWLEDGE);
    session.createConsumer(session.createQueue(queue)).setMessageListener(message -> {
      try { if (!received.add(BenchDriver.dueOf(message))) duplicates.incrementAndGet(); }
      catch (Throwable t) { problems.add("consumer of " + queue + ": " + t); }
    });
    return session;
  }

  /** Persistent: what was answered must not be lost. */
  Thread producer(int broker) throws JMSException {
    Session session = BenchDriver.connect(urls[broker]).createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageProducer producer = session.createProducer(null);
    byte[] body = BenchDriver.body(1024, broker);
    Random choice = new Random(broker);
    return new Thread(() -> {
      try {
        long interval = 1_000_000_000L * urls.length / messages;
        for (long due = System.nanoTime(); !stopProducers; due += interval) {
          for (long left; (left = due - System.nanoTime()) > 0; ) Thread.sleep(left / 1_000_000, (int) (left % 1_000_000));
          long number = next.getAndIncrement();
          BenchDriver.stamp(body, number);
          BytesMessage message = session.createBytesMessage();
          message.writeBytes(body);
          producer.send(session.createQueue(nameOf(choice.nextInt(queues))), message);
          sent.add(number);
        }
      } catch (Throwable t) { problems.add("producer " + broker + ": " + t); }
    }, "producer-" + broker);
  }

  /** What has not come when nothing has for so long. */
  long awaitAll(int quietMs) throws InterruptedException {
    long since = System.nanoTime();
    for (int seen = received.size(); missing() > 0 && System.nanoTime() - since < quietMs * 1_000_000L; Thread.sleep(50)) {
      int now = received.size();
      if (now != seen) { seen = now; since = System.nanoTime(); }
    }
    return missing();
  }

  long missing() { return sent.stream().filter(number -> !received.contains(number)).count(); }
}
