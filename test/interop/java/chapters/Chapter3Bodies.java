// JMS 1.1, chapter 3, sections 3.11 and 3.12: the bodies of messages, what can be read as what, and messages of other providers.
import static org.junit.jupiter.api.Assertions.*;

import java.io.Serializable;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.jms.*;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class Chapter3Bodies extends Chapter3Test {
  @Test @DisplayName("texts of every length and alphabet, and none")
  void s3_11_text() throws JMSException {
    Session session = session(AUTO);
    for (String body : new String[] {"", "plain", "gr\u00fc\u00dfe \u20ac \ud83d\ude80 \u0000 end", "long ".repeat(20_000), null}) {
      assertEquals(body, roundTrip(session.createTextMessage(body)).getText());
      TextMessage set = session.createTextMessage();
      set.setText(body);
      assertEquals(body, roundTrip(set).getText());
    }
  }

  @Test @DisplayName("bytes, by all primitives, read in their order")
  void s3_11_bytes() throws JMSException {
    BytesMessage message = session(AUTO).createBytesMessage();
    message.writeBoolean(true);
    message.writeByte((byte) -1);
    message.writeShort((short) -2);
    message.writeChar('\u20ac');
    message.writeInt(-3);
    message.writeLong(Long.MIN_VALUE);
    message.writeFloat(1.5f);
    message.writeDouble(Math.PI);
    message.writeUTF("gr\u00fc\u00dfe");
    message.writeBytes(new byte[] {1, 2, 3, 4}, 1, 2);
    message.writeObject(5);
    assertThrows(MessageFormatException.class, () -> message.writeObject(new Date()));
    BytesMessage received = roundTrip(message);
    for (int time = 0; time < 2; time++) {
      assertEquals(1 + 1 + 2 + 2 + 4 + 8 + 4 + 8 + 2 + 7 + 2 + 4, received.getBodyLength());
      assertTrue(received.readBoolean());
      assertEquals(255, received.readUnsignedByte());
      assertEquals(65_534, received.readUnsignedShort());
      assertEquals('\u20ac', received.readChar());
      assertEquals(-3, received.readInt());
      assertEquals(Long.MIN_VALUE, received.readLong());
      assertEquals(1.5f, received.readFloat());
      assertEquals(Math.PI, received.readDouble());
      assertEquals("gr\u00fc\u00dfe", received.readUTF());
      byte[] two = new byte[2];
      assertEquals(2, received.readBytes(two));
      assertArrayEquals(new byte[] {2, 3}, two);
      assertEquals(5, received.readInt());
      assertThrows(MessageEOFException.class, received::readByte);
      assertEquals(-1, received.readBytes(two));
      received.reset();
    }
  }

  @Test @DisplayName("entries of a map by name, of every type")
  void s3_11_map() throws JMSException {
    MapMessage message = session(AUTO).createMapMessage();
    Map<String, Object> values = everyType();
    values.put("aChar", '\u20ac');
    for (Map.Entry<String, Object> value : values.entrySet()) message.setObject(value.getKey(), value.getValue());
    message.setBytes("bytes", new byte[] {1, 2, 3});
    message.setString("nothing", null);
    assertThrows(MessageFormatException.class, () -> message.setObject("date", new Date()));
    for (String none : new String[] {null, ""}) assertThrows(IllegalArgumentException.class, () -> message.setInt(none, 1));
    MapMessage received = roundTrip(message);
    for (Map.Entry<String, Object> value : values.entrySet()) assertEquals(value.getValue(), received.getObject(value.getKey()));
    assertArrayEquals(new byte[] {1, 2, 3}, received.getBytes("bytes"));
    assertTrue(received.itemExists("nothing"));
    assertFalse(received.itemExists("missing"));
    assertNull(received.getObject("missing"));
    Set<Object> names = new HashSet<>(Collections.list(received.getMapNames()));
    Set<Object> wanted = new HashSet<>(values.keySet());
    wanted.addAll(List.of("bytes", "nothing"));
    assertEquals(wanted, names);
  }

  @Test @DisplayName("a stream of values, read one by one with their types")
  void s3_11_stream() throws JMSException {
    StreamMessage message = session(AUTO).createStreamMessage();
    Map<String, Object> values = everyType();
    for (Object value : values.values()) message.writeObject(value);
    message.writeChar('c');
    message.writeString(null);
    message.writeBytes(new byte[] {1, 2, 3, 4, 5});
    assertThrows(MessageFormatException.class, () -> message.writeObject(new Date()));
    StreamMessage received = roundTrip(message);
    for (Object value : values.values()) assertEquals(value, received.readObject());
    assertEquals('c', received.readChar());
    assertNull(received.readString());
    byte[] part = new byte[3];
    assertEquals(3, received.readBytes(part));
    assertEquals(2, received.readBytes(part));
    assertArrayEquals(new byte[] {4, 5, 3}, part);
    assertThrows(MessageEOFException.class, received::readInt);
  }

  @Test @DisplayName("nothing else can be read from a stream while bytes are read in part")
  @DiffersInActiveMq(value = "the rest of the bytes is taken for the next value", side = DiffersInActiveMq.Side.IN_CLIENT)
  void s3_11_streamOfBytesInPart() throws JMSException {
    StreamMessage message = session(AUTO).createStreamMessage();
    message.writeBytes(new byte[] {1, 2, 3, 4, 5});
    message.writeInt(1);
    StreamMessage received = roundTrip(message);
    assertEquals(3, received.readBytes(new byte[3]));
    assertThrows(MessageFormatException.class, received::readInt);
  }

  @Test @DisplayName("an object that is serialized; a copy is made when it is set")
  void s3_11_object() throws JMSException {
    Session session = session(AUTO);
    ArrayList<String> list = new ArrayList<>(List.of("a"));
    ObjectMessage message = session.createObjectMessage(list);
    list.add("too late");
    Serializable received = roundTrip(message).getObject();
    assertEquals(List.of("a"), received);
    assertNull(roundTrip(session.createObjectMessage()).getObject());
  }

  @Test @DisplayName("no body at all; every kind comes as what it was, persistent or not")
  void s3_11_kinds() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    MessageProducer producer = session.createProducer(queue(session));
    for (int mode : MODES) {
      producer.setDeliveryMode(mode);
      for (Message message : new Message[] {session.createTextMessage(), session.createBytesMessage(), session.createMapMessage(), session.createStreamMessage(), session.createObjectMessage(), session.createMessage()}) {
        producer.send(message);
        assertEquals(message.getClass(), receive(consumer).getClass());
      }
    }
  }

  @Test @DisplayName("a cleared body is as of a new message, and can be written; headers and properties stay")
  void s3_11_1_clearBody() throws JMSException {
    Session session = session(AUTO);
    TextMessage text = session.createTextMessage("old");
    text.setIntProperty("a", 1);
    text.setJMSType("type");
    TextMessage received = roundTrip(text);
    received.clearBody();
    assertNull(received.getText());
    received.setText("new");
    assertEquals("new 1 type", received.getText() + " " + received.getIntProperty("a") + " " + received.getJMSType());
    BytesMessage bytes = session.createBytesMessage();
    bytes.writeInt(1);
    BytesMessage receivedBytes = roundTrip(bytes);
    receivedBytes.clearBody();
    receivedBytes.writeInt(2);
    receivedBytes.reset();
    assertEquals(2, receivedBytes.readInt());
    MapMessage map = session.createMapMessage();
    map.setInt("a", 1);
    MapMessage receivedMap = roundTrip(map);
    receivedMap.clearBody();
    assertFalse(receivedMap.itemExists("a"));
    receivedMap.setInt("b", 2);
  }

  @Test @DisplayName("the body of a received message can not be written")
  void s3_11_2_readOnly() throws JMSException {
    Session session = session(AUTO);
    TextMessage text = roundTrip(session.createTextMessage("x"));
    assertThrows(MessageNotWriteableException.class, () -> text.setText("y"));
    BytesMessage bytes = roundTrip(session.createBytesMessage());
    assertThrows(MessageNotWriteableException.class, () -> bytes.writeInt(1));
    StreamMessage stream = roundTrip(session.createStreamMessage());
    assertThrows(MessageNotWriteableException.class, () -> stream.writeInt(1));
    MapMessage map = roundTrip(session.createMapMessage());
    assertThrows(MessageNotWriteableException.class, () -> map.setInt("a", 1));
    ObjectMessage object = roundTrip(session.createObjectMessage("x"));
    assertThrows(MessageNotWriteableException.class, () -> object.setObject("y"));
  }

  @Test @DisplayName("bytes and streams can be written until reset(), and read from then on")
  void s3_11_2_writeOnly() throws JMSException {
    Session session = session(AUTO);
    BytesMessage bytes = session.createBytesMessage();
    bytes.writeInt(1);
    assertThrows(MessageNotReadableException.class, bytes::readInt);
    assertThrows(MessageNotReadableException.class, bytes::getBodyLength);
    bytes.reset();
    assertEquals(1, bytes.readInt());
    assertThrows(MessageNotWriteableException.class, () -> bytes.writeInt(1));
    StreamMessage stream = session.createStreamMessage();
    stream.writeInt(1);
    assertThrows(MessageNotReadableException.class, stream::readInt);
    stream.reset();
    assertEquals(1, stream.readInt());
    assertThrows(MessageNotWriteableException.class, () -> stream.writeInt(1));
  }

  @Test @DisplayName("entries of maps are converted as properties are; a character is a text, bytes are bytes alone")
  void s3_11_3_conversionInMaps() throws JMSException {
    MapMessage sent = session(AUTO).createMapMessage();
    sent.setByte("byte", (byte) 7);
    sent.setFloat("float", 1.5f);
    sent.setChar("char", 'c');
    sent.setBytes("bytes", new byte[] {1});
    sent.setString("number", "12");
    sent.setString("word", "x");
    sent.setBoolean("boolean", true);
    MapMessage map = roundTrip(sent);
    assertEquals("7 7 7 7 7", map.getByte("byte") + " " + map.getShort("byte") + " " + map.getInt("byte") + " " + map.getLong("byte") + " " + map.getString("byte"));
    assertEquals("1.5 1.5 1.5", map.getFloat("float") + " " + map.getDouble("float") + " " + map.getString("float"));
    assertEquals("c c", map.getChar("char") + " " + map.getString("char"));
    assertEquals("12 12 12.0", map.getByte("number") + " " + map.getLong("number") + " " + map.getDouble("number"));
    List<Action> wrong = List.of(
      () -> map.getBoolean("byte"), () -> map.getFloat("byte"), () -> map.getChar("byte"), () -> map.getBytes("byte"), () -> map.getInt("float"), () -> map.getInt("char"),
      () -> map.getString("bytes"), () -> map.getInt("bytes"), () -> map.getChar("number"), () -> map.getBytes("number"), () -> map.getInt("boolean"));
    for (Action action : wrong) assertThrows(MessageFormatException.class, action::run, "number " + wrong.indexOf(action));
    assertThrows(NumberFormatException.class, () -> map.getInt("word"));
    assertFalse(map.getBoolean("missing"));
    assertNull(map.getString("missing"));
    assertThrows(NullPointerException.class, () -> map.getChar("missing"));
  }

  @Test @DisplayName("an entry that is missing is no number")
  @DiffersInActiveMq(value = "it is 0", side = DiffersInActiveMq.Side.IN_CLIENT)
  void s3_11_3_missingNumberInMaps() throws JMSException {
    MapMessage map = roundTrip(session(AUTO).createMapMessage());
    assertThrows(NumberFormatException.class, () -> map.getInt("missing"));
  }

  @Test @DisplayName("values of streams are converted likewise, and one that can not be is there to be read otherwise")
  void s3_11_3_conversionInStreams() throws JMSException {
    StreamMessage sent = session(AUTO).createStreamMessage();
    sent.writeByte((byte) 7);
    sent.writeShort((short) 8);
    sent.writeFloat(1.5f);
    sent.writeString("x");
    sent.writeString("12");
    sent.writeChar('c');
    sent.writeLong(9);
    StreamMessage stream = roundTrip(sent);
    assertThrows(MessageFormatException.class, stream::readFloat);
    assertThrows(MessageFormatException.class, stream::readBoolean);
    assertEquals(7L, stream.readLong());
    assertThrows(MessageFormatException.class, stream::readByte);
    assertEquals(8, stream.readInt());
    assertThrows(MessageFormatException.class, stream::readInt);
    assertEquals(1.5, stream.readDouble());
    assertThrows(NumberFormatException.class, stream::readInt);
    assertEquals("x", stream.readString());
    assertEquals(12, stream.readShort());
    assertThrows(MessageFormatException.class, stream::readInt);
    assertEquals("c", stream.readString());
    assertThrows(MessageFormatException.class, stream::readInt);
    assertEquals("9", stream.readString());
  }

  @Test @DisplayName("a message of another provider can be sent; its headers are set by the send")
  void s3_12_foreignMessage() throws JMSException {
    Map<String, Object> headers = new HashMap<>();
    TextMessage foreign = (TextMessage) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {TextMessage.class}, (proxy, method, arguments) -> {
      String called = method.getName();
      if (called.equals("getText")) return "foreign";
      if (called.equals("getPropertyNames")) return Collections.enumeration(List.of("p"));
      if (called.equals("getObjectProperty")) return 5;
      if (called.startsWith("setJMS")) headers.put(called.substring(3), arguments[0]);
      if (called.startsWith("getJMS") && headers.containsKey(called.substring(3))) return headers.get(called.substring(3));
      Class<?> type = method.getReturnType();
      return type == boolean.class ? (Object) false : type == int.class ? (Object) 0 : type == long.class ? (Object) 0L : null;
    });
    Session session = session(AUTO);
    session.createProducer(queue(session)).send(foreign, DeliveryMode.NON_PERSISTENT, 7, 60_000);
    Message received = receive(session.createConsumer(queue(session)));
    assertEquals("foreign 5 7", text(received) + " " + received.getIntProperty("p") + " " + received.getJMSPriority());
    assertEquals(received.getJMSMessageID(), foreign.getJMSMessageID());
    assertEquals(queue(session), foreign.getJMSDestination());
    assertEquals(received.getJMSExpiration(), foreign.getJMSExpiration());
    assertEquals(received.getJMSTimestamp(), foreign.getJMSTimestamp());
  }
}
