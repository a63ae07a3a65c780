// What one or two stock clients do with a broker, scene by scene; the commands that it makes them send are recorded.
import java.util.Enumeration;
import java.util.concurrent.CountDownLatch;
import javax.jms.*;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.ActiveMQXAConnectionFactory;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTopic;
import org.apache.activemq.command.XATransactionId;
import org.apache.activemq.transport.DefaultTransportListener;

final class ClientScenes {
  private static final long PATIENCE_MS = 20_000;
  private static final int AUTO = Session.AUTO_ACKNOWLEDGE;
  /** What a reader can follow in the bytes; the other encodings are recorded as vectors. */
  static final String READABLE =
      "?wireFormat.tightEncodingEnabled=false&wireFormat.cacheEnabled=false&wireFormat.stackTraceEnabled=false";

  private final PlayScenes stage;
  private final BrokerService broker;
  private final String url;

  ClientScenes(PlayScenes stage, BrokerService broker, String url) {
    this.stage = stage;
    this.broker = broker;
    this.url = url;
  }

  void play(String name) throws Exception {
    switch (name) {
      case "connect-default" -> connectDefault();
      case "queue-auto-ack" -> queueAutoAck();
      case "client-and-individual-ack" -> clientAndIndividualAck();
      case "transacted" -> transacted();
      case "durable-subscription" -> durableSubscription();
      case "browser" -> browser();
      case "temp-queue-request-reply" -> tempQueueRequestReply();
      case "temp-queue-known-to-late-connection" -> tempQueueKnownToLateConnection();
      case "pull-prefetch-0" -> pull();
      case "xa" -> xa();
      case "errors" -> errors();
      case "composite-and-wildcard" -> compositeAndWildcard();
      case "producer-window" -> producerWindow();
      case "expired-on-client" -> expiredOnClient();
      case "optimize-acknowledge" -> optimizeAcknowledge();
      case "topic-dups-ok" -> topicDupsOk();
      case "failover-reconnect" -> failoverReconnect();
      case "broker-stop" -> brokerStop();
      default -> throw new IllegalArgumentException("Cannot play " + name + ": no such scene");
    }
  }

  private void connectDefault() throws Exception {
    Connection connection = new ActiveMQConnectionFactory(url).createConnection();
    connection.start();
    connection.createSession(false, AUTO).close();
    connection.close();
  }

  private void queueAutoAck() throws Exception {
    Connection connection = connect("");
    Session session = connection.createSession(false, AUTO);
    MessageProducer producer = session.createProducer(queue("T.AUTO"));
    producer.send(session.createTextMessage("one"));
    producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
    producer.send(session.createTextMessage("two"));
    MessageConsumer consumer = session.createConsumer(queue("T.AUTO"));
    stage.settle();
    receive(consumer, 2);
    consumer.close();
    producer.close();
    session.close();
    connection.close();
  }

  private void clientAndIndividualAck() throws Exception {
    Connection connection = connect("");
    Session session = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
    send(session, queue("T.CLIENT"), "m", 4);
    MessageConsumer consumer = session.createConsumer(queue("T.CLIENT"));
    stage.settle();
    receive(consumer, 2).acknowledge();
    consumer.close();
    session.close();
    Session individual = connection.createSession(false, ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE);
    MessageConsumer second = individual.createConsumer(queue("T.CLIENT"));
    stage.settle();
    receive(second, 2).acknowledge();
    connection.close();
  }

  private void transacted() throws Exception {
    Connection connection =
        connect("&jms.redeliveryPolicy.maximumRedeliveries=1&jms.redeliveryPolicy.initialRedeliveryDelay=0");
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    MessageProducer producer = session.createProducer(queue("T.TX"));
    producer.send(session.createTextMessage("a"));
    producer.send(session.createTextMessage("b"));
    session.commit();
    producer.send(session.createTextMessage("c"));
    session.rollback();
    MessageConsumer consumer = session.createConsumer(queue("T.TX"));
    stage.settle();
    receive(consumer, 1);
    session.commit();
    for (int attempts = 0; attempts < 2; attempts++) {
      receive(consumer, 1);
      session.rollback();
    }
    stage.settle();
    consumer.close();
    MessageConsumer letters = connection.createSession(false, AUTO).createConsumer(queue("ActiveMQ.DLQ"));
    receive(letters, 1);
    connection.close();
  }

  private void durableSubscription() throws Exception {
    Connection connection = connection("");
    connection.setClientID("durable-client");
    connection.start();
    Session session = connection.createSession(false, AUTO);
    Topic topic = new ActiveMQTopic("T.DUR");
    session.createDurableSubscriber(topic, "sub1", "colour = 'red'", false).close();
    Message message = session.createTextMessage("x");
    message.setStringProperty("colour", "red");
    session.createProducer(topic).send(message);
    MessageConsumer subscriber = session.createDurableSubscriber(topic, "sub1", "colour = 'red'", false);
    receive(subscriber, 1);
    subscriber.close();
    session.unsubscribe("sub1");
    refused(() -> session.unsubscribe("nosuch"));
    connection.close();
  }

  private void browser() throws Exception {
    Connection connection = connect("");
    Session session = connection.createSession(false, AUTO);
    MessageProducer producer = session.createProducer(queue("T.BROWSE"));
    for (String text : new String[] {"1", "2"}) producer.send(session.createTextMessage(text));
    QueueBrowser browser = session.createBrowser(queue("T.BROWSE"));
    Enumeration<?> messages = browser.getEnumeration();
    while (messages.hasMoreElements()) messages.nextElement();
    browser.close();
    connection.close();
  }

  private void tempQueueRequestReply() throws Exception {
    Connection asking = connect("");
    Connection answering = connect("");
    Session asker = asking.createSession(false, AUTO);
    Session answerer = answering.createSession(false, AUTO);
    TemporaryQueue answers = asker.createTemporaryQueue();
    MessageConsumer answered = asker.createConsumer(answers);
    Message request = asker.createTextMessage("req");
    request.setJMSReplyTo(answers);
    asker.createProducer(queue("T.REQ")).send(request);
    stage.settle();
    Message received = receive(answerer.createConsumer(queue("T.REQ")), 1);
    answerer.createProducer(received.getJMSReplyTo()).send(answerer.createTextMessage("rep"));
    receive(answered, 1);
    answered.close();
    answers.delete();
    stage.settle();
    asking.close();
    answering.close();
  }

  private void tempQueueKnownToLateConnection() throws Exception {
    Connection early = connect("");
    early.createSession(false, AUTO).createTemporaryQueue();
    stage.settle();
    Connection late = connect("");
    stage.settle();
    late.close();
    early.close();
  }

  private void pull() throws Exception {
    Connection connection = connect("&jms.prefetchPolicy.all=0");
    Session session = connection.createSession(false, AUTO);
    MessageConsumer consumer = session.createConsumer(queue("T.PULL"));
    consumer.receiveNoWait();
    consumer.receive(300);
    session.createProducer(queue("T.PULL")).send(session.createTextMessage("p"));
    consumer.receive(1000);
    connection.close();
  }

  private void xa() throws Exception {
    XAConnection connection = new ActiveMQXAConnectionFactory(url + READABLE).createXAConnection();
    connection.start();
    XASession session = connection.createXASession();
    XAResource resource = session.getXAResource();
    Xid sends = xid(1);
    resource.start(sends, XAResource.TMNOFLAGS);
    session.createProducer(queue("T.XA")).send(session.createTextMessage("xa"));
    resource.end(sends, XAResource.TMSUCCESS);
    resource.prepare(sends);
    resource.recover(XAResource.TMSTARTRSCAN);
    resource.commit(sends, false);
    Xid doesNothing = xid(2);
    resource.start(doesNothing, XAResource.TMNOFLAGS);
    resource.end(doesNothing, XAResource.TMSUCCESS);
    resource.prepare(doesNothing);
    connection.close();
  }

  private void errors() throws Exception {
    Connection connection = connection("");
    connection.setClientID("same");
    connection.start();
    Connection other = connection("");
    refused(() -> {
      other.setClientID("same");
      other.start();
    });
    stage.settle();
    connection.close();
    other.close();
  }

  private void compositeAndWildcard() throws Exception {
    Connection connection = connect("");
    Session session = connection.createSession(false, AUTO);
    MessageConsumer ofTopics = session.createConsumer(new ActiveMQTopic("T.W.>"));
    MessageConsumer ofQueue = session.createConsumer(queue("T.CQ"));
    MessageProducer producer = session.createProducer(queue("T.CQ,topic://T.W.x.y"));
    producer.send(session.createTextMessage("comp"));
    receive(ofTopics, 1);
    receive(ofQueue, 1);
    connection.close();
  }

  private void producerWindow() throws Exception {
    Connection connection = connect("&jms.producerWindowSize=4096&jms.useAsyncSend=true");
    Session session = connection.createSession(false, AUTO);
    send(session, queue("T.WIN"), "w", 3);
    stage.settle();
    connection.close();
  }

  private void expiredOnClient() throws Exception {
    Connection connection = connect("");
    Session session = connection.createSession(false, AUTO);
    MessageConsumer consumer = session.createConsumer(queue("T.EXP"));
    MessageProducer producer = session.createProducer(queue("T.EXP"));
    Message message = session.createTextMessage("e");
    producer.send(message, DeliveryMode.PERSISTENT, Message.DEFAULT_PRIORITY, 1000);
    stage.settle();
    while (System.currentTimeMillis() <= message.getJMSExpiration()) Thread.sleep(10);
    consumer.receive(200);
    connection.close();
  }

  private void optimizeAcknowledge() throws Exception {
    Connection connection = connect("&jms.optimizeAcknowledge=true&jms.prefetchPolicy.queuePrefetch=10");
    Session session = connection.createSession(false, AUTO);
    send(session, queue("T.OPT"), "o", 10);
    MessageConsumer consumer = session.createConsumer(queue("T.OPT"));
    receive(consumer, 10);
    consumer.close();
    connection.close();
  }

  private void topicDupsOk() throws Exception {
    Connection connection = connect("&jms.prefetchPolicy.topicPrefetch=4");
    Session session = connection.createSession(false, Session.DUPS_OK_ACKNOWLEDGE);
    MessageConsumer consumer = session.createConsumer(new ActiveMQTopic("T.DUPS"));
    MessageProducer producer = session.createProducer(new ActiveMQTopic("T.DUPS"));
    producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
    for (int i = 0; i < 5; i++) producer.send(session.createTextMessage("d" + i));
    receive(consumer, 5);
    connection.close();
  }

  private void failoverReconnect() throws Exception {
    BusyConnectionFactory.BusyConnection connection =
        (BusyConnectionFactory.BusyConnection)
            new BusyConnectionFactory("failover:(" + url + READABLE + ")").createConnection();
    connection.start();
    Session consuming = connection.createSession(false, AUTO);
    Session transacted = connection.createSession(true, Session.SESSION_TRANSACTED);
    MessageConsumer consumer = consuming.createConsumer(queue("T.FO"));
    consuming.createTemporaryQueue();
    MessageProducer producer = consuming.createProducer(queue("T.FO"));
    MessageProducer transactedProducer = transacted.createProducer(queue("T.FO"));
    producer.send(consuming.createTextMessage("before"));
    receive(consumer, 1);
    transactedProducer.send(transacted.createTextMessage("in tx"));
    stage.settle();
    CountDownLatch resumed = new CountDownLatch(1);
    connection.addTransportListener(
        new DefaultTransportListener() {
          @Override
          public void transportResumed() { resumed.countDown(); }
        });
    connection.busyUntil(resumed);
    stage.cut();
    resumed.await();
    stage.settle();
    transacted.commit();
    stage.settle();
    producer.send(consuming.createTextMessage("after"));
    receive(consumer, 2);
    connection.close();
  }

  private void brokerStop() throws Exception {
    Connection connection = connect("");
    stage.settle();
    CountDownLatch lost = new CountDownLatch(1);
    connection.setExceptionListener(exception -> lost.countDown());
    broker.stop();
    // The connection is closed by what it has learnt, there is nothing more to close.
    lost.await();
  }

  private Connection connect(String options) throws JMSException {
    Connection connection = connection(options);
    connection.start();
    return connection;
  }

  private Connection connection(String options) throws JMSException {
    return new ActiveMQConnectionFactory(url + READABLE + options).createConnection();
  }

  private static ActiveMQQueue queue(String name) { return new ActiveMQQueue(name); }

  private static void send(Session session, Destination destination, String text, int count) throws JMSException {
    MessageProducer producer = session.createProducer(destination);
    for (int i = 0; i < count; i++) producer.send(session.createTextMessage(text + i));
  }

  /** Returns the last of `count` messages. */
  static Message receive(MessageConsumer consumer, int count) throws JMSException {
    Message message = null;
    for (int i = 0; i < count; i++) {
      message = consumer.receive(PATIENCE_MS);
      if (message == null) throw new java.lang.IllegalStateException("Cannot go on: message " + (i + 1) + " of " + count + " did not come");
    }
    return message;
  }

  private interface Deed { void perform() throws JMSException; }

  private static void refused(Deed deed) {
    try {
      deed.perform();
    } catch (JMSException expected) {
      return;
    }
    throw new java.lang.IllegalStateException("Cannot go on: the broker did not refuse");
  }

  private static XATransactionId xid(int branch) {
    XATransactionId id = new XATransactionId();
    id.setFormatId(0x1234);
    id.setGlobalTransactionId(new byte[] {0x12, 0x34});
    id.setBranchQualifier(new byte[] {(byte) branch});
    return id;
  }
}
