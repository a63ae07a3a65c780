// One sender that goes on for ever, and with stuck=true one consumer of the same destination that takes its prefetch and
// acknowledges nothing. The sender does not wait for answers. It sends as fast as it can until nothing of it was taken for a
// while or it has sent `upTo` MiB; then it says so and goes on: still trying, or at `rate` messages a second.
import java.util.*;
import javax.jms.*;

final class Troublemaker {
  /** Without a message that was taken. */
  static final int BLOCKED_MS = 2000;
  static final int STUCK_PREFETCH = 1000;
  static final int RETRY_MS = 10;

  final String url; final Map<String, String> options; final int size, rate; final long upTo;
  volatile long taken, refused;
  volatile boolean paced;
  volatile String refusal = "";

  Troublemaker(String url, Map<String, String> options) {
    this.url = url; this.options = options;
    size = BenchDriver.number(options, "size", 1024); rate = BenchDriver.number(options, "rate", 100);
    upTo = BenchDriver.number(options, "upTo", 1) * 1024L * 1024L / size;
  }

  /** Returns when the state is reached; the sender goes on. */
  String settle() throws Exception {
    if (BenchDriver.flag(options, "stuck")) stick();
    Thread sender = new Thread(this::send, "troublemaker");
    sender.setDaemon(true);
    sender.start();
    long last = 0, since = System.nanoTime();
    boolean blocked = false;
    while (!blocked && !paced) {
      Thread.sleep(20);
      if (taken != last) { last = taken; since = System.nanoTime(); }
      blocked = System.nanoTime() - since > BLOCKED_MS * 1_000_000L;
    }
    return String.format(Locale.ROOT, "{\"blocked\":%b,\"sentMiB\":%d,\"refused\":%d,\"refusal\":\"%s\"}", blocked, taken * size >> 20, refused,
      refusal.replaceAll("[\"\\\\\\s]+", " "));
  }

  void stick() throws JMSException {
    Session session = BenchDriver.connect(url + "?jms.prefetchPolicy.all=" + STUCK_PREFETCH).createSession(false, Session.CLIENT_ACKNOWLEDGE);
    session.createConsumer(BenchDriver.destination(session, options));
  }

  void send() {
    byte[] body = BenchDriver.body(size, 1);
    for (;;) {
      Connection connection = null;
      try {
        connection = BenchDriver.connect(url + "?jms.useAsyncSend=true");
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        MessageProducer producer = session.createProducer(BenchDriver.destination(session, options));
        producer.setDeliveryMode(BenchDriver.flag(options, "persistent") ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT);
        for (;;) {
          BytesMessage message = session.createBytesMessage();
          message.writeBytes(body);
          producer.send(message);
          taken++;
          if (taken >= upTo) { paced = true; Thread.sleep(1000 / rate); }
        }
      } catch (Exception e) { refused++; refusal = String.valueOf(e); }
      try { if (connection != null) connection.close(); Thread.sleep(RETRY_MS); } catch (Exception ignored) { }
    }
  }
}
