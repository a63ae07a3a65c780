// Pairs of one producer and one consumer, each on a destination of its own, measured twice: alone, and beside somebody who
// makes trouble meanwhile. The pairs take turns in what they are: queue, persistent queue, topic, persistent topic.
import java.util.*;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import javax.jms.*;

final class Neighbours {
  /** Of one pair on their way: all pairs together hold little of any limit. */
  static final int OUTSTANDING = 32;
  static final int DRAIN_MS = 10_000;

  final String url; final int pairs, size, warmupMs, measureMs, settleMs;
  final AtomicLong[] sent, received;
  final Collection<String> problems = new ConcurrentLinkedQueue<>();
  volatile boolean sending = true;

  Neighbours(String url, Map<String, String> options) {
    this.url = url;
    pairs = BenchDriver.number(options, "pairs", 20); size = BenchDriver.number(options, "size", 1024);
    warmupMs = BenchDriver.number(options, "warmupMs", 5000); measureMs = BenchDriver.number(options, "measureMs", 5000);
    settleMs = BenchDriver.number(options, "settleMs", 1000);
    sent = BenchDriver.Load.counters(pairs); received = BenchDriver.Load.counters(pairs);
  }

  /** Connections are not closed: a send that waits for ever would hold that up. The harness ends the process. */
  void run() throws Exception {
    for (int i = 0; i < pairs; i++) { consume(i); produce(i).start(); }
    Thread.sleep(warmupMs);
    String alone = measure();
    sending = false;
    drain();
    BenchDriver.print("alone");
    BenchDriver.commands.take();
    sending = true;
    Thread.sleep(settleMs);
    String beside = measure();
    sending = false;
    drain();
    BenchDriver.print(String.format(Locale.ROOT, "{\"alone\":%s,\"beside\":%s,\"missing\":%d,\"problems\":\"%s\"}", alone, beside,
      missing(), String.join("; ", problems).replaceAll("[\"\\\\\\s]+", " ")));
  }

  String measure() throws InterruptedException {
    BenchDriver.print("begin");
    long[] before = counts(received);
    long beginAt = System.nanoTime();
    Thread.sleep(measureMs);
    long[] after = counts(received);
    double elapsedMs = (System.nanoTime() - beginAt) / 1e6;
    BenchDriver.print("end");
    StringJoiner each = new StringJoiner(",", "[", "]");
    for (int i = 0; i < pairs; i++) each.add(String.valueOf(after[i] - before[i]));
    return String.format(Locale.ROOT, "{\"elapsedMs\":%.1f,\"received\":%s}", elapsedMs, each);
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
          while (!sending || n - received[index].get() >= OUTSTANDING) Thread.sleep(1);
          BytesMessage message = session.createBytesMessage();
          message.writeBytes(body);
          producer.send(message);
          sent[index].lazySet(n + 1);
        }
      } catch (Throwable t) { problems.add("pair " + index + ": " + t); }
    }, "pair-" + index);
  }
}
