// JMS 1.1, chapter 5: queues.
import static org.junit.jupiter.api.Assertions.*;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

class Chapter5PointToPoint extends JmsTest {
  @Test @DisplayName("a queue keeps what comes while nobody receives")
  void s5_1_keeps() throws JMSException {
    Session session = session(AUTO);
    send(session, queue(session), numbers(20));
    expect(session.createConsumer(queue(session)), numbers(20));
  }

  @Test @DisplayName("each message of a queue has one consumer")
  void s5_1_oneConsumer() throws Exception {
    Set<String> got = ConcurrentHashMap.newKeySet();
    AtomicInteger calls = new AtomicInteger();
    CountDownLatch all = new CountDownLatch(200);
    for (int i = 0; i < 4; i++) {
      Session session = session(i % 2 == 0 ? connection() : started(), AUTO);
      session.createConsumer(queue(session)).setMessageListener(message -> {
        try { got.add(text(message)); } catch (JMSException thrown) { throw new RuntimeException(thrown); }
        calls.incrementAndGet();
        all.countDown();
      });
    }
    Session sender = session(AUTO);
    send(sender, queue(sender), numbers(200));
    await(all);
    assertEquals(200, got.size());
    assertEquals(200, calls.get());
  }

  @Test @DisplayName("a queue tells its name")
  void s5_3_name() throws JMSException {
    Session session = session(AUTO);
    assertEquals(name, queue(session).getQueueName());
    assertTrue(queue(session).toString().contains(name));
  }

  @Test @DisplayName("only its own connection receives from a temporary queue; anybody sends to it")
  void s5_4_temporaryQueue() throws JMSException {
    Session session = session(AUTO), stranger = session(started(), AUTO);
    TemporaryQueue temporary = session.createTemporaryQueue();
    assertThrows(JMSException.class, () -> stranger.createConsumer(temporary));
    sendSoon(stranger, temporary, "1");
    expect(session.createConsumer(temporary), "1");
  }

  @Test @DisplayName("a temporary queue can not be deleted while it has a consumer, and is gone afterwards")
  void s5_4_delete() throws JMSException {
    Session session = session(AUTO);
    TemporaryQueue temporary = session.createTemporaryQueue();
    MessageConsumer consumer = session.createConsumer(temporary);
    assertThrows(JMSException.class, temporary::delete);
    send(session, temporary, "1");
    expect(consumer, "1");
    consumer.close();
    temporary.delete();
    assertThrows(JMSException.class, () -> session.createConsumer(temporary));
  }

  @Test @DisplayName("the interfaces for queues alone: connection, session, sender and receiver")
  void s5_5_queueInterfaces() throws JMSException {
    QueueConnectionFactory factory = new ActiveMQConnectionFactory(url());
    QueueConnection connection = kept((ActiveMQConnection) factory.createQueueConnection());
    QueueSession session = connection.createQueueSession(true, AUTO);
    assertTrue(session.getTransacted());
    Queue queue = session.createQueue(name);
    QueueSender sender = session.createSender(queue);
    assertEquals(queue, sender.getQueue());
    sender.send(session.createTextMessage("1"));
    session.createSender(null).send(queue, session.createTextMessage("2"), DeliveryMode.NON_PERSISTENT, 4, 0);
    session.commit();
    connection.start();
    QueueReceiver receiver = session.createReceiver(queue);
    assertEquals(queue, receiver.getQueue());
    expect(receiver, "1", "2");
    session.commit();
  }

  @Test @DisplayName("what a receiver's selector leaves stays in the queue, in order")
  void s5_8_selector() throws JMSException {
    QueueSession session = connection().createQueueSession(false, AUTO);
    Queue queue = session.createQueue(name);
    for (int i = 0; i < 6; i++) {
      Message message = session.createTextMessage("" + i);
      message.setIntProperty("number", i);
      session.createSender(queue).send(message);
    }
    QueueReceiver odd = session.createReceiver(queue, "number = 1 OR number > 3");
    expect(odd, "1", "4", "5");
    nothing(odd);
    odd.close();
    expect(session.createReceiver(queue), "0", "2", "3");
  }

  @Test @DisplayName("what was received and not acknowledged goes to another receiver when its own is gone, first of all")
  @DiffersInActiveMq(value = "it does not tell its broker which message it has handed out last", side = DiffersInActiveMq.Side.IN_CLIENT, versions = {"5.8", "5.11"})
  void s5_8_notAcknowledged() throws JMSException {
    ActiveMQConnection connection = started();
    Session session = session(connection, CLIENT), other = session(AUTO);
    send(session, queue(session), "1", "2", "3", "4");
    MessageConsumer consumer = session.createConsumer(queue(session));
    receive(consumer).acknowledge();
    expect(consumer, "2");
    connection.close();
    MessageConsumer next = other.createConsumer(queue(other));
    StringBuilder got = new StringBuilder();
    for (int i = 0; i < 3; i++) {
      Message message = receive(next);
      got.append(text(message)).append(message.getJMSRedelivered() ? "!" : "");
    }
    assertEquals("2!34", got.toString());
  }

  // ---- 5.9 browsers

  private static List<String> browse(QueueBrowser browser) throws JMSException {
    List<String> texts = new ArrayList<>();
    for (Enumeration<?> messages = browser.getEnumeration(); messages.hasMoreElements(); ) texts.add(text((Message) messages.nextElement()));
    return texts;
  }

  @Test @DisplayName("a browser sees all of a queue in order, and takes nothing")
  void s5_9_browser() throws JMSException {
    Session session = session(AUTO);
    QueueBrowser browser = session.createBrowser(queue(session));
    assertEquals(queue(session), browser.getQueue());
    assertNull(browser.getMessageSelector());
    assertEquals(List.of(), browse(browser));
    send(session, queue(session), numbers(300));
    for (int time = 0; time < 2; time++) assertEquals(List.of(numbers(300)), browse(browser));
    browser.close();
    expect(session.createConsumer(queue(session)), numbers(300));
  }

  @Test @DisplayName("a browser with a selector sees what that selects")
  void s5_9_browserWithSelector() throws JMSException {
    Session session = session(AUTO);
    for (int i = 0; i < 10; i++) {
      Message message = session.createTextMessage("" + i);
      message.setIntProperty("number", i);
      session.createProducer(queue(session)).send(message);
    }
    QueueBrowser browser = session.createBrowser(queue(session), "number >= 7");
    assertEquals("number >= 7", browser.getMessageSelector());
    assertEquals(List.of("7", "8", "9"), browse(browser));
    assertThrows(InvalidSelectorException.class, () -> session.createBrowser(queue(session), "number >="));
  }

  @Test @DisplayName("a browser does not see what is consumed or not committed")
  void s5_9_browserOfWhatIsThere() throws JMSException {
    Session session = session(AUTO), transacted = session(TRANSACTED);
    send(session, queue(session), "1", "2");
    send(transacted, queue(session), "not committed");
    MessageConsumer consumer = session.createConsumer(queue(session));
    expect(consumer, "1");
    consumer.close();
    assertEquals(List.of("2"), browse(session.createBrowser(queue(session))));
    transacted.commit();
    assertEquals(List.of("2", "not committed"), browse(session.createBrowser(queue(session))));
  }

  @Test @DisplayName("messages that were browsed are not redelivered ones, and may not be changed")
  void s5_9_browsedMessages() throws JMSException {
    Session session = session(CLIENT);
    send(session, queue(session), "1");
    Message browsed = (Message) Collections.list((Enumeration<?>) session.createBrowser(queue(session)).getEnumeration()).get(0);
    assertThrows(MessageNotWriteableException.class, () -> ((TextMessage) browsed).setText("2"));
    Message received = receive(session.createConsumer(queue(session)));
    assertFalse(received.getJMSRedelivered());
    assertEquals(browsed.getJMSMessageID(), received.getJMSMessageID());
  }

  // ---- 5.10 and 5.11

  @Test @DisplayName("a requestor sends and waits for the answer")
  void s5_10_requestor() throws Exception {
    Session server = session(AUTO);
    MessageProducer answers = server.createProducer(null);
    server.createConsumer(queue(server)).setMessageListener(question -> {
      try {
        TextMessage answer = server.createTextMessage("re: " + text(question));
        answer.setJMSCorrelationID(question.getJMSMessageID());
        answers.send(question.getJMSReplyTo(), answer);
      } catch (JMSException thrown) { throw new RuntimeException(thrown); }
    });
    QueueConnection connection = started();
    QueueSession session = connection.createQueueSession(false, AUTO);
    QueueRequestor requestor = new QueueRequestor(session, session.createQueue(name));
    for (int i = 0; i < 5; i++) {
      TextMessage question = session.createTextMessage("" + i);
      Message answer = requestor.request(question);
      assertEquals("re: " + i, text(answer));
      assertEquals(question.getJMSMessageID(), answer.getJMSCorrelationID());
    }
    requestor.close();
    assertThrows(InvalidDestinationException.class, () -> new QueueRequestor(connection.createQueueSession(false, AUTO), null));
  }

  @Test @DisplayName("a queue of persistent messages survives with its order, whoever consumes; nothing comes twice after a commit")
  @ResourceLock(MortalBroker.LOCK)
  void s5_11_brokerGoesDown() throws Exception {
    ActiveMQConnection connection = connectTo(MortalBroker.url());
    connection.start();
    Session transacted = session(connection, TRANSACTED);
    send(transacted, queue(transacted), numbers(20));
    transacted.commit();
    MessageConsumer consumer = transacted.createConsumer(queue(transacted));
    for (int i = 0; i < 5; i++) expect(consumer, "" + i);
    transacted.commit();
    MortalBroker.killAndStart();
    ActiveMQConnection next = connectTo(MortalBroker.url());
    next.start();
    Session again = session(next, AUTO);
    MessageConsumer rest = again.createConsumer(queue(again));
    for (int i = 5; i < 20; i++) expect(rest, "" + i);
    nothing(rest);
  }

  @Test @DisplayName("to send to a queue and to receive from it needs a queue")
  void s5_7_noQueue() throws JMSException {
    Session session = session(AUTO);
    assertThrows(InvalidDestinationException.class, () -> session.createConsumer(null));
    QueueSession queues = connection().createQueueSession(false, AUTO);
    assertThrows(InvalidDestinationException.class, () -> queues.createReceiver(null));
  }
}
