// JMS 1.1, chapter 3: what a message is. Its headers and properties, how it is acknowledged, and what may be changed when.
// Selectors (3.8) and bodies (3.11 and 3.12) have classes of their own.
import static org.junit.jupiter.api.Assertions.*;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.jms.*;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class Chapter3Message extends Chapter3Test {
  // ---- 3.4 headers

  @Test @DisplayName("a message says where it was sent, whatever its sender wrote there before")
  void s3_4_1_destination() throws JMSException {
    Session session = session(AUTO);
    for (Destination destination : new Destination[] {queue(session), topic(session)}) {
      MessageConsumer consumer = session.createConsumer(destination);
      Message message = session.createMessage();
      message.setJMSDestination(session.createQueue("elsewhere"));
      session.createProducer(destination).send(message);
      assertEquals(destination, message.getJMSDestination());
      assertEquals(destination, receive(consumer).getJMSDestination());
    }
  }

  @Test @DisplayName("the delivery mode is that of the send")
  void s3_4_2_deliveryMode() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    for (int mode : MODES) {
      Message message = session.createMessage();
      message.setJMSDeliveryMode(mode == DeliveryMode.PERSISTENT ? DeliveryMode.NON_PERSISTENT : DeliveryMode.PERSISTENT);
      session.createProducer(queue(session)).send(message, mode, 4, 0);
      assertEquals(mode, message.getJMSDeliveryMode());
      assertEquals(mode, receive(consumer).getJMSDeliveryMode());
    }
  }

  @Test @DisplayName("ids begin with ID:, are given by the send, and no two are the same")
  void s3_4_3_messageId() throws JMSException {
    Session session = session(AUTO), other = session(started(), AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    Set<String> ids = new HashSet<>();
    for (Session sender : new Session[] {session, other})
      for (int i = 0; i < 20; i++) {
        Message message = sender.createMessage();
        message.setJMSMessageID("ID:mine");
        sender.createProducer(queue(sender)).send(message);
        Message received = receive(consumer);
        assertEquals(message.getJMSMessageID(), received.getJMSMessageID());
        assertTrue(received.getJMSMessageID().startsWith("ID:"), received.getJMSMessageID());
        assertTrue(ids.add(received.getJMSMessageID()), "twice: " + received.getJMSMessageID());
      }
  }

  @Test @DisplayName("a producer may do without ids: then they are null or as always")
  void s3_4_3_withoutId() throws JMSException {
    Session session = session(AUTO);
    MessageProducer producer = session.createProducer(queue(session));
    producer.setDisableMessageID(true);
    assertTrue(producer.getDisableMessageID());
    producer.send(session.createMessage());
    String id = receive(session.createConsumer(queue(session))).getJMSMessageID();
    assertTrue(id == null || id.startsWith("ID:"), id);
  }

  @Test @DisplayName("the timestamp is that of the moment of the send")
  void s3_4_4_timestamp() throws JMSException {
    Session session = session(AUTO);
    Message message = session.createMessage();
    message.setJMSTimestamp(5);
    long before = System.currentTimeMillis();
    Message received = roundTrip(message);
    long after = System.currentTimeMillis();
    assertEquals(message.getJMSTimestamp(), received.getJMSTimestamp());
    assertTrue(before <= received.getJMSTimestamp() && received.getJMSTimestamp() <= after);
  }

  @Test @DisplayName("a producer may do without timestamps: then they are 0 or as always")
  void s3_4_4_withoutTimestamp() throws JMSException {
    Session session = session(AUTO);
    MessageProducer producer = session.createProducer(queue(session));
    producer.setDisableMessageTimestamp(true);
    long before = System.currentTimeMillis();
    producer.send(session.createMessage());
    long timestamp = receive(session.createConsumer(queue(session))).getJMSTimestamp();
    assertTrue(timestamp == 0 || timestamp >= before, "" + timestamp);
  }

  @Test @DisplayName("a correlation id is a text, an id or bytes, and comes as it was set")
  void s3_4_5_correlationId() throws JMSException {
    Message message = session(AUTO).createMessage();
    for (String id : new String[] {"application's own", "ID:of-another-message", "gr\u00fc\u00dfe", null}) {
      message.setJMSCorrelationID(id);
      assertEquals(id, roundTrip(message).getJMSCorrelationID());
    }
    message.setJMSCorrelationIDAsBytes("bytes".getBytes(StandardCharsets.UTF_8));
    assertArrayEquals("bytes".getBytes(StandardCharsets.UTF_8), roundTrip(message).getJMSCorrelationIDAsBytes());
  }

  @Test @DisplayName("the destination for replies may be of any kind, and can be answered to")
  void s3_4_6_replyTo() throws JMSException {
    Session session = session(AUTO);
    for (Destination replyTo : new Destination[] {queue(session, "replies"), topic(session, "replies"), session.createTemporaryQueue(), session.createTemporaryTopic()}) {
      MessageConsumer replies = session.createConsumer(replyTo);
      Message question = session.createMessage();
      question.setJMSReplyTo(replyTo);
      Message received = roundTrip(question);
      assertEquals(replyTo, received.getJMSReplyTo());
      send(session, received.getJMSReplyTo(), "answer");
      expect(replies, "answer");
    }
    assertNull(roundTrip(session.createMessage()).getJMSReplyTo());
  }

  @Test @DisplayName("what is delivered again says so")
  void s3_4_7_redelivered() throws JMSException {
    Session session = session(CLIENT);
    send(session, queue(session), "1");
    MessageConsumer consumer = session.createConsumer(queue(session));
    assertFalse(receive(consumer).getJMSRedelivered());
    session.recover();
    assertTrue(receive(consumer).getJMSRedelivered());
  }

  @Test @DisplayName("the type comes as it was set")
  void s3_4_8_type() throws JMSException {
    Message message = session(AUTO).createMessage();
    for (String type : new String[] {"order", null}) {
      message.setJMSType(type);
      assertEquals(type, roundTrip(message).getJMSType());
    }
  }

  @Test @DisplayName("the time of expiration is that of the send and its time to live; without one it is 0")
  void s3_4_9_expiration() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    Message message = session.createMessage();
    message.setJMSExpiration(7);
    session.createProducer(queue(session)).send(message);
    assertEquals(0, message.getJMSExpiration());
    assertEquals(0, receive(consumer).getJMSExpiration());
    session.createProducer(queue(session)).send(message, DeliveryMode.PERSISTENT, 4, 60_000);
    assertEquals(message.getJMSTimestamp() + 60_000, message.getJMSExpiration());
    assertEquals(message.getJMSExpiration(), receive(consumer).getJMSExpiration());
  }

  @Test @DisplayName("what has expired is not delivered")
  void s3_4_9_expired() throws JMSException {
    Session session = session(AUTO);
    for (int mode : MODES) session.createProducer(queue(session)).send(session.createTextMessage("expired"), mode, 4, 20);
    send(session, queue(session), "lasts");
    nothing(session.createConsumer(queue(session, "clock")));
    expect(session.createConsumer(queue(session)), "lasts");
  }

  @Test @DisplayName("the priority is 4, or what the send says, of ten")
  void s3_4_10_priority() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    Message message = session.createMessage();
    message.setJMSPriority(9);
    session.createProducer(queue(session)).send(message);
    assertEquals(4, receive(consumer).getJMSPriority());
    for (int priority = 0; priority <= 9; priority++) {
      session.createProducer(queue(session)).send(session.createMessage(), DeliveryMode.PERSISTENT, priority, 0);
      assertEquals(priority, receive(consumer).getJMSPriority());
    }
  }

  @Test @DisplayName("correlation id, reply destination and type are the sender's; the send leaves them alone")
  void s3_4_11_setByWhom() throws JMSException {
    Session session = session(AUTO);
    Message message = session.createMessage();
    message.setJMSCorrelationID("c");
    message.setJMSReplyTo(queue(session, "replies"));
    message.setJMSType("t");
    Message received = roundTrip(message);
    for (Message either : new Message[] {message, received}) {
      assertEquals("c", either.getJMSCorrelationID());
      assertEquals(queue(session, "replies"), either.getJMSReplyTo());
      assertEquals("t", either.getJMSType());
    }
  }

  // ---- 3.5 properties

  @Test @DisplayName("a property's name is a Java identifier of any alphabet; none and the empty one are refused")
  void s3_5_1_names() throws JMSException {
    Message message = session(AUTO).createMessage();
    for (String name : new String[] {"a", "_under", "$dollar", "camelCase9", "gr\u00f6\u00dfe", "JMS_vendor"}) message.setStringProperty(name, name);
    Message received = roundTrip(message);
    for (String name : new String[] {"a", "_under", "$dollar", "camelCase9", "gr\u00f6\u00dfe", "JMS_vendor"}) assertEquals(name, received.getStringProperty(name));
    for (String name : new String[] {null, ""}) assertThrows(IllegalArgumentException.class, () -> message.setIntProperty(name, 1));
  }

  @Test @DisplayName("a property is a boolean, one of six numbers or a text, and keeps its type")
  void s3_5_2_values() throws JMSException {
    Message message = session(AUTO).createMessage();
    Map<String, Object> values = everyType();
    for (Map.Entry<String, Object> value : values.entrySet()) message.setObjectProperty(value.getKey(), value.getValue());
    message.setStringProperty("nothing", null);
    message.setStringProperty("empty", "");
    Message received = roundTrip(message);
    for (Map.Entry<String, Object> value : values.entrySet()) assertEquals(value.getValue(), received.getObjectProperty(value.getKey()));
    assertNull(received.getObjectProperty("nothing"));
    assertEquals("", received.getStringProperty("empty"));
  }

  @Test @DisplayName("a receiver can not set properties")
  void s3_5_3_readOnly() throws JMSException {
    Message message = session(AUTO).createMessage();
    message.setIntProperty("a", 1);
    Message received = roundTrip(message);
    List<Action> setters = List.of(
      () -> received.setBooleanProperty("a", true), () -> received.setByteProperty("a", (byte) 1), () -> received.setShortProperty("a", (short) 1), () -> received.setIntProperty("a", 1),
      () -> received.setLongProperty("a", 1), () -> received.setFloatProperty("a", 1), () -> received.setDoubleProperty("a", 1), () -> received.setStringProperty("a", "1"), () -> received.setObjectProperty("b", 1));
    for (Action setter : setters) assertThrows(MessageNotWriteableException.class, setter::run);
    assertEquals(1, received.getIntProperty("a"));
  }

  private interface Getter { Object get(Message message) throws JMSException; }

  private static final Map<String, Getter> GETTERS = Map.of(
    "aBoolean", m -> m.getBooleanProperty("p"), "aByte", m -> m.getByteProperty("p"), "aShort", m -> m.getShortProperty("p"), "anInt", m -> m.getIntProperty("p"),
    "aLong", m -> m.getLongProperty("p"), "aFloat", m -> m.getFloatProperty("p"), "aDouble", m -> m.getDoubleProperty("p"), "aString", m -> m.getStringProperty("p"));

  /** How a value of the first may be read, besides as a text. */
  private static final Map<String, String> WIDER = Map.of(
    "aBoolean", "aBoolean", "aByte", "aByte aShort anInt aLong", "aShort", "aShort anInt aLong", "anInt", "anInt aLong",
    "aLong", "aLong", "aFloat", "aFloat aDouble", "aDouble", "aDouble");

  @Test @DisplayName("a property can be read as each wider type and as a text, and as nothing else")
  void s3_5_4_conversion() throws JMSException {
    for (Map.Entry<String, Object> value : everyType().entrySet()) {
      if (value.getKey().equals("aString")) continue;
      Message sent = session(AUTO).createMessage();
      sent.setObjectProperty("p", value.getValue());
      Message message = roundTrip(sent);
      for (String type : GETTERS.keySet()) {
        String what = value.getKey() + " read as " + type;
        if (type.equals("aString")) assertEquals(value.getValue().toString(), GETTERS.get(type).get(message), what);
        else if (Arrays.asList(WIDER.get(value.getKey()).split(" ")).contains(type)) {
          Object got = GETTERS.get(type).get(message);
          if (got instanceof Number) assertEquals(((Number) value.getValue()).doubleValue(), ((Number) got).doubleValue(), what);
          else assertEquals(value.getValue(), got, what);
        } else assertThrows(MessageFormatException.class, () -> GETTERS.get(type).get(message), what);
      }
    }
  }

  @Test @DisplayName("a text can be read as what it says; if it says none, that is a NumberFormatException")
  void s3_5_4_conversionOfTexts() throws JMSException {
    Message sent = session(AUTO).createMessage();
    sent.setStringProperty("p", "12");
    Message number = roundTrip(sent);
    for (String type : GETTERS.keySet()) {
      Object got = GETTERS.get(type).get(number);
      if (got instanceof Number) assertEquals(12, ((Number) got).intValue(), type);
      else assertEquals(type.equals("aBoolean") ? false : "12", got, type);
    }
    sent.setStringProperty("p", "tRuE");
    Message word = roundTrip(sent);
    assertTrue(word.getBooleanProperty("p"));
    for (String type : GETTERS.keySet())
      if (!type.equals("aBoolean") && !type.equals("aString")) assertThrows(NumberFormatException.class, () -> GETTERS.get(type).get(word), type);
  }

  @Test @DisplayName("an object as a property is one of the same types, and nothing else")
  void s3_5_5_objects() throws JMSException {
    Message message = session(AUTO).createMessage();
    message.setObjectProperty("p", 7);
    assertEquals(7, message.getIntProperty("p"));
    message.setLongProperty("p", 8);
    assertEquals(8L, message.getObjectProperty("p"));
    for (Object wrong : new Object[] {new Date(), new byte[1], new Object()}) assertThrows(MessageFormatException.class, () -> message.setObjectProperty("p", wrong));
  }

  @Test @DisplayName("names can be iterated over; headers are not among them")
  void s3_5_6_iteration() throws JMSException {
    Message message = session(AUTO).createMessage();
    for (Map.Entry<String, Object> value : everyType().entrySet()) message.setObjectProperty(value.getKey(), value.getValue());
    message.setJMSType("type");
    Set<String> names = new HashSet<>();
    for (Object name : Collections.list(roundTrip(message).getPropertyNames())) if (!name.toString().startsWith("JMSX")) names.add(name.toString());
    assertEquals(everyType().keySet(), names);
  }

  @Test @DisplayName("properties can be cleared, then set anew; the body is not concerned")
  void s3_5_7_clearing() throws JMSException {
    TextMessage message = session(AUTO).createTextMessage("body");
    message.setIntProperty("a", 1);
    TextMessage received = roundTrip(message);
    received.clearProperties();
    assertFalse(received.propertyExists("a"));
    assertEquals("body", received.getText());
    received.setIntProperty("b", 2);
    assertEquals(2, received.getIntProperty("b"));
    assertThrows(MessageNotWriteableException.class, () -> received.setText("other"));
  }

  @Test @DisplayName("a property that is not there is null: false, or an error of the number that it is read as")
  void s3_5_8_missing() throws JMSException {
    Message message = roundTrip(session(AUTO).createMessage());
    assertFalse(message.propertyExists("p"));
    assertNull(message.getObjectProperty("p"));
    assertNull(message.getStringProperty("p"));
    assertFalse(message.getBooleanProperty("p"));
    for (String type : List.of("aByte", "aShort", "anInt", "aLong")) assertThrows(NumberFormatException.class, () -> GETTERS.get(type).get(message), type);
    for (String type : List.of("aFloat", "aDouble")) assertThrows(RuntimeException.class, () -> GETTERS.get(type).get(message), type);
  }

  @Test @DisplayName("the connection names the JMSX properties; groups are the sender's, the count of deliveries is the provider's")
  void s3_5_9_jmsx() throws JMSException {
    List<String> known = new ArrayList<>();
    for (Object name : Collections.list(connection().getMetaData().getJMSXPropertyNames())) known.add(name.toString());
    assertTrue(known.containsAll(List.of("JMSXGroupID", "JMSXGroupSeq", "JMSXDeliveryCount")), known.toString());
    Session session = session(CLIENT);
    Message message = session.createMessage();
    message.setStringProperty("JMSXGroupID", "group");
    message.setIntProperty("JMSXGroupSeq", 3);
    session.createProducer(queue(session)).send(message);
    MessageConsumer consumer = session.createConsumer(queue(session));
    for (int delivery = 1; delivery <= 3; delivery++) {
      Message received = receive(consumer);
      assertEquals("group", received.getStringProperty("JMSXGroupID"));
      assertEquals(3, received.getIntProperty("JMSXGroupSeq"));
      assertEquals(delivery, received.getIntProperty("JMSXDeliveryCount"));
      session.recover();
    }
  }

  // ---- 3.6 acknowledgement, 3.9 and 3.10 what may be changed

  @Test @DisplayName("acknowledge() means nothing where the session acknowledges by itself, or a transaction does")
  void s3_6_acknowledgeIsIgnored() throws JMSException {
    for (int mode : new int[] {AUTO, DUPS_OK, TRANSACTED}) {
      Session session = session(mode), sender = session(AUTO);
      Queue queue = queue(session, "" + mode);
      MessageConsumer consumer = session.createConsumer(queue);
      send(sender, queue, "1");
      receive(consumer).acknowledge();
      if (mode != TRANSACTED) continue;
      session.rollback();
      expect(consumer, "1");
      session.commit();
    }
  }

  @Test @DisplayName("what was sent does not change when its sender changes the message afterwards, or sends it again")
  void s3_9_afterTheSend() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    MessageProducer producer = session.createProducer(queue(session));
    TextMessage message = session.createTextMessage("first");
    message.setIntProperty("number", 1);
    producer.send(message);
    String firstId = message.getJMSMessageID();
    message.setText("second");
    message.setIntProperty("number", 2);
    producer.send(message);
    message.setText("never sent");
    Message first = receive(consumer), second = receive(consumer);
    assertEquals("first 1", text(first) + " " + first.getIntProperty("number"));
    assertEquals("second 2", text(second) + " " + second.getIntProperty("number"));
    assertEquals(firstId, first.getJMSMessageID());
    assertNotEquals(firstId, second.getJMSMessageID());
  }

  @Test @DisplayName("a receiver may clear and change what it got; what is delivered again is what was sent")
  void s3_10_changeWhatWasReceived() throws JMSException {
    Session session = session(CLIENT);
    TextMessage sent = session.createTextMessage("sent");
    sent.setIntProperty("a", 1);
    session.createProducer(queue(session)).send(sent);
    MessageConsumer consumer = session.createConsumer(queue(session));
    TextMessage received = (TextMessage) receive(consumer);
    received.clearBody();
    received.clearProperties();
    received.setText("changed");
    received.setIntProperty("a", 2);
    session.recover();
    TextMessage again = (TextMessage) receive(consumer);
    assertEquals("sent 1", again.getText() + " " + again.getIntProperty("a"));
    received.setJMSCorrelationID("forwarded");
    session.createProducer(queue(session, "next")).send(received);
    Message forwarded = receive(session.createConsumer(queue(session, "next")));
    assertEquals("changed 2 forwarded", text(forwarded) + " " + forwarded.getIntProperty("a") + " " + forwarded.getJMSCorrelationID());
  }
}
