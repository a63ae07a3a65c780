// JMS 1.1, chapter 9: whole programs, as a newcomer writes them: a broker of stocks that publishes prices and takes orders.
import static org.junit.jupiter.api.Assertions.*;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class Chapter9Examples extends JmsTest {
  @Test @DisplayName("from the factory to a message that was received, by the interfaces of both domains")
  void s9_1_preparing() throws JMSException {
    ConnectionFactory factory = new ActiveMQConnectionFactory(url());
    Connection connection = kept((ActiveMQConnection) factory.createConnection());
    Session session = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
    for (Destination destination : new Destination[] {session.createQueue(name), session.createTopic(name)}) {
      MessageConsumer receiver = session.createConsumer(destination);
      MessageProducer sender = session.createProducer(destination);
      connection.start();
      TextMessage quote = session.createTextMessage();
      quote.setText("Price 12.5");
      sender.send(quote);
      Message received = receive(receiver);
      assertEquals("Price 12.5", text(received));
      received.acknowledge();
    }
  }

  @Test @DisplayName("a listener, a selector and a durable subscription of one program")
  void s9_3_otherFeatures() throws Exception {
    ActiveMQConnection connection = client("portfolio");
    Session session = session(connection, AUTO), prices = session(AUTO);
    BlockingQueue<Message> got = listen(session.createDurableSubscriber(topic(session), "watch", "stock IN ('A', 'C')", false));
    for (String stock : new String[] {"A", "B", "C"}) {
      Message price = prices.createTextMessage("price of " + stock);
      price.setStringProperty("stock", stock);
      prices.createProducer(topic(prices)).send(price);
    }
    for (String stock : new String[] {"A", "C"}) assertEquals("price of " + stock, text(take(got)));
  }

  @Test @DisplayName("every kind of message")
  void s9_4_messageTypes() throws JMSException {
    Session session = session(AUTO);
    MessageProducer producer = session.createProducer(queue(session));
    BytesMessage bytes = session.createBytesMessage();
    bytes.writeBytes(new byte[] {1, 2, 3});
    MapMessage map = session.createMapMessage();
    map.setString("name", "A");
    map.setDouble("price", 12.5);
    StreamMessage stream = session.createStreamMessage();
    stream.writeString("A");
    stream.writeDouble(12.5);
    ObjectMessage object = session.createObjectMessage(new ArrayList<>(List.of("A", 12.5)));
    for (Message message : new Message[] {session.createTextMessage("A 12.5"), bytes, map, stream, object}) producer.send(message);
    MessageConsumer consumer = session.createConsumer(queue(session));
    expect(consumer, "A 12.5");
    byte[] three = new byte[4];
    assertEquals(3, ((BytesMessage) receive(consumer)).readBytes(three));
    MapMessage receivedMap = (MapMessage) receive(consumer);
    assertEquals("A 12.5", receivedMap.getString("name") + " " + receivedMap.getDouble("price"));
    StreamMessage receivedStream = (StreamMessage) receive(consumer);
    assertEquals("A 12.5", receivedStream.readString() + " " + receivedStream.readDouble());
    Serializable receivedObject = ((ObjectMessage) receive(consumer)).getObject();
    assertEquals(List.of("A", 12.5), receivedObject);
  }

  @Test @DisplayName("an order from a queue and its news to a topic, in one transaction of one session")
  void s9_bothDomainsInOneTransaction() throws JMSException {
    Session broker = session(TRANSACTED), customers = session(AUTO);
    MessageConsumer orders = broker.createConsumer(queue(broker, "orders")), news = customers.createConsumer(topic(customers, "news")), confirmations = customers.createConsumer(queue(customers, "confirmed"));
    MessageProducer answers = broker.createProducer(null);
    send(customers, queue(customers, "orders"), "buy 1", "buy 2", "buy too many", "buy 3");
    for (int i = 0; i < 5; i++) {
      Message order = receive(orders);
      answers.send(queue(broker, "confirmed"), broker.createTextMessage(text(order) + " confirmed"));
      answers.send(topic(broker, "news"), broker.createTextMessage(text(order) + " was sold"));
      boolean refused = text(order).equals("buy too many") && !order.getJMSRedelivered();
      if (refused) broker.rollback();
      else broker.commit();
    }
    for (String what : new String[] {"buy 1", "buy 2", "buy too many", "buy 3"}) {
      expect(confirmations, what + " confirmed");
      expect(news, what + " was sold");
    }
    nothing(orders);
  }
}
