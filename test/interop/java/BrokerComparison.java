// What a broker does that no specification says, told in lines "<what> = <value>", so that two brokers can be compared:
// dead letters, field by field, for every reason a message can become one; sends to wildcards and to temporary queues
// that are gone; virtual destinations (VirtualDestinations); groups of messages (MessageGroups). args: a broker as it comes, one with
// processNonPersistent, one with virtual destinations, and one with policies by name: dead letters, redelivery, recovery and expiry
// (KeptAndExpired), priorities (Priorities).
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQMessageConsumer;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.RedeliveryPolicy;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTextMessage;
import org.apache.activemq.command.ActiveMQTopic;
import org.apache.activemq.command.ConnectionId;
import org.apache.activemq.command.ConsumerId;
import org.apache.activemq.command.MessageId;
import org.apache.activemq.command.ProducerId;
import org.apache.activemq.command.ProducerInfo;
import org.apache.activemq.command.SessionId;

public class BrokerComparison {
  static final long HOUR = 3_600_000;
  static final long SHORT = 1500;
  /** After the last letter, how long until nobody believes in another one. */
  static final long QUIET = 1500;

  final String broker;
  final String url;
  final List<ActiveMQConnection> connections = new ArrayList<>();
  /** What was sent, by case: the case is the correlation id. */
  final Map<String, ActiveMQMessage> sent = new LinkedHashMap<>();

  BrokerComparison(String broker, String url) { this.broker = broker; this.url = url; }

  public static void main(String[] args) throws Exception {
    Thread[] runs = {start("default", args[0]), start("processNonPersistent", args[1]), start("configured", args[2]), start("policies", args[3])};
    for (Thread run : runs) run.join();
    System.out.println("compared");
    System.exit(0);
  }

  static Thread start(String broker, String url) {
    Thread thread = new Thread(() -> {
      BrokerComparison comparison = new BrokerComparison(broker, url);
      try {
        if (broker.equals("configured")) { new VirtualDestinations(comparison, url).ofConfigured(); return; }
        if (broker.equals("policies")) { comparison.strategies(); comparison.again(); new KeptAndExpired(comparison, url).ofPolicies(); new Priorities(comparison, url).all(); return; }
        comparison.deadLetters();
        if (broker.equals("default")) { comparison.wildcards(); comparison.temporaries(); comparison.features(); new MessageGroups(comparison).facts(); new VirtualDestinations(comparison, url).ofDefaults(); }
      } catch (Throwable problem) {
        System.out.println(broker + " failed = " + problem + " at " + Arrays.toString(problem.getStackTrace()));
      }
    });
    thread.start();
    return thread;
  }

  void say(String what, Object value) { System.out.println(broker + " " + what + " = " + value); }

  ActiveMQConnection connect() throws JMSException {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(url);
    RedeliveryPolicy policy = new RedeliveryPolicy();
    policy.setMaximumRedeliveries(1);
    policy.setInitialRedeliveryDelay(0);
    policy.setRedeliveryDelay(0);
    factory.setRedeliveryPolicy(policy);
    // Else the client refuses by itself what the broker should.
    factory.setWatchTopicAdvisories(false);
    ActiveMQConnection connection = (ActiveMQConnection) factory.createConnection();
    connection.start();
    connections.add(connection);
    return connection;
  }

  // ---- dead letters

  void deadLetters() throws Exception {
    ActiveMQConnection connection = connect();
    for (boolean persistent : new boolean[] {true, false})
      for (long ttl : new long[] {0, HOUR}) {
        String kind = (persistent ? "persistent" : "non-persistent") + (ttl == 0 ? "" : " with expiration");
        poisonByRollback(connection, "rolled back, " + kind, persistent, ttl);
        poisonByListener(connection, "listener with cause, " + kind, persistent, ttl, new UnsupportedOperationException("outer", new IllegalArgumentException("inner")));
      }
    poisonByListener(connection, "listener without message", true, 0, new RuntimeException());
    poisonByListener(connection, "listener with a class of its own", true, 0, new OwnException("own"));
    poisonByRecover(connection, "recovered", Session.CLIENT_ACKNOWLEDGE);
    poisonByRecover(connection, "recovered individually", ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE);
    poisonOfComposite(connection, "to a composite");
    poisonOfTransacted(connection, "sent in a transaction");
    poisonOfBare(connection, "without properties");
    poisonWithLaterConsumer(connection, "delivered to two consumers");
    poisonOfTopic(connection, "rolled back, of a topic");
    topicOverflow(connection, "dropped for a slow topic subscriber");
    expired(connection);
    letters(connection);
    connection.close();
  }

  static class OwnException extends RuntimeException { OwnException(String message) { super(message); } }

  ActiveMQTextMessage message(Session session, String name) throws JMSException {
    ActiveMQTextMessage message = (ActiveMQTextMessage) session.createTextMessage("body of " + name);
    message.setJMSCorrelationID(name);
    message.setJMSType("type");
    message.setJMSReplyTo(session.createQueue("REPLY"));
    message.setIntProperty("number", 7);
    message.setStringProperty("text", "gr\u00fcn");
    message.setStringProperty("JMSXGroupID", "group");
    message.setIntProperty("JMSXGroupSeq", 3);
    return message;
  }

  Destination send(Session session, String name, Destination to, boolean persistent, long ttl) throws JMSException {
    ActiveMQTextMessage message = message(session, name);
    session.createProducer(to).send(message, persistent ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT, 6, ttl);
    sent.put(name, message);
    return to;
  }

  static ActiveMQQueue queue(String name) { return new ActiveMQQueue("COMPARE." + name.replaceAll("[ ,]+", ".")); }

  void poisonByRollback(ActiveMQConnection connection, String name, boolean persistent, long ttl) throws Exception {
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    Session sender = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    rollBack(session, send(sender, name, queue(name), persistent, ttl), 2);
    sender.close();
  }

  /** As often as the policy allows, and the client gives up. */
  void rollBack(Session session, Destination from, int times) throws Exception {
    MessageConsumer consumer = session.createConsumer(from);
    for (int i = 0; i < times; i++) {
      if (consumer.receive(5000) == null) say("receive from " + from, "nothing");
      session.rollback();
    }
    session.close();
  }

  void poisonByListener(ActiveMQConnection connection, String name, boolean persistent, long ttl, RuntimeException thrown) throws Exception {
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    ActiveMQQueue queue = queue(name);
    CountDownLatch calls = new CountDownLatch(2);
    session.createConsumer(queue).setMessageListener(m -> { calls.countDown(); throw thrown; });
    Session sender = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    send(sender, name, queue, persistent, ttl);
    if (!calls.await(5, TimeUnit.SECONDS)) say(name, "not delivered twice");
    sender.close();
  }

  void poisonByRecover(ActiveMQConnection connection, String name, int mode) throws Exception {
    Session session = connection.createSession(false, mode);
    MessageConsumer consumer = session.createConsumer(send(session, name, queue(name), true, 0));
    for (int i = 0; i < 2; i++) { consumer.receive(5000); session.recover(); }
  }

  void poisonOfComposite(ActiveMQConnection connection, String name) throws Exception {
    Session sender = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    send(sender, name, new ActiveMQQueue("COMPARE.one,COMPARE.two"), true, 0);
    rollBack(connection.createSession(true, Session.SESSION_TRANSACTED), new ActiveMQQueue("COMPARE.one"), 2);
  }

  void poisonOfTransacted(ActiveMQConnection connection, String name) throws Exception {
    Session sender = connection.createSession(true, Session.SESSION_TRANSACTED);
    send(sender, name, queue(name), true, 0);
    sender.commit();
    rollBack(connection.createSession(true, Session.SESSION_TRANSACTED), queue(name), 2);
  }

  void poisonOfBare(ActiveMQConnection connection, String name) throws Exception {
    Session sender = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    ActiveMQMessage bare = (ActiveMQMessage) sender.createMessage();
    bare.setJMSCorrelationID(name);
    sender.createProducer(queue(name)).send(bare);
    sent.put(name, bare);
    rollBack(connection.createSession(true, Session.SESSION_TRANSACTED), queue(name), 2);
  }

  /** So that the broker counts a redelivery, too. */
  void poisonWithLaterConsumer(ActiveMQConnection connection, String name) throws Exception {
    Session sender = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    send(sender, name, queue(name), true, 0);
    rollBack(connection.createSession(true, Session.SESSION_TRANSACTED), queue(name), 1);
    Session again = connection.createSession(true, Session.SESSION_TRANSACTED);
    rollBack(again, queue(name), 1);
  }

  void poisonOfTopic(ActiveMQConnection connection, String name) throws Exception {
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    ActiveMQTopic topic = new ActiveMQTopic("COMPARE.TOPIC");
    MessageConsumer consumer = session.createConsumer(topic);
    Session sender = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    send(sender, name, topic, true, 0);
    for (int i = 0; i < 2; i++) { consumer.receive(5000); session.rollback(); }
    session.close();
  }

  void topicOverflow(ActiveMQConnection connection, String name) throws Exception {
    Session session = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
    session.createConsumer(new ActiveMQTopic("COMPARE.SLOW?consumer.prefetchSize=1&consumer.maximumPendingMessageLimit=1"));
    Session sender = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    for (int i = 0; i < 3; i++) send(sender, name + " " + i, new ActiveMQTopic("COMPARE.SLOW"), true, 0);
  }

  void expired(ActiveMQConnection connection) throws Exception {
    Session sender = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Map<String, MessageConsumer> holders = new LinkedHashMap<>();
    ActiveMQTopic topic = new ActiveMQTopic("COMPARE.EXPIRED.TOPIC");
    MessageConsumer subscriber = sender.createConsumer(topic);
    MessageConsumer slow = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE).createConsumer(
      new ActiveMQTopic("COMPARE.EXPIRED.SLOW?consumer.prefetchSize=1"));
    for (boolean persistent : new boolean[] {true, false}) {
      String kind = persistent ? "persistent" : "non-persistent";
      String client = "expired at the client, " + kind;
      holders.put(client, connection.createSession(false, Session.AUTO_ACKNOWLEDGE).createConsumer(queue(client)));
      send(sender, client, queue(client), persistent, SHORT);
      String broker = "expired in the queue, " + kind;
      send(sender, broker, queue(broker), persistent, SHORT);
      send(sender, "expired at a topic subscriber, " + kind, topic, persistent, SHORT);
      for (int i = 0; i < 2; i++) send(sender, "expired before a topic subscriber had it, " + kind + " " + i, new ActiveMQTopic("COMPARE.EXPIRED.SLOW"), persistent, SHORT);
    }
    Session transacted = connection.createSession(true, Session.SESSION_TRANSACTED);
    send(transacted, "expired before its commit", queue("expired before its commit"), true, SHORT);
    send(transacted, "expired before its commit, of a topic", topic, true, SHORT);
    Thread.sleep(SHORT + 200);
    transacted.commit();
    for (boolean persistent : new boolean[] {true, false}) {
      String kind = persistent ? "persistent" : "non-persistent";
      expiredOnArrival(connection, "expired on arrival, " + kind, queue("expired on arrival"), persistent);
      expiredOnArrival(connection, "expired on arrival at a topic, " + kind, topic, persistent);
      connection.createSession(false, Session.AUTO_ACKNOWLEDGE).createConsumer(queue("expired in the queue, " + kind));
    }
    connection.createSession(false, Session.AUTO_ACKNOWLEDGE).createConsumer(queue("expired before its commit"));
    for (MessageConsumer holder : holders.values()) say("receive of what expired at the client", holder.receive(300));
    say("receive of what expired at the topic subscriber", subscriber.receive(300));
    say("receive of what expired at the slow topic subscriber", slow.receive(300));
  }

  /** A frame of its own: the client would compute an expiration in the future. */
  void expiredOnArrival(ActiveMQConnection connection, String name, ActiveMQDestination to, boolean persistent) throws Exception {
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    ActiveMQTextMessage message = message(session, name);
    // In this session, and of no producer there is yet.
    ConsumerId consumer = ((ActiveMQMessageConsumer) session.createConsumer(queue("nobody"))).getConsumerId();
    ProducerId producer = new ProducerId(new SessionId(new ConnectionId(consumer.getConnectionId()), consumer.getSessionId()), 1_000);
    connection.syncSendPacket(new ProducerInfo(producer));
    message.setDestination(to);
    message.setProducerId(producer);
    message.setMessageId(new MessageId(producer, 1));
    message.setPersistent(persistent);
    message.setPriority((byte) 6);
    message.setTimestamp(System.currentTimeMillis() - 2000);
    message.setExpiration(System.currentTimeMillis() - 1000);
    message.onSend();
    sent.put(name, message);
    connection.syncSendPacket(message);
  }

  /** Takes all letters and tells them in the order of the cases. */
  void letters(ActiveMQConnection connection) throws Exception {
    Map<String, List<ActiveMQMessage>> found = new TreeMap<>();
    MessageConsumer consumer = connection.createSession(false, Session.AUTO_ACKNOWLEDGE).createConsumer(new ActiveMQQueue("ActiveMQ.DLQ"));
    for (ActiveMQMessage letter; (letter = (ActiveMQMessage) consumer.receive(QUIET)) != null;)
      found.computeIfAbsent(letter.getCorrelationId(), key -> new ArrayList<>()).add(letter);
    for (Map.Entry<String, ActiveMQMessage> one : sent.entrySet()) {
      List<ActiveMQMessage> letters = found.getOrDefault(one.getKey(), List.of());
      say("letters of " + one.getKey(), letters.size());
      if (!letters.isEmpty()) tell("letter of " + one.getKey(), letters.get(0), one.getValue());
      found.remove(one.getKey());
    }
    say("other letters", found.keySet());
  }

  void tell(String name, ActiveMQMessage letter, ActiveMQMessage original) throws Exception {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("class", letter.getClass().getSimpleName());
    fields.put("JMSDestination", letter.getJMSDestination());
    fields.put("JMSDeliveryMode", letter.getJMSDeliveryMode());
    fields.put("JMSExpiration", letter.getJMSExpiration());
    fields.put("JMSPriority", letter.getJMSPriority());
    fields.put("JMSType", letter.getJMSType());
    fields.put("JMSReplyTo", letter.getJMSReplyTo());
    fields.put("JMSRedelivered", letter.getJMSRedelivered());
    fields.put("redeliveryCounter", letter.getRedeliveryCounter());
    fields.put("JMSTimestamp as sent", letter.getJMSTimestamp() == original.getJMSTimestamp());
    fields.put("JMSMessageID as sent", letter.getJMSMessageID().equals(original.getJMSMessageID()));
    fields.put("body", letter instanceof TextMessage ? ((TextMessage) letter).getText() : null);
    fields.put("originalDestination", letter.getOriginalDestination());
    fields.put("transactionId", letter.getTransactionId());
    fields.put("originalTransactionId there", letter.getOriginalTransactionId() != null);
    fields.put("producerId as sent", original.getMessageId().getProducerId().equals(letter.getProducerId()));
    fields.put("groupID", letter.getGroupID());
    fields.put("groupSequence", letter.getGroupSequence());
    fields.put("userID", letter.getUserID());
    fields.put("compressed", letter.isCompressed());
    fields.put("droppable", letter.isDroppable());
    fields.put("dataStructure", letter.getDataStructure());
    fields.put("targetConsumerId", letter.getTargetConsumerId());
    fields.put("brokerPath", Arrays.toString(letter.getBrokerPath()));
    fields.put("cluster", Arrays.toString(letter.getCluster()));
    fields.put("brokerInTime there", letter.getBrokerInTime() > 0);
    fields.put("brokerOutTime there", letter.getBrokerOutTime() > 0);
    for (Map.Entry<String, Object> property : new TreeMap<>(letter.getProperties()).entrySet())
      fields.put("property " + property.getKey(), property.getValue() + " (" + property.getValue().getClass().getSimpleName() + ")");
    for (Map.Entry<String, Object> field : fields.entrySet())
      say(name + ": " + field.getKey(), String.valueOf(field.getValue()).replace(String.valueOf(original.getExpiration() == 0 ? "no expiration" : original.getExpiration()), "<expiration>").replaceAll("ID:[^ ]*-\\d+:\\d+", "<id>"));
  }

  // ---- dead letter strategies by name

  void strategies() throws Exception {
    ActiveMQConnection connection = connect();
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    String[][] cases = {
      {"STRATEGY.OWN", "queue://ActiveMQ.DLQ.Queue.STRATEGY.OWN"}, {"STRATEGY.BRIEF", "queue://BRIEF.STRATEGY.BRIEF.DEAD"},
      {"STRATEGY.TOPIC", "topic://ActiveMQ.DLQ.Queue.STRATEGY.TOPIC"}, {"STRATEGY.NONE", "queue://ActiveMQ.DLQ.Queue.STRATEGY.NONE"},
      {"STRATEGY.DEFAULT", "queue://ActiveMQ.DLQ"}, {"OTHER", "queue://ActiveMQ.DLQ"}};
    for (boolean persistent : new boolean[] {true, false})
      for (String[] one : cases) {
        String name = one[0] + (persistent ? " persistent" : " non-persistent");
        MessageConsumer dead = session.createConsumer(ActiveMQDestination.createDestination(one[1], ActiveMQDestination.QUEUE_TYPE));
        rollBack(connection.createSession(true, Session.SESSION_TRANSACTED), send(session, name, new ActiveMQQueue(one[0]), persistent, HOUR), 2);
        ActiveMQMessage letter = (ActiveMQMessage) dead.receive(QUIET);
        say("letter of " + name, letter == null ? "none" : "one");
        if (letter != null) {
          long lives = letter.getExpiration() - System.currentTimeMillis();
          if (lives > 0) { say("letter of " + name + " expires in an hour", lives > HOUR - 60_000 && lives <= HOUR); letter.setExpiration(0); }
          tell("letter of " + name, letter, sent.get(name));
        }
        dead.close();
      }
  }

  // ---- redelivery by the broker

  void again() throws Exception {
    ActiveMQConnection connection = connect();
    connection.getRedeliveryPolicy().setMaximumRedeliveries(0);
    for (boolean persistent : new boolean[] {true, false})
      for (long ttl : new long[] {0, HOUR}) {
        String name = "given up, " + (persistent ? "persistent" : "non-persistent") + (ttl == 0 ? "" : " with expiration");
        ActiveMQQueue queue = new ActiveMQQueue("AGAIN." + name.replaceAll("[ ,]+", "."));
        Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
        send(session, name, queue, persistent, ttl);
        send(session, name + " neighbour", queue, persistent, 0);
        session.commit();
        ActiveMQMessage original = sent.get(name);
        MessageConsumer consumer = session.createConsumer(queue);
        long givenUpAt = 0;
        for (int round = 0; round < 3; round++) {
          ActiveMQMessage got = (ActiveMQMessage) consumer.receive(10_000);
          long waited = System.currentTimeMillis() - givenUpAt;
          if (got == null) { say(name + ", round " + round, "nothing"); break; }
          if (round > 0) say(name + ", round " + round + " waited", round == 1 ? waited > 950 && waited < 1500 : waited > 1450 && waited < 3000);
          tellAgain(name + ", round " + round, got, original, ttl);
          session.rollback();
          // With each round its time begins anew: the letter tells the last one.
          if (round == 2) original.setExpiration(got.getExpiration());
          givenUpAt = System.currentTimeMillis();
          if (round == 0) {
            ActiveMQMessage next = (ActiveMQMessage) consumer.receive(800);
            say(name + ": what comes meanwhile", next == null ? "nothing" : next.getCorrelationId());
            session.commit();
          }
        }
        session.close();
      }
    letters(connection);
  }

  void tellAgain(String name, ActiveMQMessage got, ActiveMQMessage original, long ttl) throws Exception {
    say(name + " lives", ttl == 0 ? got.getExpiration() : got.getExpiration() - got.getTimestamp());
    say(name + " has a later timestamp", got.getTimestamp() > original.getTimestamp());
    say(name + " JMSXDeliveryCount", got.getIntProperty("JMSXDeliveryCount"));
    ActiveMQMessage copy = (ActiveMQMessage) got.copy();
    copy.setExpiration(0);
    copy.setTimestamp(original.getTimestamp());
    tell(name, copy, original);
  }

  // ---- sends to wildcards

  void wildcards() throws Exception {
    ActiveMQConnection connection = connect();
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Map<String, MessageConsumer> consumers = new LinkedHashMap<>();
    for (boolean queue : new boolean[] {true, false})
      for (String target : new String[] {"*", "*.C", ">", "A.>", "A,*"})
        for (String consumed : new String[] {"A", "B.C", "*", ">", "*.C"}) {
          String what = "send to " + (queue ? "queue " : "topic ") + target + " with a consumer of " + consumed;
          // A name for each, because queues give a message to one consumer only.
          String prefix = "WILD" + consumers.size() + ".";
          String name = Arrays.stream(target.split(",")).map(part -> prefix + part).reduce((a, b) -> a + "," + b).get();
          MessageConsumer consumer = session.createConsumer(queue ? session.createQueue(prefix + consumed) : session.createTopic(prefix + consumed));
          try {
            session.createProducer(queue ? session.createQueue(name) : session.createTopic(name)).send(session.createTextMessage(what));
          } catch (JMSException refusal) {
            say(what, describe(refusal));
            continue;
          }
          consumers.put(what, consumer);
        }
    for (boolean queue : new boolean[] {true, false}) {
      String kind = queue ? "queue" : "topic";
      session.createProducer(queue ? session.createQueue("LATE.*") : session.createTopic("LATE.*")).send(session.createTextMessage(kind));
      for (String name : new String[] {"LATE.A", "LATE.*"})
        consumers.put("send to " + kind + " LATE.* before there is a consumer of " + name, session.createConsumer(queue ? session.createQueue(name) : session.createTopic(name)));
      session.createProducer(queue ? session.createQueue("LATE.*") : session.createTopic("LATE.*")).send(session.createTextMessage(kind));
    }
    Thread.sleep(500);
    for (Map.Entry<String, MessageConsumer> each : consumers.entrySet()) {
      List<String> got = new ArrayList<>();
      for (ActiveMQMessage m; (m = (ActiveMQMessage) each.getValue().receive(1)) != null;)
        got.add(m.getDestination().toString().replaceAll("WILD\\d+\\.", ""));
      java.util.Collections.sort(got);
      say(each.getKey(), got);
    }
  }

  // ---- temporary queues that are gone

  void temporaries() throws Exception {
    for (String how : new String[] {"deleted", "closed"}) {
      ActiveMQConnection owner = connect();
      TemporaryQueue queue = owner.createSession(false, Session.AUTO_ACKNOWLEDGE).createTemporaryQueue();
      TemporaryTopic topic = owner.createSession(false, Session.AUTO_ACKNOWLEDGE).createTemporaryTopic();
      ActiveMQConnection other = connect();
      Session session = other.createSession(false, Session.AUTO_ACKNOWLEDGE);
      MessageProducer early = session.createProducer(queue);
      if (how.equals("deleted")) { queue.delete(); topic.delete(); } else owner.close();
      attempt(how + " temporary queue, send of an earlier producer", () -> early.send(session.createTextMessage("x")));
      attempt(how + " temporary queue, new producer", () -> session.createProducer(queue));
      attempt(how + " temporary topic, new producer", () -> session.createProducer(topic));
      attempt(how + " temporary queue, send of an anonymous producer", () -> session.createProducer(null).send(queue, session.createTextMessage("x")));
      attempt(how + " temporary topic, send of an anonymous producer", () -> session.createProducer(null).send(topic, session.createTextMessage("x")));
      attempt(how + " temporary queue, non-persistent send", () -> {
        CountDownLatch told = new CountDownLatch(1);
        ActiveMQConnection listening = connect();
        listening.setExceptionListener(e -> { say(how + " temporary queue, non-persistent send, listener", describe(e)); told.countDown(); });
        Session s = listening.createSession(false, Session.AUTO_ACKNOWLEDGE);
        s.createProducer(null).send(queue, s.createTextMessage("x"), DeliveryMode.NON_PERSISTENT, 4, 0);
        if (!told.await(1, TimeUnit.SECONDS)) say(how + " temporary queue, non-persistent send, listener", "not told");
      });
      attempt(how + " temporary queue, send in a transaction", () -> {
        Session s = other.createSession(true, Session.SESSION_TRANSACTED);
        s.createProducer(null).send(queue, s.createTextMessage("x"));
        s.commit();
      });
      attempt(how + " temporary queue in a composite", () -> session.createProducer(null).send(new ActiveMQQueue("COMPOSITE.A,temp-queue://" + queue.getQueueName()), session.createTextMessage("x")));
    }
  }

  // ---- what a message can ask for

  void features() throws Exception {
    ActiveMQConnection connection = connect();
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageConsumer later = session.createConsumer(queue("scheduled"));
    Message scheduled = session.createMessage();
    scheduled.setLongProperty("AMQ_SCHEDULED_DELAY", HOUR);
    session.createProducer(queue("scheduled")).send(scheduled);
    say("a message that is scheduled for later is delivered at once", later.receive(2000) != null);
    connection.close();
  }

  interface Attempt { void run() throws Exception; }

  void attempt(String what, Attempt body) {
    try { body.run(); say(what, "done"); } catch (Exception e) { say(what, describe(e)); }
  }

  static String describe(Throwable e) {
    Throwable cause = e.getCause();
    return e.getClass().getName() + ": " + ids(e.getMessage()) + (cause == null ? "" : ", cause " + cause.getClass().getName() + ": " + ids(cause.getMessage()));
  }

  static String ids(String text) { return String.valueOf(text).replaceAll("ID:[^ ]*-\\d+:\\d+(:\\d+)*", "<id>"); }
}
