// Load for the failover runs: producers and consumers of the stock ActiveMQ client over a failover URL, while somebody
// else kills brokers. Keeps account of every message and says at the end what was lost, duplicated, out of order, and
// how long each client stood still.
//
//   java FailoverRun URL transacted|auto|client shared|pairs PRODUCERS CONSUMERS QUEUE
//
// Prints "running" once all clients work. Takes lines on standard input: on "progress" it says how many messages are
// acknowledged; on "flowing" when (ms since 1970) the client that is furthest behind last sent or consumed something; on
// "stop" producers end, consumers drain, then one line of JSON. A message counts as acknowledged when send() returned; as
// consumed when its commit returned (transacted), its acknowledge() returned (client) or receive() returned (auto). A
// delivery of what was consumed already is a duplicate once it is consumed again: a client that has not noticed yet that its
// broker died may still hand out what that broker had sent, while another client consumes the same message from the next
// broker; its own commit then fails.
// In doubt is what a client says it does not know of whether its commit took place. Unconfirmed are those that were
// delivered and then neither consumed, in doubt, nor put aside as dead: the broker forgot them.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.transport.TransportListener;

public class FailoverRun {
  static final long QUIET_MS = 5000;
  static final int NOTABLE_GAP_MS = 100;
  static final int BATCH = 10;
  static String url, mode, queue;
  static boolean pairs;
  static volatile boolean stopProducers, stopConsumers;
  static final Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
  static final Set<Long> delivered = ConcurrentHashMap.newKeySet();
  static final Set<Long> consumed = ConcurrentHashMap.newKeySet();
  static final Set<Long> inDoubt = ConcurrentHashMap.newKeySet();
  static final AtomicInteger redeliveredUnconsumed = new AtomicInteger(), duplicatesOfConsumed = new AtomicInteger();
  static final Collection<String> orderViolations = new ConcurrentLinkedQueue<>(), gaps = new ConcurrentLinkedQueue<>(), problems = new ConcurrentLinkedQueue<>(), duplicates = new ConcurrentLinkedQueue<>();
  static final Collection<Client> clients = new ConcurrentLinkedQueue<>();
  static final AtomicLong lastDelivery = new AtomicLong(System.currentTimeMillis());

  static long key(int producer, int n) { return ((long) producer << 32) | n; }
  static String show(long key) { return (key >> 32) + "/" + (int) key; }

  /** A connection that counts how often its transport was interrupted, and how long its client stood still. */
  static final class Client {
    final String name; final ActiveMQConnection connection; final AtomicInteger epoch = new AtomicInteger();
    long last = System.nanoTime();
    volatile long succeededAt;
    Client(String name) throws JMSException {
      this.name = name;
      connection = (ActiveMQConnection) new ActiveMQConnectionFactory(url).createConnection();
      connection.setExceptionListener(e -> problems.add(name + ": " + e));
      connection.addTransportListener(new TransportListener() {
        @Override public void onCommand(Object c) { }
        @Override public void onException(java.io.IOException e) { }
        @Override public void transportInterupted() { epoch.incrementAndGet(); }
        @Override public void transportResumed() { }
      });
      connection.start();
      clients.add(this);
    }
    void progress() {
      long now = System.nanoTime(); long gapMs = (now - last) / 1_000_000; last = now;
      if (gapMs >= NOTABLE_GAP_MS) gaps.add("{\"client\":\"" + name + "\",\"endedAt\":" + System.currentTimeMillis() + ",\"ms\":" + gapMs + "}");
    }
  }

  static String queueOf(int index) { return pairs ? queue + "." + index : queue; }

  static void produce(int index, CountDownLatch ready) {
    try {
      Client client = new Client("producer-" + index);
      Session session = client.connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
      MessageProducer producer = session.createProducer(session.createQueue(queueOf(index)));
      producer.setDeliveryMode(DeliveryMode.PERSISTENT);
      byte[] body = new byte[1024];
      for (int n = 0; !stopProducers; n++) {
        BytesMessage message = session.createBytesMessage();
        message.writeBytes(body); message.setIntProperty("producer", index); message.setIntProperty("n", n);
        try { producer.send(message); acknowledged.add(key(index, n)); client.succeededAt = System.currentTimeMillis(); } catch (JMSException e) { problems.add(client.name + " send " + n + ": " + e); }
        client.progress();
        if (n == 0) ready.countDown();
      }
      client.connection.close();
    } catch (Throwable t) { problems.add("producer-" + index + " ended: " + t); }
  }

  static void consume(int index, CountDownLatch ready) {
    try {
      Client client = new Client("consumer-" + index);
      boolean transacted = mode.equals("transacted");
      Session session = client.connection.createSession(transacted, transacted ? Session.SESSION_TRANSACTED : mode.equals("client") ? Session.CLIENT_ACKNOWLEDGE : Session.AUTO_ACKNOWLEDGE);
      MessageConsumer consumer = session.createConsumer(new ActiveMQQueue(queueOf(index) + "?consumer.prefetchSize=100"));
      Map<Integer, Integer> newest = new HashMap<>();
      List<Long> open = new ArrayList<>();
      List<String> suspects = new ArrayList<>();
      int epoch = 0;
      ready.countDown();
      client.last = System.nanoTime();
      while (!stopConsumers) {
        Message message = consumer.receive(100);
        if (message != null) {
          int producer = message.getIntProperty("producer"), n = message.getIntProperty("n");
          long key = key(producer, n);
          lastDelivery.set(System.currentTimeMillis());
          if (client.epoch.get() != epoch) { epoch = client.epoch.get(); if (!pairs) newest.clear(); }
          if (consumed.contains(key)) suspects.add(show(key) + " at " + client.name + " redelivered=" + message.getJMSRedelivered());
          else if (delivered.contains(key)) redeliveredUnconsumed.incrementAndGet();
          if (delivered.add(key)) {
            Integer before = newest.put(producer, n);
            if (before != null && before > n) { orderViolations.add(show(key) + " after " + before + " at " + client.name); newest.put(producer, before); }
          }
          open.add(key);
          client.progress();
        }
        if (open.isEmpty() || (transacted && open.size() < BATCH && message != null)) continue;
        try {
          if (transacted) session.commit(); else if (mode.equals("client") && message != null) message.acknowledge();
          consumed.addAll(open); client.succeededAt = System.currentTimeMillis();
          duplicatesOfConsumed.addAndGet(suspects.size()); duplicates.addAll(suspects);
        } catch (JMSException e) {
          if (String.valueOf(e.getMessage()).contains("in doubt")) inDoubt.addAll(open);
          if (transacted) try { session.rollback(); } catch (JMSException f) { problems.add(client.name + " rollback: " + f); }
        }
        open.clear(); suspects.clear();
      }
      client.connection.close();
    } catch (Throwable t) { problems.add("consumer-" + index + " ended: " + t); }
  }

  /** What was put aside as poison: duplicates that the client itself suppressed. They must have been delivered before. */
  static int drainDeadLetters(Set<Long> found) throws Exception {
    Client client = new Client("dead-letters");
    Session session = client.connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageConsumer consumer = session.createConsumer(session.createQueue("ActiveMQ.DLQ"));
    int count = 0;
    for (Message m = consumer.receive(1000); m != null; m = consumer.receive(500)) { count++; found.add(key(m.getIntProperty("producer"), m.getIntProperty("n"))); }
    client.connection.close();
    return count;
  }

  static String quoted(Collection<String> texts) {
    StringJoiner out = new StringJoiner(",", "[", "]");
    int n = 0;
    for (String t : texts) { if (n++ == 20) break; out.add("\"" + t.replace("\\", "\\\\").replace("\"", "'").replace("\n", " ") + "\""); }
    return out.toString();
  }

  public static void main(String[] args) throws Exception {
    url = args[0]; mode = args[1]; pairs = args[2].equals("pairs");
    queue = args[5];
    int producers = Integer.parseInt(args[3]), consumers = Integer.parseInt(args[4]);
    CountDownLatch ready = new CountDownLatch(producers + consumers);
    List<Thread> sending = new ArrayList<>(), receiving = new ArrayList<>();
    for (int i = 0; i < consumers; i++) { int index = i; Thread t = new Thread(() -> consume(index, ready)); receiving.add(t); t.start(); }
    for (int i = 0; i < producers; i++) { int index = i; Thread t = new Thread(() -> produce(index, ready)); sending.add(t); t.start(); }
    if (!ready.await(60, TimeUnit.SECONDS)) { System.out.println("{\"failed\":\"clients did not start within 60 s\",\"problems\":" + quoted(problems) + "}"); System.exit(1); }
    System.out.println("running");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null && !line.equals("stop"); line = in.readLine()) { if (line.equals("progress")) System.out.println("acknowledged " + acknowledged.size()); else if (line.equals("flowing")) System.out.println("flowing " + clients.stream().mapToLong(client -> client.succeededAt).min().orElse(0)); }
    stopProducers = true;
    for (Thread t : sending) t.join(60_000);
    lastDelivery.set(System.currentTimeMillis());
    while (System.currentTimeMillis() - lastDelivery.get() < QUIET_MS && !consumed.containsAll(acknowledged)) Thread.sleep(50);
    stopConsumers = true;
    for (Thread t : receiving) t.join(60_000);
    Set<Long> dead = new HashSet<>();
    int deadLetters = drainDeadLetters(dead);
    List<String> lost = new ArrayList<>();
    for (long key : acknowledged) if (!delivered.contains(key)) lost.add(show(key));
    List<String> deadUndelivered = new ArrayList<>();
    for (long key : dead) if (!delivered.contains(key)) deadUndelivered.add(show(key));
    List<String> unconfirmed = new ArrayList<>();
    for (long key : acknowledged) if (delivered.contains(key) && !consumed.contains(key) && !inDoubt.contains(key) && !dead.contains(key)) unconfirmed.add(show(key));
    inDoubt.removeAll(consumed);
    System.out.println("{\"acknowledged\":" + acknowledged.size() + ",\"delivered\":" + delivered.size() + ",\"consumed\":" + consumed.size() + ",\"lost\":" + lost.size() + ",\"lostSample\":" + quoted(lost)
      + ",\"unconfirmed\":" + unconfirmed.size() + ",\"unconfirmedSample\":" + quoted(unconfirmed) + ",\"inDoubt\":" + inDoubt.size()
      + ",\"duplicatesOfConsumed\":" + duplicatesOfConsumed + ",\"duplicateSample\":" + quoted(duplicates) + ",\"redeliveredUnconsumed\":" + redeliveredUnconsumed + ",\"orderViolations\":" + orderViolations.size() + ",\"orderSample\":" + quoted(orderViolations)
      + ",\"deadLetters\":" + deadLetters + ",\"deadUndelivered\":" + quoted(deadUndelivered) + ",\"problems\":" + quoted(problems) + ",\"gaps\":[" + String.join(",", gaps) + "]}");
    System.exit(0);
  }
}
