// Which of several consumers gets the messages of which group, and what it is told of that: facts of a broker as it comes, told
// like those of BrokerComparison. Each is of a queue of its own, and says for each message, in the order of the consumers, "name"
// or "name!", which is the first of its group for its consumer.
import java.util.ArrayList;
import java.util.List;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.command.ActiveMQQueue;

public class MessageGroups {
  static final long QUIET = 400;

  final BrokerComparison told;
  final ActiveMQConnection connection;
  final Session session;
  final MessageProducer producer;
  String name;
  int sent;

  MessageGroups(BrokerComparison told) throws JMSException {
    this.told = told;
    this.connection = told.connect();
    this.session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    this.producer = session.createProducer(null);
  }

  void facts() throws Exception {
    begin("of one group");
    MessageConsumer[] two = {consume(""), consume("")};
    send("a", "a", "a", "a");
    say("two consumers", two);

    begin("of many groups");
    two = new MessageConsumer[] {consume(""), consume("")};
    send("a", "b", "c", "d", "a", "b", "c", "d", "d", "a");
    say("two consumers", two);

    begin("of closed groups");
    two = new MessageConsumer[] {consume(""), consume("")};
    send("a", "a:-1", "a", "a:-1", "a", "a");
    say("two consumers", two);

    begin("of a group that begins with its end");
    two = new MessageConsumer[] {consume(""), consume("")};
    send("a:-1", "a", "a");
    say("two consumers", two);

    begin("of a group that begins anew");
    two = new MessageConsumer[] {consume(""), consume("")};
    send("a:1", "a:2");
    say("two consumers", two);
    send("a:1", "a:2");
    say("two consumers, later", two);

    begin("beside an owner without room");
    MessageConsumer narrow = consume("?consumer.prefetchSize=1");
    send("a", "a");
    MessageConsumer other = consume("");
    send("b", "-", "a");
    say("the other", other);
    say("the owner", narrow);

    begin("whose owner goes");
    Session leaving = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
    MessageConsumer owner = leaving.createConsumer(queue(""));
    send("a", "a", "b");
    other = consume("");
    send("a", "b");
    say("the owner, unacknowledged", owner);
    leaving.close();
    send("a");
    say("the one who is left", other);

    begin("whose owner selects");
    owner = consume("", "text IN ('1', '3')");
    send("a", "a", "a");
    say("the owner", owner);
    other = consume("");
    send("a");
    say("the other", other);
    owner.close();
    say("the other, when the owner is gone", other);

    begin("when an exclusive consumer comes");
    owner = consume("");
    send("a");
    say("the owner", owner);
    other = consume("?consumer.exclusive=true");
    send("a", "b");
    say("the exclusive one", other);
    say("the owner, later", owner);

    begin("with consumers of different priorities");
    two = new MessageConsumer[] {consume(""), consume("?consumer.priority=1")};
    send("a", "b", "a");
    say("two consumers", two);
    connection.close();
  }

  void begin(String what) { name = what; sent = 0; }

  ActiveMQQueue queue(String options) throws JMSException { return new ActiveMQQueue(BrokerComparison.queue("groups " + name).getQueueName() + options); }

  MessageConsumer consume(String options) throws JMSException { return consume(options, null); }

  MessageConsumer consume(String options, String selector) throws JMSException {
    return connection.createSession(false, Session.AUTO_ACKNOWLEDGE).createConsumer(queue(options), selector);
  }

  /** "a", or "a:SEQUENCE"; "-" is of no group. */
  void send(String... groups) throws JMSException {
    for (String group : groups) {
      String[] parts = group.split(":");
      TextMessage message = session.createTextMessage(String.valueOf(++sent));
      message.setStringProperty("text", message.getText());
      if (!parts[0].equals("-")) message.setStringProperty("JMSXGroupID", parts[0]);
      if (parts.length > 1) message.setIntProperty("JMSXGroupSeq", Integer.parseInt(parts[1]));
      producer.send(queue(""), message);
    }
  }

  void say(String who, MessageConsumer... consumers) throws JMSException {
    List<List<String>> all = new ArrayList<>();
    for (MessageConsumer consumer : consumers) {
      List<String> got = new ArrayList<>();
      for (Message m = consumer.receive(QUIET); m != null; m = consumer.receive(QUIET)) {
        String first = m.getBooleanProperty("JMSXGroupFirstForConsumer") ? "!" : "";
        got.add(((TextMessage) m).getText() + (m.getStringProperty("JMSXGroupID") == null ? "" : m.getStringProperty("JMSXGroupID")) + first + (m.getJMSRedelivered() ? " again" : ""));
      }
      all.add(got);
    }
    told.say("messages " + name + ", " + who, all);
  }
}
