// In which order a broker hands out messages of destinations that go by priority (PRIO.>), told like the facts of BrokerComparison. Of
// priorities only 0, 4 and 9: ActiveMQ's store knows three classes.
import java.util.ArrayList;
import java.util.List;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;

public class Priorities {
  static final long QUIET = 500;

  final BrokerComparison told;
  final ActiveMQConnection connection;
  final Session session;

  Priorities(BrokerComparison told, String url) throws JMSException {
    this.told = told;
    this.connection = (ActiveMQConnection) new ActiveMQConnectionFactory(url).createConnection();
    connection.setClientID("prio");
    connection.start();
    this.session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
  }

  void all() throws Exception {
    for (int mode : new int[] {DeliveryMode.PERSISTENT, DeliveryMode.NON_PERSISTENT}) {
      String name = "PRIO." + (mode == DeliveryMode.PERSISTENT ? "stored" : "volatile");
      queues(name, mode);
      topics(name, mode);
    }
    connection.close();
  }

  void queues(String name, int mode) throws Exception {
    Queue queue = session.createQueue(name), one = session.createQueue(name + "?consumer.prefetchSize=1"), none = session.createQueue(name + "?consumer.prefetchSize=0");
    send(queue, mode, 4, 0, 9, 4, 9, 0);
    MessageConsumer consumer = session.createConsumer(none);
    told.say("priorities, " + name + ": all at once", received(consumer));
    consumer.close();
    consumer = session.createConsumer(one);
    send(queue, mode, 0);
    Thread.sleep(QUIET);
    send(queue, mode, 4, 0, 9, 9, 4);
    told.say("priorities, " + name + ": behind one in the prefetch", received(consumer));
    consumer.close();
    send(queue, mode, 4, 9, 0, 9, 4);
    Session given = connection.createSession(true, Session.SESSION_TRANSACTED);
    MessageConsumer first = given.createConsumer(queue);
    first.receive(5000); first.receive(5000); first.receive(5000);
    send(queue, mode, 9, 4);
    given.close();
    consumer = session.createConsumer(none);
    told.say("priorities, " + name + ": after those that come back", received(consumer));
    consumer.close();
    send(queue, mode, 4, 0, 9, 4, 9, 0);
    consumer = session.createConsumer(none, "JMSPriority < 9");
    told.say("priorities, " + name + ": with a selector", received(consumer));
    consumer.close();
    told.say("priorities, " + name + ": what the selector left", received(session.createConsumer(none)));
  }

  void topics(String name, int mode) throws JMSException {
    Topic topic = session.createTopic(name), slow = session.createTopic(name + "?consumer.prefetchSize=1");
    MessageConsumer consumer = session.createConsumer(slow);
    send(topic, mode, 4, 0, 9, 4, 9, 0);
    told.say("priorities, " + name + ": a slow subscriber", received(consumer));
    consumer.close();
    if (mode == DeliveryMode.NON_PERSISTENT) return;
    session.createDurableSubscriber(topic, name).close();
    send(topic, mode, 4, 0, 9, 4, 9, 0);
    MessageConsumer durable = session.createDurableSubscriber(topic, name);
    told.say("priorities, " + name + ": a durable subscription that was away", received(durable));
    durable.close();
    session.unsubscribe(name);
  }

  void send(Destination to, int mode, int... priorities) throws JMSException {
    MessageProducer producer = session.createProducer(to);
    int n = 0;
    for (int priority : priorities) producer.send(session.createTextMessage(priority + "-" + n++), mode, priority, 0);
    producer.close();
  }

  static List<String> received(MessageConsumer consumer) throws JMSException {
    List<String> got = new ArrayList<>();
    for (Message m; (m = consumer.receive(QUIET)) != null;) got.add(((TextMessage) m).getText() + (m.getJMSRedelivered() ? " again" : ""));
    return got;
  }
}
