// Commands as clients, brokers and bridges say them, by name; each is made anew for each frame, because ActiveMQ keeps
// what it has marshalled in the object.
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import javax.jms.InvalidClientIDException;
import javax.jms.JMSException;
import org.apache.activemq.command.*;

final class KnownCommands {
  static final String CONNECTION = "ID:recorded-41000-1700000000000-1:1";
  static final ConnectionId CONNECTION_ID = new ConnectionId(CONNECTION);
  static final SessionId SESSION_ID = new SessionId(CONNECTION_ID, 1);
  static final ConsumerId CONSUMER_ID = new ConsumerId(SESSION_ID, 1);
  static final ProducerId PRODUCER_ID = new ProducerId(SESSION_ID, 1);
  static final ActiveMQQueue QUEUE = new ActiveMQQueue("RECORDED.QUEUE");
  static final ActiveMQTopic TOPIC = new ActiveMQTopic("RECORDED.TOPIC");
  static final ActiveMQTempQueue TEMP_QUEUE = new ActiveMQTempQueue(CONNECTION + ":1");
  static final LocalTransactionId LOCAL = new LocalTransactionId(CONNECTION_ID, 3);
  private static final byte[] ACK_TYPES = {0, 1, 2, 3, 4, 5, 6};

  private final Map<String, Callable<? extends DataStructure>> commands = new LinkedHashMap<>();

  static Map<String, Callable<? extends DataStructure>> all() {
    KnownCommands known = new KnownCommands();
    known.connections();
    known.consumers();
    known.transactions();
    known.acknowledgements();
    known.answers();
    known.messages();
    known.bodies();
    known.dispatches();
    return known.commands;
  }

  private void add(String name, Callable<? extends DataStructure> command) { commands.put(name, command); }

  private void connections() {
    add("WireFormatInfo.client", () -> wireFormat(12));
    add("WireFormatInfo.old", () -> wireFormat(1));
    add("ConnectionInfo.client", KnownCommands::connection);
    add("ConnectionInfo.reconnect", () -> {
      ConnectionInfo info = connection();
      info.setFaultTolerant(true);
      info.setFailoverReconnect(true);
      info.setUserName("user");
      info.setPassword("secret");
      return info;
    });
    add("SessionInfo.ofConnection", () -> new SessionInfo(new SessionId(CONNECTION_ID, -1)));
    add("ProducerInfo.anonymous", () -> new ProducerInfo(PRODUCER_ID));
    add("ProducerInfo.queue", KnownCommands::producer);
    add("DestinationInfo.addTempQueue", () -> new DestinationInfo(CONNECTION_ID, (byte) 0, TEMP_QUEUE));
    add("DestinationInfo.removeTempQueue", () -> new DestinationInfo(CONNECTION_ID, (byte) 1, TEMP_QUEUE));
    for (DataStructure id : List.of(CONNECTION_ID, SESSION_ID, CONSUMER_ID, PRODUCER_ID))
      add("RemoveInfo." + id.getClass().getSimpleName(), () -> remove(id));
    add("KeepAliveInfo.asking", () -> {
      KeepAliveInfo info = new KeepAliveInfo();
      info.setResponseRequired(true);
      return info;
    });
    add("ConnectionControl.onConnect", () -> {
      ConnectionControl control = new ConnectionControl();
      control.setConnectedBrokers("tcp://a:61616,tcp://b:61616");
      control.setReconnectTo("");
      control.setRebalanceConnection(true);
      return control;
    });
  }

  private void consumers() {
    add("ConsumerInfo.queue", () -> consumer(QUEUE, 1000));
    add("ConsumerInfo.pull", () -> consumer(QUEUE, 0));
    add("ConsumerInfo.wildcard", () -> consumer(new ActiveMQTopic("RECORDED.*.>"), 32_766));
    add("ConsumerInfo.browser", () -> {
      ConsumerInfo info = consumer(QUEUE, 500);
      info.setBrowser(true);
      return info;
    });
    add("ConsumerInfo.durable", () -> {
      ConsumerInfo info = consumer(TOPIC, 100);
      info.setSubscriptionName("subscription");
      info.setSelector("colour = 'red' AND size > 3");
      info.setNoLocal(true);
      return info;
    });
    add("ConsumerInfo.bridge", () -> {
      ConsumerInfo info = consumer(new ActiveMQTopic("ActiveMQ.Advisory.Consumer.>"), 1000);
      info.setNetworkSubscription(true);
      info.setPriority((byte) -5);
      info.setBrokerPath(new BrokerId[] {new BrokerId("ID:broker-a"), new BrokerId("ID:broker-b")});
      info.setNetworkConsumerPath(new ConsumerId[] {CONSUMER_ID});
      return info;
    });
    for (long timeout : new long[] {0, -1, 1000}) add("MessagePull." + timeout, () -> pull(timeout));
  }

  private void transactions() {
    for (byte type = TransactionInfo.BEGIN; type <= TransactionInfo.END; type++) {
      byte of = type;
      add("TransactionInfo.local." + type, () -> new TransactionInfo(CONNECTION_ID, LOCAL, of));
      add("TransactionInfo.xa." + type, () -> new TransactionInfo(CONNECTION_ID, xa(), of));
    }
    add("TransactionInfo.recover", () -> new TransactionInfo(CONNECTION_ID, null, TransactionInfo.RECOVER));
  }

  private void acknowledgements() {
    for (byte type : ACK_TYPES) add("MessageAck." + type, () -> ack(type));
    add("MessageAck.transacted", () -> {
      MessageAck ack = ack(MessageAck.STANDARD_ACK_TYPE);
      ack.setTransactionId(LOCAL);
      return ack;
    });
    add("MessageAck.poisonCause", () -> {
      MessageAck ack = ack(MessageAck.POISON_ACK_TYPE);
      ack.setPoisonCause(traced(new Throwable("Delivery[7] exceeds redelivery policy limit", traced(new IOException()))));
      return ack;
    });
  }

  private void answers() {
    add("Response", () -> answer(new Response()));
    add("ExceptionResponse.jms", () -> failure(new InvalidClientIDException("Client: x already connected")));
    add("ExceptionResponse.security", () -> failure(new SecurityException("Wrong password", traced(new IOException("x")))));
    add("ExceptionResponse.noMessage", () -> failure(new NullPointerException()));
    add("ExceptionResponse.longMessage", () -> failure(new JMSException("e".repeat(1100))));
    add("DataArrayResponse.none", () -> array());
    add("DataArrayResponse.recovered", () -> array(xa(), xa()));
    // Past its 63rd and its 255th byte the stream of bits has another header: 3 bits an id, 1 bit a null.
    add("DataArrayResponse.manyBits", () -> array(ids(200)));
    add("DataArrayResponse.veryManyBits", () -> array(new DataStructure[2100]));
    add("DataArrayResponse.nulls", () -> array(null, CONNECTION_ID, null));
    add("IntegerResponse.readOnly", () -> {
      IntegerResponse response = (IntegerResponse) answer(new IntegerResponse());
      response.setResult(3);
      return response;
    });
  }

  private void messages() {
    add("ActiveMQMessage.plain", () -> message(new ActiveMQMessage()));
    add("ActiveMQMessage.foreignId", () -> {
      ActiveMQMessage message = message(new ActiveMQMessage());
      message.getMessageId().setTextView("ID:foreign-message-id");
      return message;
    });
    add("ActiveMQMessage.advisory", KnownCommands::advisory);
    add("TextMessage.properties", () -> {
      ActiveMQTextMessage message = text("with properties");
      message.setProperties(everyType());
      return message;
    });
    add("TextMessage.bigProperty", () -> {
      ActiveMQTextMessage message = text("with a big property");
      message.setStringProperty("big", "0123456789".repeat(820));
      return message;
    });
    add("TextMessage.scheduled", () -> {
      ActiveMQTextMessage message = text("later");
      message.setLongProperty("AMQ_SCHEDULED_DELAY", 60_000);
      message.setIntProperty("AMQ_SCHEDULED_REPEAT", 3);
      return message;
    });
    add("TextMessage.transacted", () -> {
      ActiveMQTextMessage message = text("in a transaction");
      message.setTransactionId(LOCAL);
      return message;
    });
    add("TextMessage.reply", () -> {
      ActiveMQTextMessage message = text("request");
      message.setJMSReplyTo(TEMP_QUEUE);
      message.setJMSCorrelationID("correlation");
      message.setJMSType("request");
      message.setJMSExpiration(1_700_000_060_000L);
      message.setGroupID("group");
      message.setGroupSequence(1);
      return message;
    });
    add("TextMessage.composite", () -> {
      ActiveMQTextMessage message = text("to three");
      message.setDestination(new ActiveMQQueue("A,B,topic://C"));
      return message;
    });
  }

  private void bodies() {
    for (boolean compressed : new boolean[] {false, true}) {
      String how = compressed ? ".compressed" : "";
      add("TextMessage" + how, () -> written(compressible(new ActiveMQTextMessage(), compressed)));
      add("BytesMessage" + how, () -> written(compressible(new ActiveMQBytesMessage(), compressed)));
      add("MapMessage" + how, () -> written(compressible(new ActiveMQMapMessage(), compressed)));
      add("StreamMessage" + how, () -> written(compressible(new ActiveMQStreamMessage(), compressed)));
      add("ObjectMessage" + how, () -> written(compressible(new ActiveMQObjectMessage(), compressed)));
    }
    add("TextMessage.empty", () -> text(""));
    add("TextMessage.nothing", () -> text(null));
    add("TextMessage.unicode", () -> text("a\0\u00e9\u20ac\ud83d\ude00z"));
    add("TextMessage.large", () -> text("0123456789abcdef".repeat(300)));
    add("BytesMessage.empty", () -> message(new ActiveMQBytesMessage()));
    add("MapMessage.empty", () -> message(new ActiveMQMapMessage()));
    add("BlobMessage", () -> {
      ActiveMQBlobMessage message = message(new ActiveMQBlobMessage());
      message.setRemoteBlobUrl("http://localhost:8161/fileserver/x");
      message.setMimeType("image/png");
      return message;
    });
  }

  private void dispatches() {
    add("MessageDispatch.text", () -> dispatch(text("dispatched")));
    add("MessageDispatch.advisory", () -> dispatch(advisory()));
    add("MessageDispatch.redelivered", () -> {
      MessageDispatch dispatch = dispatch(written(message(new ActiveMQBytesMessage())));
      dispatch.setRedeliveryCounter(2);
      return dispatch;
    });
    add("MessageDispatch.end", () -> {
      MessageDispatch dispatch = new MessageDispatch();
      dispatch.setConsumerId(CONSUMER_ID);
      return dispatch;
    });
  }

  static WireFormatInfo wireFormat(int version) throws IOException {
    WireFormatInfo info = new WireFormatInfo();
    info.setVersion(version);
    if (version == 1) return info;
    info.setStackTraceEnabled(true);
    info.setTightEncodingEnabled(true);
    info.setCacheEnabled(true);
    info.setCacheSize(1024);
    info.setMaxInactivityDuration(30_000);
    info.setMaxFrameSize(Long.MAX_VALUE);
    return info;
  }

  static ConnectionInfo connection() {
    ConnectionInfo info = numbered(new ConnectionInfo(CONNECTION_ID), 1);
    info.setResponseRequired(true);
    info.setClientId("client");
    info.setManageable(true);
    return info;
  }

  static ConsumerInfo consumer(ActiveMQDestination destination, int prefetch) {
    ConsumerInfo info = numbered(new ConsumerInfo(CONSUMER_ID), 4);
    info.setResponseRequired(true);
    info.setDestination(destination);
    info.setPrefetchSize(prefetch);
    info.setDispatchAsync(true);
    return info;
  }

  static ProducerInfo producer() {
    ProducerInfo info = numbered(new ProducerInfo(PRODUCER_ID), 3);
    info.setDestination(QUEUE);
    info.setWindowSize(4096);
    return info;
  }

  static RemoveInfo remove(DataStructure id) {
    RemoveInfo info = numbered(new RemoveInfo(id), 40);
    info.setLastDeliveredSequenceId(-1);
    return info;
  }

  private static MessagePull pull(long timeout) {
    MessagePull pull = numbered(new MessagePull(), 6);
    pull.setConsumerId(CONSUMER_ID);
    pull.setDestination(QUEUE);
    pull.setTimeout(timeout);
    return pull;
  }

  static MessageAck ack(byte type) {
    MessageAck ack = numbered(new MessageAck(), 20);
    ack.setDestination(QUEUE);
    ack.setConsumerId(CONSUMER_ID);
    ack.setAckType(type);
    if (type != MessageAck.INDIVIDUAL_ACK_TYPE) ack.setFirstMessageId(new MessageId(PRODUCER_ID, 10));
    ack.setLastMessageId(new MessageId(PRODUCER_ID, 12));
    ack.setMessageCount(type == MessageAck.INDIVIDUAL_ACK_TYPE ? 1 : 3);
    return ack;
  }

  private static Response answer(Response response) {
    response.setCorrelationId(7);
    return response;
  }

  private static Response failure(Exception exception) { return answer(new ExceptionResponse(traced(exception))); }

  private static DataArrayResponse array(DataStructure... data) {
    DataArrayResponse response = (DataArrayResponse) answer(new DataArrayResponse());
    response.setData(data);
    return response;
  }

  private static DataStructure[] ids(int count) {
    List<DataStructure> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) ids.add(new ConnectionId("c" + i));
    return ids.toArray(new DataStructure[0]);
  }

  static XATransactionId xa() {
    XATransactionId id = new XATransactionId();
    id.setFormatId(0x1234);
    id.setGlobalTransactionId(new byte[] {1, 2, 3, 4, 5});
    id.setBranchQualifier(new byte[] {-2, -1});
    return id;
  }

  static <T extends Throwable> T traced(T exception) {
    exception.setStackTrace(FilledCommands.stackTrace(2));
    return exception;
  }

  static <T extends BaseCommand> T numbered(T command, int id) {
    command.setCommandId(id);
    return command;
  }

  static <T extends Message> T message(T message) {
    numbered(message, 10).setResponseRequired(true);
    message.setProducerId(PRODUCER_ID);
    message.setMessageId(new MessageId(PRODUCER_ID, 10));
    message.setDestination(QUEUE);
    message.setPersistent(true);
    message.setPriority((byte) 4);
    message.setTimestamp(1_700_000_000_123L);
    return message;
  }

  /** A message compresses its body when the connection that it belongs to wants so. */
  private static <T extends Message> T compressible(T message, boolean compressed) throws Exception {
    if (compressed) message.setConnection(new CompressingConnection());
    return message(message);
  }

  static ActiveMQTextMessage text(String text) throws JMSException {
    ActiveMQTextMessage message = message(new ActiveMQTextMessage());
    message.setText(text);
    return message;
  }

  private static Message written(ActiveMQTextMessage message) throws JMSException {
    message.setText("hello ".repeat(20));
    return message;
  }

  private static Message written(ActiveMQBytesMessage message) throws JMSException {
    message.writeInt(1);
    message.writeUTF("x");
    message.writeBytes(new byte[100]);
    return message;
  }

  private static Message written(ActiveMQMapMessage message) throws JMSException {
    for (Map.Entry<String, Object> entry : everyType().entrySet()) message.setObject(entry.getKey(), entry.getValue());
    return message;
  }

  private static Message written(ActiveMQStreamMessage message) throws JMSException {
    for (Object value : everyType().values())
      if (!(value instanceof Map || value instanceof List)) message.writeObject(value);
    return message;
  }

  private static Message written(ActiveMQObjectMessage message) throws JMSException {
    message.setObject("payload ".repeat(10));
    return message;
  }

  static Map<String, Object> everyType() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("null", null);
    values.put("boolean", true);
    values.put("byte", (byte) -5);
    values.put("char", 'Z');
    values.put("short", (short) -300);
    values.put("int", 123_456_789);
    values.put("long", -9_876_543_210L);
    values.put("float", 1.5f);
    values.put("double", -2.25);
    values.put("string", "h\u00e9llo");
    values.put("map", new LinkedHashMap<>(Map.of("k", 7)));
    values.put("list", new ArrayList<>(List.of(1, "two", 3L)));
    return values;
  }

  private static ActiveMQMessage advisory() throws JMSException {
    ActiveMQMessage message = message(new ActiveMQMessage());
    message.setType("Advisory");
    message.setPersistent(false);
    message.setDestination(new ActiveMQTopic("ActiveMQ.Advisory.Consumer.Queue.RECORDED.QUEUE"));
    message.setDataStructure(consumer(QUEUE, 1000));
    message.setTargetConsumerId(CONSUMER_ID);
    message.setIntProperty("consumerCount", 1);
    return message;
  }

  static MessageDispatch dispatch(Message message) {
    MessageDispatch dispatch = new MessageDispatch();
    dispatch.setConsumerId(CONSUMER_ID);
    dispatch.setDestination(message.getDestination());
    dispatch.setMessage(message);
    return dispatch;
  }
}
