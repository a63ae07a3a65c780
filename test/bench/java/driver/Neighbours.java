// Pairs of one producer and one consumer, each on a destination of its own, measured twice: alone, and beside somebody who
// makes trouble meanwhile. The pairs take turns in what they are: queue, persistent queue, topic, persistent topic. Those that
// are persistent and those that are not run one after the other: beside pairs that never wait for an answer, how fast the others
// get theirs differs by a factor of two from window to window.
import java.util.*;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import javax.jms.*;

final class Neighbours {
  /** Of one pair on their way: all pairs together hold little of any limit. */
  static final int OUTSTANDING = 32;
  static final int DRAIN_MS = 3_000;
  static final int RESTING = -1;

  final String url; final int pairs, size, warmupMs, measureMs;
  final AtomicLong[] sent, received;
  final Collection<String> problems = new ConcurrentLinkedQueue<>();
  /** 0: those that are not persistent, 1: those that are. */
  volatile int group = RESTING;

  Neighbours(String url, Map<String, String> options) {
    this.url = url;
    pairs = BenchDriver.number(options, "pairs", 40); size = BenchDriver.number(options, "size", 1024);
    warmupMs = BenchDriver.number(options, "warmupMs", 5000); measureMs = BenchDriver.number(options, "measureMs", 5000);
    sent = BenchDriver.Load.counters(pairs); received = BenchDriver.Load.counters(pairs);
  }

  /** Connections are not closed: a send that waits for ever would hold that up. The harness ends the process. */
  void run() throws Exception {
    for (int i = 0; i < pairs; i++) { consume(i); produce(i).start(); }
    for (int g = 0; g < 2; g++) run(g);
    String alone = measure();
    BenchDriver.print("alone");
    BenchDriver.commands.take();
    String beside = measure();
    BenchDriver.print(String.format(Locale.ROOT, "{\"alone\":%s,\"beside\":%s,\"missing\":%d,\"problems\":\"%s\"}", alone, beside,
      missing(), String.join("; ", problems).replaceAll("[\"\\\\\\s]+", " ")));
  }

  /** Only these, warmed up. */
  void run(int g) throws InterruptedException { group = RESTING; drain(); group = g; Thread.sleep(warmupMs); }

  /** Messages a second of each pair. */
  String measure() throws InterruptedException {
    String[] rates = new String[pairs];
    for (int g = 0; g < 2; g++) {
      run(g);
      long[] before = counts(received);
      long beginAt = System.nanoTime();
      Thread.sleep(measureMs);
      long[] after = counts(received);
      double seconds = (System.nanoTime() - beginAt) / 1e9;
      for (int i = g; i < pairs; i += 2) rates[i] = String.format(Locale.ROOT, "%.1f", (after[i] - before[i]) / seconds);
    }
    group = RESTING;
    drain();
    return "[" + String.join(",", rates) + "]";
  }

  static long[] counts(AtomicLong[] all) { return Arrays.stream(all).mapToLong(AtomicLong::get).toArray(); }
  long missing() { return BenchDriver.Load.sum(sent) - BenchDriver.Load.sum(received); }
  void drain() throws InterruptedException { for (int ms = 0; ms < DRAIN_MS && missing() > 0; ms += 10) Thread.sleep(10); Thread.sleep(100); }

  static boolean topic(int index) { return index % 4 >= 2; }
  static boolean persistent(int index) { return index % 2 == 1; }

  static Destination destination(Session session, int index) throws JMSException {
    String name = "NEIGHBOUR." + index;
    return topic(index) ? session.createTopic(name) : session.createQueue(name);
  }

  void consume(int index) throws JMSException {
    Session session = BenchDriver.connect(url).createSession(false, Session.AUTO_ACKNOWLEDGE);
    AtomicLong count = received[index];
    session.createConsumer(destination(session, index)).setMessageListener(message -> count.lazySet(count.get() + 1));
  }

  Thread produce(int index) throws JMSException {
    Session session = BenchDriver.connect(url).createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageProducer producer = session.createProducer(destination(session, index));
    producer.setDeliveryMode(persistent(index) ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT);
    byte[] body = BenchDriver.body(size, index);
    return new Thread(() -> {
      try {
        for (long n = 0; ; n++) {
          while (group != index % 2 || n - received[index].get() >= OUTSTANDING) Thread.sleep(1);
          BytesMessage message = session.createBytesMessage();
          message.writeBytes(body);
          producer.send(message);
          sent[index].lazySet(n + 1);
        }
      } catch (Throwable t) { problems.add("pair " + index + ": " + t); }
    }, "pair-" + index);
  }
}
