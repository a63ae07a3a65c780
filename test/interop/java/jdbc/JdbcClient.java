// Fills a broker with all that a store has to keep, and takes it out again, told what it is: each message in a line as MessageMirror.java describes
// it, with the place it came from and its id. Obeys lines on standard input, and says "done" after each:
//
//   java JdbcClient URL [durable-by-priority=false]
//   write N      one round of messages and subscriptions, whose numbers begin with N
//   prepare N    branches of distributed transactions that send, acknowledge and stay prepared
//   drain        consumes everything: lines "got PLACE ID DESCRIPTION"
//   commit       the branches that are prepared: lines "committed XID"; those that are only listed: recover
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.StreamMessage;
import javax.jms.TextMessage;
import javax.jms.Topic;
import javax.jms.TopicSubscriber;
import javax.jms.XAConnection;
import javax.jms.XASession;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.ActiveMQXAConnectionFactory;
import org.apache.activemq.command.XATransactionId;

public class JdbcClient {
  private static final String[] QUEUES = {"J.BODIES", "J.LARGE", "J.EXPIRES", "PRIO.Q", "AGAIN.Q", "J.XA", "J.XA.ACK"};
  private static final int HOUR_MS = 3_600_000;
  private static final int PATIENCE_MS = 30_000;
  private static final int END = 1_000_000;

  private final String url;
  /** Durable subscribers of topics that go by priority: ActiveMQ's own tables on PostgreSQL have no room for them. */
  private final boolean durableByPriority;

  private JdbcClient(String url, boolean durableByPriority) { this.url = url; this.durableByPriority = durableByPriority; }

  public static void main(String[] args) throws Exception {
    JdbcClient client = new JdbcClient(args[0], !Arrays.asList(args).contains("durable-by-priority=false"));
    Scanner lines = new Scanner(System.in);
    while (lines.hasNextLine()) {
      String[] words = lines.nextLine().split(" ");
      try {
        switch (words[0]) {
          case "write": client.write(Integer.parseInt(words[1])); break;
          case "prepare": client.prepare(Integer.parseInt(words[1])); break;
          case "drain": client.drain(); break;
          case "recover": client.recover(false); break;
          case "commit": client.recover(true); break;
          default: throw new IllegalArgumentException("Cannot obey " + words[0]);
        }
        System.out.println("done");
      } catch (Throwable t) {
        t.printStackTrace();
        System.out.println("failed " + t);
      }
    }
    System.exit(0);
  }

  // -------------------------------------------------------------------------------------------------------------- subscriptions

  /** Where a durable subscription is, whose it is, and what it selects. */
  private enum Subscription {
    ALL("J.T", "client-a", "all", null, false),
    SELECTED("J.T", "client-a", "selected", "n % 2 = 0 AND kind LIKE 'o%'", false),
    PARTLY("J.T", "client-b", "partly", null, false),
    INDIVIDUALLY("J.T", "client-c", "individually", null, false),
    WILD("J.>", "client-d", "wild", null, false),
    NO_LOCAL("J.T", "client-e", "no local", null, true),
    BY_PRIORITY("PRIO.T", "client-a", "by priority", null, false);

    final String topic, client, name, selector;
    final boolean noLocal;

    Subscription(String topic, String client, String name, String selector, boolean noLocal) {
      this.topic = topic; this.client = client; this.name = name; this.selector = selector; this.noLocal = noLocal;
    }

    TopicSubscriber open(Session session) throws JMSException {
      return session.createDurableSubscriber(session.createTopic(topic), name, selector, noLocal);
    }
  }

  private List<Subscription> subscriptions() {
    List<Subscription> all = new ArrayList<>(Arrays.asList(Subscription.values()));
    if (!durableByPriority) all.remove(Subscription.BY_PRIORITY);
    return all;
  }

  private interface Body { void run(Session session) throws Exception; }

  private Connection connect(String clientId) throws JMSException {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(url);
    factory.setTrustAllPackages(true);
    // Each send has been answered when it returns, also of a topic.
    factory.setAlwaysSyncSend(true);
    Connection connection = factory.createConnection();
    if (clientId != null) connection.setClientID(clientId);
    connection.start();
    return connection;
  }

  private void with(String clientId, int acknowledgeMode, Body body) throws Exception {
    Connection connection = connect(clientId);
    try {
      body.run(connection.createSession(acknowledgeMode == Session.SESSION_TRANSACTED, acknowledgeMode));
    } finally {
      connection.close();
    }
  }

  // ---------------------------------------------------------------------------------------------------------------------- write

  private void write(int first) throws Exception {
    for (Subscription one : subscriptions()) with(one.client, Session.AUTO_ACKNOWLEDGE, session -> one.open(session));
    with("client-e", Session.AUTO_ACKNOWLEDGE, session -> { Subscription.NO_LOCAL.open(session).close(); text(session, topic("J.T"), first + 50, 4, 0); });
    with(null, Session.AUTO_ACKNOWLEDGE, session -> {
      bodies(session, first);
      text(session, "J.LARGE", first, 4, 0, "large ".repeat(40_000));
      text(session, "J.EXPIRES", first, 4, HOUR_MS, "in an hour");
      for (int priority : new int[] {4, 0, 9, 4, 7, 0, 9, 3}) text(session, "PRIO.Q", first + priority, priority, 0, "priority " + priority);
      for (int n = 0; n < 3; n++) text(session, "AGAIN.Q", first + n, 4, 0, "again " + n);
      for (int n = 0; n < 10; n++) text(session, topic("J.T"), first + n, 4, n == 7 ? HOUR_MS : 0);
      for (int n = 0; n < 2; n++) text(session, topic("J.OTHER"), first + 60 + n, 4, 0);
      for (int priority : new int[] {4, 0, 9, 4, 7, 0, 9, 3}) text(session, topic("PRIO.T"), first + priority, priority, 0);
    });
    transactions(first);
    acknowledgeSome();
  }

  private void acknowledgeSome() throws Exception {
    with(null, Session.SESSION_TRANSACTED, session -> {
      MessageConsumer consumer = session.createConsumer(session.createQueue("AGAIN.Q"));
      for (int n = 0; n < 2; n++) received(consumer);
      session.rollback();
      received(consumer);
      session.rollback();
    });
    with("client-b", Session.CLIENT_ACKNOWLEDGE, session -> {
      TopicSubscriber subscriber = Subscription.PARTLY.open(session);
      for (int n = 0; n < 3; n++) received(subscriber).acknowledge();
      received(subscriber);
    });
    with("client-c", ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE, session -> {
      TopicSubscriber subscriber = Subscription.INDIVIDUALLY.open(session);
      for (int n = 0; n < 6; n++) {
        Message message = received(subscriber);
        if (n == 1 || n == 4) message.acknowledge();
      }
    });
    if (durableByPriority) with("client-a", Session.CLIENT_ACKNOWLEDGE, session -> {
      TopicSubscriber subscriber = Subscription.BY_PRIORITY.open(session);
      for (int n = 0; n < 3; n++) received(subscriber).acknowledge();
    });
  }

  /** A transaction that is committed, and one that is not. */
  private void transactions(int first) throws Exception {
    with(null, Session.SESSION_TRANSACTED, session -> {
      for (int n = 0; n < 3; n++) text(session, "J.BODIES", first + 70 + n, 4, 0, "committed " + n);
      session.commit();
      text(session, "J.BODIES", first + 80, 4, 0, "rolled back");
      session.rollback();
    });
  }

  private static Message received(MessageConsumer consumer) throws JMSException { return received(consumer, "a consumer"); }

  private static Message received(MessageConsumer consumer, String place) throws JMSException {
    Message message = consumer.receive(PATIENCE_MS);
    if (message == null) throw new JMSException("nothing came to " + place + " for " + PATIENCE_MS + " ms");
    return message;
  }

  private void bodies(Session session, int first) throws Exception {
    List<Object> values = Arrays.asList(true, (byte) -128, (short) -32768, Integer.MIN_VALUE, Long.MAX_VALUE, 0.1f, Math.PI, "größe €");
    BytesMessage bytes = session.createBytesMessage();
    for (int n = 0; n < 1000; n++) bytes.writeByte((byte) n);
    MapMessage map = session.createMapMessage();
    for (int n = 0; n < values.size(); n++) map.setObject("key " + n, values.get(n));
    map.setChar("char", '€');
    map.setBytes("bytes", new byte[] {0, -1});
    StreamMessage stream = session.createStreamMessage();
    for (Object value : values) stream.writeObject(value);
    stream.writeChar('€');
    stream.writeBytes(new byte[] {0, -1});
    HashMap<String, String> object = new HashMap<>(Map.of("is", "serialized"));
    Message[] all = {session.createTextMessage("größe € 🚀 \u0000 end"), session.createTextMessage(), bytes, session.createBytesMessage(), map, stream, session.createObjectMessage(object), session.createMessage()};
    MessageProducer producer = session.createProducer(session.createQueue("J.BODIES"));
    for (int n = 0; n < all.length; n++) {
      Message message = all[n];
      for (int v = 0; v < values.size(); v++) message.setObjectProperty("property" + v, values.get(v));
      message.setIntProperty("n", first + n);
      message.setJMSCorrelationID("correlation €" + n);
      message.setJMSType("kind");
      message.setJMSReplyTo(session.createTopic("REPLIES"));
      message.setStringProperty("JMSXGroupID", "group");
      message.setIntProperty("JMSXGroupSeq", n + 1);
      producer.send(message, DeliveryMode.PERSISTENT, n % 10, n % 2 == 0 ? 0 : HOUR_MS);
    }
  }

  private static Topic topic(String name) { return new org.apache.activemq.command.ActiveMQTopic(name); }

  private void text(Session session, Topic topic, int n, int priority, long timeToLive) throws JMSException {
    MessageProducer producer = session.createProducer(topic);
    producer.send(numbered(session, n, "of a topic"), DeliveryMode.PERSISTENT, priority, timeToLive);
    producer.close();
  }

  private void text(Session session, String queue, int n, int priority, long timeToLive, String text) throws JMSException {
    MessageProducer producer = session.createProducer(session.createQueue(queue));
    producer.send(numbered(session, n, text), DeliveryMode.PERSISTENT, priority, timeToLive);
    producer.close();
  }

  private static TextMessage numbered(Session session, int n, String text) throws JMSException {
    TextMessage message = session.createTextMessage(text + " " + n);
    message.setIntProperty("n", n);
    message.setStringProperty("kind", n % 4 == 0 ? "odd" : n % 4 == 2 ? "other" : "even");
    return message;
  }

  // ------------------------------------------------------------------------------------------------- branches of transactions

  /** A client that is killed after them leaves them as they are; the connection stays open for that. */
  private void prepare(int first) throws Exception {
    with(null, Session.AUTO_ACKNOWLEDGE, session -> { for (int n = 0; n < 3; n++) text(session, "J.XA.ACK", first + 90 + n, 4, 0, "to be acknowledged " + n); });
    branch(null, first, "send", session -> { text(session, "J.XA", first + 94, 4, 0, "prepared"); text(session, topic("J.T"), first + 95, 4, 0); });
    branch(null, first, "acknowledge", session -> received(session.createConsumer(session.createQueue("J.XA.ACK"))));
    branch("client-a", first, "durable", session -> received(Subscription.ALL.open(session)));
  }

  private void branch(String clientId, int first, String purpose, Body body) throws Exception {
    ActiveMQXAConnectionFactory factory = new ActiveMQXAConnectionFactory(url);
    factory.getPrefetchPolicy().setAll(1);
    XAConnection connection = factory.createXAConnection();
    if (clientId != null) connection.setClientID(clientId);
    connection.start();
    XASession session = connection.createXASession();
    XAResource resource = session.getXAResource();
    XATransactionId xid = new XATransactionId();
    xid.setFormatId(4711);
    xid.setGlobalTransactionId((purpose + first).getBytes());
    xid.setBranchQualifier(new byte[] {1, 2, 3});
    resource.start(xid, XAResource.TMNOFLAGS);
    body.run(session);
    resource.end(xid, XAResource.TMSUCCESS);
    System.out.println("prepared " + purpose + " " + resource.prepare(xid));
    connection.close();
  }

  private void recover(boolean commit) throws Exception {
    XAConnection connection = new ActiveMQXAConnectionFactory(url).createXAConnection();
    connection.start();
    XAResource resource = connection.createXASession().getXAResource();
    for (Xid xid : resource.recover(XAResource.TMSTARTRSCAN)) {
      if (commit) resource.commit(xid, false);
      System.out.println((commit ? "committed " : "recovered ") + new String(xid.getGlobalTransactionId()));
    }
    connection.close();
  }

  // ---------------------------------------------------------------------------------------------------------------------- drain

  /** A last message of each place tells that there is no more; it goes behind all others, also behind those of its priority. */
  private void drain() throws Exception {
    with(null, Session.AUTO_ACKNOWLEDGE, session -> {
      for (String queue : QUEUES) text(session, queue, END, 0, 0, "end");
      for (String name : new String[] {"J.T", "J.OTHER", "PRIO.T"}) text(session, topic(name), END, 0, 0);
    });
    for (String queue : QUEUES) with(null, Session.AUTO_ACKNOWLEDGE, session -> empty(queue, 1, session.createConsumer(session.createQueue(queue))));
    for (Subscription one : subscriptions()) with(one.client, Session.AUTO_ACKNOWLEDGE, session -> empty(one.client + ":" + one.name.replace(' ', '-'), one == Subscription.WILD ? 2 : 1, one.open(session)));
  }

  /** Until so many topics or queues have no more. */
  private static void empty(String place, int ends, MessageConsumer consumer) throws Exception {
    for (int ended = 0; ended < ends; ) {
      Message message = received(consumer, place);
      if (message.getIntProperty("n") == END) ended++;
      else System.out.println("got " + place + " " + message.getIntProperty("n") + " " + message.getJMSMessageID() + " " + message.getJMSTimestamp() + " " + MessageMirror.describe(message));
    }
  }
}
