// What topics have kept for retroactive consumers, by each recovery policy, and what becomes of messages that expire in the backlog of
// a durable subscription: facts of a broker that is configured as ReferenceBroker configures ActiveMQ, told like those of
// BrokerComparison.
import java.util.ArrayList;
import java.util.List;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.command.ActiveMQMessage;
import org.apache.activemq.command.ActiveMQTopic;

public class KeptAndExpired {
  static final long QUIET = 500;
  static final String[] POLICIES = {"COUNT", "SIZED", "TIMED", "LAST", "NONE", "ALWAYS", "UNNAMED"};

  final BrokerComparison told;
  final String url;

  KeptAndExpired(BrokerComparison told, String url) { this.told = told; this.url = url; }

  void ofPolicies() throws Exception { kept(); ofSeveral(); durable(); expired(); }

  ActiveMQConnection connect(String clientId) throws JMSException {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(url);
    factory.setWatchTopicAdvisories(false);
    ActiveMQConnection made = (ActiveMQConnection) factory.createConnection();
    if (clientId != null) made.setClientID(clientId);
    made.start();
    return made;
  }

  static void send(Session session, String topic, int from, int to) throws JMSException {
    MessageProducer producer = session.createProducer(new ActiveMQTopic(topic));
    for (int i = from; i <= to; i++) {
      TextMessage message = session.createTextMessage("body");
      message.setIntProperty("n", i);
      producer.send(message, i % 2 == 0 ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT, 4, 0);
    }
    producer.close();
  }

  static void sendShort(Session session, String topic, int n, int mode, long ttl) throws JMSException {
    MessageProducer producer = session.createProducer(new ActiveMQTopic(topic));
    TextMessage message = session.createTextMessage("body");
    message.setIntProperty("n", n);
    producer.send(message, mode, 4, ttl);
    producer.close();
  }

  /** Numbers of all that comes, and what would show that it came another way. */
  static String all(MessageConsumer consumer) throws Exception {
    List<String> got = new ArrayList<>();
    for (ActiveMQMessage m; (m = (ActiveMQMessage) consumer.receive(QUIET)) != null;)
      got.add(m.getIntProperty("n") + (m.getJMSRedelivered() ? " redelivered" : "") + (m.getProperties().size() == 1 ? "" : " " + m.getProperties().keySet()) + " " + m.getJMSDestination());
    return got.toString();
  }

  void kept() throws Exception {
    ActiveMQConnection connection = connect(null), other = connect(null);
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Session foreign = other.createSession(false, Session.AUTO_ACKNOWLEDGE);
    for (String policy : POLICIES) {
      String topic = "KEPT." + policy, asks = topic + "?consumer.retroactive=true", what = "kept by " + policy + ", ";
      send(session, topic, 1, 5);
      told.say(what + "for who does not ask", all(session.createConsumer(new ActiveMQTopic(topic))));
      MessageConsumer first = session.createConsumer(new ActiveMQTopic(asks));
      told.say(what + "for who asks", all(first));
      told.say(what + "for another one", all(session.createConsumer(new ActiveMQTopic(asks))));
      told.say(what + "with a selector", all(session.createConsumer(new ActiveMQTopic(asks), "n <> 4")));
      told.say(what + "noLocal, own", all(session.createConsumer(new ActiveMQTopic(asks), null, true)));
      told.say(what + "noLocal, of others", all(foreign.createConsumer(new ActiveMQTopic(asks), null, true)));
      told.say(what + "one at a time", all(session.createConsumer(new ActiveMQTopic(asks + "&consumer.prefetchSize=1"))));
      told.say(what + "pulled", all(session.createConsumer(new ActiveMQTopic(asks + "&consumer.prefetchSize=0"))));
      send(session, topic, 6, 6);
      told.say(what + "and what came then", all(first));
    }
    connection.close(); other.close();
  }

  void ofSeveral() throws Exception {
    ActiveMQConnection connection = connect(null);
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    send(session, "SEVERAL.A", 1, 2); send(session, "SEVERAL.B", 3, 4);
    String asks = "?consumer.retroactive=true";
    for (String names : new String[] {"SEVERAL.A,SEVERAL.B", "SEVERAL.A,SEVERAL.*", "SEVERAL.>", "SEVERAL.C"}) {
      MessageConsumer consumer = session.createConsumer(new ActiveMQTopic(names + asks));
      List<String> got = new ArrayList<>();
      for (Message m; (m = consumer.receive(QUIET)) != null;) got.add(m.getIntProperty("n") + "");
      java.util.Collections.sort(got);
      told.say("kept for " + names, got);
    }
    connection.close();
  }

  MessageConsumer subscribe(ActiveMQConnection connection, String topic, String options) throws JMSException {
    return connection.createSession(false, Session.AUTO_ACKNOWLEDGE).createDurableSubscriber(new ActiveMQTopic(topic + options), "sub");
  }

  void durable() throws Exception {
    ActiveMQConnection sender = connect(null);
    Session session = sender.createSession(false, Session.AUTO_ACKNOWLEDGE);
    String asks = "?consumer.retroactive=true";
    for (String policy : new String[] {"COUNT", "ALWAYS"}) {
      String topic = "KEPT.DURABLE." + policy, what = "durable, kept by " + policy + ", ";
      send(session, topic, 1, 5);
      ActiveMQConnection plain = connect("plain-" + policy);
      told.say(what + "that does not ask", all(subscribe(plain, topic, "")));
      plain.close();
      for (String visit : new String[] {"when it is made", "when it comes back"}) {
        ActiveMQConnection asking = connect("asking-" + policy);
        MessageConsumer consumer = subscribe(asking, topic, asks);
        told.say(what + visit, all(consumer));
        send(session, topic, 6, 7);
        told.say(what + visit + ", and what came then", all(consumer));
        asking.close();
      }
      send(session, topic, 8, 8);
      ActiveMQConnection behind = connect("asking-" + policy);
      told.say(what + "when something waits for it", all(subscribe(behind, topic, asks)));
      behind.close();
    }
    sender.close();
  }

  void expired() throws Exception {
    ActiveMQConnection sender = connect(null);
    Session session = sender.createSession(false, Session.AUTO_ACKNOWLEDGE);
    String topic = "EXPIRES.SOON";
    for (String clientId : new String[] {"expires-a", "expires-b"}) {
      ActiveMQConnection away = connect(clientId);
      subscribe(away, topic, "");
      away.close();
    }
    MessageConsumer dead = session.createConsumer(session.createQueue("EXPIRES.DLQ"));
    sendShort(session, topic, 1, DeliveryMode.PERSISTENT, 300);
    sendShort(session, topic, 2, DeliveryMode.PERSISTENT, 0);
    ActiveMQMessage letter = (ActiveMQMessage) dead.receive(5000);
    told.say("expired while its subscribers are away", letter == null ? "none" : letter.getIntProperty("n") + " " + letter.getOriginalDestination() + " " + letter.getProperties().keySet().stream().sorted().toList());
    told.say("expired while its subscribers are away, again", dead.receive(1500));
    for (String clientId : new String[] {"expires-a", "expires-b"}) {
      ActiveMQConnection back = connect(clientId);
      told.say("left for " + clientId, all(subscribe(back, topic, "")));
      back.close();
      ActiveMQConnection last = connect(clientId);
      last.createSession(false, Session.AUTO_ACKNOWLEDGE).unsubscribe("sub");
      last.close();
    }
    ActiveMQConnection here = connect("expires-c");
    MessageConsumer slow = here.createSession(false, Session.CLIENT_ACKNOWLEDGE).createDurableSubscriber(new ActiveMQTopic(topic + "?consumer.prefetchSize=1"), "sub");
    sendShort(session, topic, 3, DeliveryMode.PERSISTENT, 0);
    Message inHand = slow.receive(5000);
    // The client asks for one more when it has handed out the first.
    sendShort(session, topic, 4, DeliveryMode.PERSISTENT, 0);
    sendShort(session, topic, 5, DeliveryMode.PERSISTENT, 300);
    sendShort(session, topic, 6, DeliveryMode.PERSISTENT, 0);
    letter = (ActiveMQMessage) dead.receive(2500);
    told.say("expired while its subscriber is behind", letter == null ? "none" : letter.getIntProperty("n"));
    inHand.acknowledge();
    told.say("left for who was behind", all(slow));
    told.say("expired for who was behind", letter != null || dead.receive(QUIET) != null);
    here.close(); sender.close();
  }
}
