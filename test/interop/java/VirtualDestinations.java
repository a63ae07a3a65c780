// What becomes of messages to virtual topics and composites, of options in names, of destinations that are made at the start or
// deleted when nobody uses them: facts of a broker as it comes and of one that is configured as ReferenceBroker configures ActiveMQ,
// told like those of BrokerComparison.
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQMessageConsumer;
import org.apache.activemq.ActiveMQMessageProducer;
import org.apache.activemq.advisory.DestinationSource;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.ConsumerInfo;
import org.apache.activemq.command.ProducerInfo;

public class VirtualDestinations {
  static final long QUIET = 400;

  final BrokerComparison told;
  final String url;
  final ActiveMQConnection connection;
  final Session session;

  VirtualDestinations(BrokerComparison told, String url) throws JMSException {
    this.told = told;
    this.url = url;
    this.connection = connect(false);
    this.session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
  }

  void ofDefaults() throws Exception { virtualTopics(); transactions(); deadLetter(); options(); lateConnection(); connection.close(); }

  void ofConfigured() throws Exception { startup(); composites(); inactive(); connection.close(); }

  ActiveMQConnection connect(boolean watching) throws JMSException {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(url);
    factory.setWatchTopicAdvisories(watching);
    ActiveMQConnection made = (ActiveMQConnection) factory.createConnection();
    made.start();
    return made;
  }

  Destination at(String name) throws JMSException {
    return name.startsWith("topic://") ? session.createTopic(name.substring(8)) : session.createQueue(name.replace("queue://", ""));
  }

  String send(Session s, String to, int mode) throws JMSException {
    Message message = s.createTextMessage("x");
    message.setStringProperty("p", "v");
    MessageProducer producer = s.createProducer(null);
    producer.send(at(to), message, mode, 7, 3_600_000);
    producer.close();
    return message.getJMSMessageID();
  }

  /** Address, where it came from, and what else could have been changed on the way. */
  static String all(MessageConsumer consumer, String id) throws JMSException {
    List<String> got = new ArrayList<>();
    for (ActiveMQMessage m; (m = (ActiveMQMessage) consumer.receive(QUIET)) != null;)
      // ActiveMQ hands an old advisory to the first consumer of some wildcards.
      if (!String.valueOf(m.getOriginalDestination()).startsWith("topic://ActiveMQ.Advisory.")) got.add(m.getDestination() + " of " + m.getOriginalDestination() + (m.getJMSMessageID().equals(id) ? "" : " with another id") + (m.isPersistent() ? " persistent" : "")
        + " " + m.getJMSPriority() + " " + m.getStringProperty("p") + (m.getJMSExpiration() == 0 ? "" : " expires") + (m.getJMSRedelivered() ? " redelivered" : "") + " " + m.getTransactionId());
    java.util.Collections.sort(got);
    return got.toString();
  }

  /** Consumers first, then one send, then what each got. */
  void fan(String what, String to, int mode, String... from) throws JMSException {
    Map<String, MessageConsumer> consumers = new LinkedHashMap<>();
    for (String name : from) consumers.put(name, session.createConsumer(at(name)));
    String id = send(session, to, mode);
    for (Map.Entry<String, MessageConsumer> each : consumers.entrySet()) {
      told.say(what + ": " + to + (mode == DeliveryMode.PERSISTENT ? "" : ", non-persistent,") + " to " + each.getKey(), all(each.getValue(), id));
      each.getValue().close();
    }
  }

  void virtualTopics() throws JMSException {
    for (int mode : new int[] {DeliveryMode.PERSISTENT, DeliveryMode.NON_PERSISTENT})
      fan("virtual topic", "topic://VirtualTopic.A", mode, "Consumer.a.VirtualTopic.A", "Consumer.b.VirtualTopic.A", "Consumer.a.b.VirtualTopic.A", "Consumer.a.VirtualTopic.B", "topic://VirtualTopic.A", "topic://VirtualTopic.>");
    session.createConsumer(at("Consumer.away.VirtualTopic.C")).close();
    String id = send(session, "topic://VirtualTopic.C", DeliveryMode.PERSISTENT);
    told.say("virtual topic: a consumer that was away", all(session.createConsumer(at("Consumer.away.VirtualTopic.C")), id));
    told.say("virtual topic: a consumer that came too late", all(session.createConsumer(at("Consumer.late.VirtualTopic.C")), id));
    fan("virtual topic", "topic://VirtualTopic.D.E", DeliveryMode.PERSISTENT, "Consumer.a.VirtualTopic.D.E", "Consumer.a.VirtualTopic.D", "Consumer..VirtualTopic.D.E");
    fan("virtual topic", "topic://VirtualTopic", DeliveryMode.PERSISTENT, "Consumer.a.VirtualTopic");
    fan("virtual topic", "queue://VirtualTopic.F", DeliveryMode.PERSISTENT, "Consumer.a.VirtualTopic.F");
    fan("virtual topic in a composite", "topic://VirtualTopic.G,queue://PLAIN.G", DeliveryMode.PERSISTENT, "Consumer.a.VirtualTopic.G", "PLAIN.G");
    fan("virtual topic, wildcard consumer", "topic://VirtualTopic.H.I", DeliveryMode.PERSISTENT, "Consumer.w.VirtualTopic.H.>");
    fan("virtual topic, wildcard consumer", "topic://VirtualTopic.J", DeliveryMode.PERSISTENT, "Consumer.*.VirtualTopic.J");
    fan("virtual topic, wildcard consumer and queue", "topic://VirtualTopic.K.L", DeliveryMode.PERSISTENT, "Consumer.w.VirtualTopic.K.L", "Consumer.w.VirtualTopic.K.*");
    fan("virtual topic, wildcard consumer of an application", "topic://VirtualTopic.L", DeliveryMode.PERSISTENT, "Consumer.wide.>");
    fan("virtual topic, wildcard consumers", "topic://VirtualTopic.V.W", DeliveryMode.PERSISTENT, "Consumer.v.VirtualTopic.>", "Consumer.v.VirtualTopic.V.*", "Consumer.*.VirtualTopic.V.W", "Consumer.v.>");
    fan("virtual topic, consumer of a list", "topic://VirtualTopic.R", DeliveryMode.PERSISTENT, "Consumer.list.VirtualTopic.R,Consumer.list.VirtualTopic.S");
    fan("virtual topic, wildcard send", "topic://VirtualTopic.M.*", DeliveryMode.PERSISTENT, "Consumer.a.VirtualTopic.M.N", "Consumer.a.VirtualTopic.M.N.O");
    send(session, "Consumer.l.VirtualTopic.P.*", DeliveryMode.PERSISTENT);
    fan("virtual topic, a queue that has a wildcard as its name", "topic://VirtualTopic.P.Q", DeliveryMode.PERSISTENT, "Consumer.l.VirtualTopic.P.*");
  }

  void transactions() throws JMSException {
    Session transacted = connection.createSession(true, Session.SESSION_TRANSACTED);
    MessageConsumer early = session.createConsumer(at("Consumer.early.VirtualTopic.T"));
    MessageConsumer topic = session.createConsumer(at("topic://VirtualTopic.T"));
    send(transacted, "topic://VirtualTopic.T", DeliveryMode.PERSISTENT);
    transacted.rollback();
    String id = send(transacted, "topic://VirtualTopic.T", DeliveryMode.PERSISTENT);
    told.say("virtual topic in a transaction: before the commit", all(early, id));
    MessageConsumer late = session.createConsumer(at("Consumer.late.VirtualTopic.T"));
    transacted.commit();
    told.say("virtual topic in a transaction: queue", all(early, id).replaceAll("TX:\\S*:(\\d+)", "TX"));
    told.say("virtual topic in a transaction: topic", all(topic, id).replaceAll("TX:\\S*:(\\d+)", "TX"));
    told.say("virtual topic in a transaction: queue that came before the commit", all(late, id));
    transacted.close();
  }

  /** Its address of before is that of the queue. */
  void deadLetter() throws JMSException {
    ActiveMQConnection own = connect(false);
    own.getRedeliveryPolicy().setMaximumRedeliveries(0);
    Session transacted = own.createSession(true, Session.SESSION_TRANSACTED);
    MessageConsumer consumer = transacted.createConsumer(at("Consumer.dead.VirtualTopic.DEAD"));
    String id = send(session, "topic://VirtualTopic.DEAD", DeliveryMode.PERSISTENT);
    consumer.receive(2000);
    transacted.rollback();
    told.say("virtual topic: dead", consumer.receive(QUIET));
    own.close();
    MessageConsumer letters = session.createConsumer(at("ActiveMQ.DLQ"));
    List<String> got = new ArrayList<>();
    for (ActiveMQMessage letter; (letter = (ActiveMQMessage) letters.receive(QUIET)) != null;)
      if (letter.getJMSMessageID().equals(id)) got.add(letter.getDestination() + " of " + letter.getOriginalDestination());
    letters.close();
    told.say("virtual topic: dead letters", got);
  }

  // ---- options in names

  void options() throws Exception {
    for (String name : new String[] {
      "consumer.prefetchSize=1", "consumer.exclusive=true&consumer.priority=5", "consumer.nosuch=1", "nosuch=1", "producer.nosuch=1", "consumer.prefetchSize=abc", "consumer.priority=300",
      "consumer.dispatchAsync=false&consumer.retroactive=true&consumer.maximumPendingMessageLimit=5&consumer.noLocal=true", ""})
      told.attempt("options: consumer of A?" + name, () -> {
        ActiveMQMessageConsumer consumer = (ActiveMQMessageConsumer) session.createConsumer(session.createQueue("OPTIONS.A?" + name));
        ConsumerInfo info = (ConsumerInfo) field(consumer, ActiveMQMessageConsumer.class);
        told.say("options: told of A?" + name, info.getDestination() + " " + info.getPrefetchSize() + " " + info.getPriority() + " " + info.isExclusive() + " " + info.isNoLocal());
        consumer.close();
      });
    for (String name : new String[] {"producer.windowSize=1000000&y=2", "producer.nosuch=1", "consumer.nosuch=1"})
      told.attempt("options: producer to A?" + name, () -> {
        ActiveMQMessageProducer producer = (ActiveMQMessageProducer) session.createProducer(session.createQueue("OPTIONS.A?" + name));
        ProducerInfo info = (ProducerInfo) field(producer, ActiveMQMessageProducer.class);
        told.say("options: told of producer to A?" + name, info.getDestination() + " " + info.getWindowSize());
        producer.close();
      });
    MessageConsumer exclusive = session.createConsumer(at("OPTIONS.X?consumer.exclusive=true"));
    MessageConsumer other = session.createConsumer(at("OPTIONS.X"));
    for (int i = 0; i < 4; i++) send(session, "OPTIONS.X?producer.x=1", DeliveryMode.NON_PERSISTENT);
    told.say("options: messages for an exclusive consumer", count(exclusive) + " and " + count(other));
    MessageConsumer one = session.createConsumer(at("OPTIONS.P?consumer.prefetchSize=1"));
    for (int i = 0; i < 4; i++) send(session, "OPTIONS.P", DeliveryMode.NON_PERSISTENT);
    MessageConsumer rest = session.createConsumer(at("OPTIONS.P"));
    told.say("options: messages that a prefetch of 1 leaves to another consumer", count(rest));
    told.say("options: and that it has itself", count(one));
    fan("options: wildcard consumer", "OPTIONS.W.1", DeliveryMode.PERSISTENT, "OPTIONS.W.*?consumer.prefetchSize=2");
    fan("options: composite consumer", "OPTIONS.C,OPTIONS.D", DeliveryMode.PERSISTENT, "OPTIONS.C?consumer.priority=1", "OPTIONS.D?unknown=1");
    fan("options: virtual topic", "topic://VirtualTopic.OPTIONS?producer.x=1", DeliveryMode.PERSISTENT, "Consumer.a.VirtualTopic.OPTIONS?consumer.prefetchSize=1&consumer.exclusive=true");
  }

  static Object field(Object of, Class<?> type) throws Exception {
    Field field = type.getDeclaredField("info");
    field.setAccessible(true);
    return field.get(of);
  }

  static int count(MessageConsumer consumer) throws JMSException {
    int count = 0;
    while (consumer.receive(QUIET) != null) count++;
    consumer.close();
    return count;
  }

  // ---- advisories of what was there before

  void lateConnection() throws Exception {
    List<TemporaryQueue> queues = new ArrayList<>();
    for (int i = 0; i < 20; i++) queues.add(session.createTemporaryQueue());
    ActiveMQConnection late = connect(true);
    Session s = late.createSession(false, Session.AUTO_ACKNOWLEDGE);
    int sent = 0;
    for (TemporaryQueue queue : queues)
      for (int attempt = 0; attempt < 50; attempt++)
        try { s.createProducer(queue).send(s.createTextMessage("x")); sent++; break; } catch (InvalidDestinationException notTold) { Thread.sleep(20); }
    told.say("advisories: temporary queues of before that a late connection may send to", sent);
    queues.get(0).delete();
    boolean refused = false;
    for (int attempt = 0; attempt < 50 && !refused; attempt++)
      try { s.createProducer(queues.get(0)).send(s.createTextMessage("x")); Thread.sleep(20); } catch (JMSException gone) { refused = true; }
    told.say("advisories: one that was deleted is refused", refused);
    late.close();
  }

  // ---- what is configured

  void startup() throws Exception {
    DestinationSource source = connection.getDestinationSource();
    // Advisories tell of each destination by itself, those of other checks among them.
    for (int i = 0; i < 200 && named("STARTUP", source).size() < 2; i++) Thread.sleep(50);
    told.say("startup destinations", named("STARTUP", source));
  }

  static TreeSet<String> named(String prefix, DestinationSource source) {
    TreeSet<String> names = new TreeSet<>();
    List<ActiveMQDestination> all = new ArrayList<>();
    all.addAll(source.getQueues());
    all.addAll(source.getTopics());
    for (ActiveMQDestination one : all) if (one.getPhysicalName().startsWith(prefix)) names.add(one.toString());
    return names;
  }

  void composites() throws JMSException {
    int persistent = DeliveryMode.PERSISTENT;
    for (int mode : new int[] {persistent, DeliveryMode.NON_PERSISTENT}) {
      fan("composite", "CQ.ONLY", mode, "CQ.ONLY", "CQ.A", "topic://CQ.B");
      fan("composite", "CQ.BOTH", mode, "CQ.BOTH", "CQ.C");
      fan("composite", "topic://CQ.BOTH", mode, "topic://CQ.BOTH", "CQ.C");
      fan("composite", "topic://CT.ONLY", mode, "topic://CT.ONLY", "CT.A", "topic://CT.B");
      fan("composite", "topic://CT.BOTH", mode, "topic://CT.BOTH", "CT.C");
    }
    fan("composite without copyMessage", "CQ.NOCOPY", persistent, "CQ.NOCOPY", "CQ.D");
    fan("composite by wildcard", "CW.1", persistent, "CW.1", "CWT.A");
    fan("composite by wildcard", "CW.*", persistent, "CW.*", "CWT.A");
    fan("composite in a chain", "CHAIN", persistent, "CHAIN", "CQ.BOTH", "CQ.C", "topic://VT.CHAIN", "Q.a.VT.CHAIN.IN");
    fan("composite with one target twice", "TWICE", persistent, "TWICE", "TW.A");
    fan("composite and virtual topic", "topic://VT.BOTH", persistent, "VTB.A", "Q.a.VT.BOTH.IN", "topic://VT.BOTH");
    fan("virtual topic by two rules", "topic://VT.DOUBLE.X", persistent, "Q.a.VT.DOUBLE.X.IN", "D.a.VT.DOUBLE.X", "topic://VT.DOUBLE.X");
    fan("virtual topic to a composite", "topic://VT.FWD", persistent, "Q.c.VT.FWD.IN", "FWD.A", "topic://VT.FWD");
    fan("virtual topic with a prefix of its own", "topic://PLAIN", persistent, "P-PLAIN", "topic://PLAIN");
    fan("virtual topic of the default, which is not given", "topic://VirtualTopic.OFF", persistent, "Consumer.a.VirtualTopic.OFF", "topic://VirtualTopic.OFF");
    fan("composite in a composite name", "CQ.A,CQ.BOTH", persistent, "CQ.A", "CQ.BOTH", "CQ.C");
    MessageConsumer none = session.createConsumer(at("CQ.A"));
    Session transacted = connection.createSession(true, Session.SESSION_TRANSACTED);
    send(transacted, "CQ.ONLY", persistent);
    transacted.rollback();
    String id = send(transacted, "CQ.ONLY", persistent);
    told.say("composite in a transaction: before the commit", all(none, id));
    transacted.commit();
    told.say("composite in a transaction: after it", all(none, id).replaceAll("TX:\\S*:(\\d+)", "TX"));
  }

  void inactive() throws Exception {
    for (String name : new String[] {"GC.EMPTY", "GC.FULL", "GC.CONSUMER", "GC.PRODUCER", "topic://GC.TOPIC", "topic://GC.SUBSCRIBER", "OTHER.EMPTY"}) {
      MessageConsumer consumer = session.createConsumer(at(name));
      if (!name.contains("CONSUMER") && !name.contains("SUBSCRIBER")) consumer.close();
    }
    send(session, "GC.FULL", DeliveryMode.PERSISTENT);
    session.createProducer(at("GC.PRODUCER"));
    DestinationSource source = connection.getDestinationSource();
    for (int i = 0; i < 50 && named("OTHER.", source).isEmpty(); i++) Thread.sleep(50);
    for (int i = 0; i < 100 && named("GC.", source).size() > 4; i++) Thread.sleep(100);
    told.say("inactive destinations: what stays", named("GC.", source));
    told.say("inactive destinations: what has no policy", named("OTHER.", source));
    fan("inactive destinations: made again", "GC.EMPTY", DeliveryMode.PERSISTENT, "GC.EMPTY");
  }
}
