// Reads messages with the stock ActiveMQ client and sends each back as another one, made anew through the API of JMS out of
// what was read: every value by the class that it came as.
//
//   java MessageMirror URL QUEUE REPLIES
//
// Prints "mirroring" when it listens; for each message "got " and its description; for one that it cannot read or make "failed "
// and the reason. Ends with its input. Descriptions are those of message-description.ts: texts as hexadecimal UTF-16, floats
// and doubles by their bits, names in order.
import java.io.ByteArrayOutputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.net.URL;
import java.util.*;
import javax.jms.*;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.command.ActiveMQBlobMessage;
import org.apache.activemq.command.ActiveMQMessage;

public class MessageMirror {
  static Session session;

  public static void main(String[] args) throws Exception {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(args[0]);
    factory.setTrustAllPackages(true);
    Connection connection = factory.createConnection();
    session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageProducer producer = session.createProducer(session.createQueue(args[2]));
    session.createConsumer(session.createQueue(args[1])).setMessageListener(message -> {
      try {
        System.out.println("got " + describe(message));
        Message copy = copy(message);
        long timeToLive = message.getJMSExpiration() == 0 ? 0 : message.getJMSExpiration() - message.getJMSTimestamp();
        producer.send(copy, message.getJMSDeliveryMode(), message.getJMSPriority(), timeToLive);
      } catch (Throwable t) { System.out.println("failed " + t); }
    });
    connection.start();
    System.out.println("mirroring");
    while (System.in.read() >= 0) { }
    connection.close();
    System.exit(0);
  }

  static String describe(Message m) throws Exception {
    StringJoiner properties = new StringJoiner(",", "{", "}");
    for (String name : propertyNames(m)) properties.add(hex(name) + "=" + value(m.getObjectProperty(name)));
    // To read the body is to forget that it was compressed.
    String form = ((ActiveMQMessage) m).isCompressed() ? "compressed" : "plain";
    long expiresAfter = m.getJMSExpiration() == 0 ? 0 : m.getJMSExpiration() - m.getJMSTimestamp();
    return body(m) + " " + properties + " " + value(m.getJMSCorrelationID()) + " " + value(m.getJMSType()) + " " + m.getJMSReplyTo() + " " + value(m.getStringProperty("JMSXGroupID"))
      + " " + m.getIntProperty("JMSXGroupSeq") + " " + m.getJMSPriority() + " " + m.getJMSDeliveryMode() + " " + expiresAfter + " " + m.getJMSRedelivered() + " " + m.getIntProperty("JMSXDeliveryCount")
      + " " + form;
  }

  static String body(Message m) throws Exception {
    if (m instanceof TextMessage) return "text " + value(((TextMessage) m).getText());
    if (m instanceof BytesMessage) return "bytes " + value(bytes((BytesMessage) m));
    if (m instanceof MapMessage) return "map " + value(entries((MapMessage) m));
    if (m instanceof StreamMessage) return "stream " + value(values((StreamMessage) m));
    if (m instanceof ObjectMessage) return "object " + value(serialized(((ObjectMessage) m).getObject()));
    if (m instanceof ActiveMQBlobMessage) { ActiveMQBlobMessage b = (ActiveMQBlobMessage) m; return "blob " + b.getURL() + "|" + b.getMimeType() + "|" + b.isDeletedByBroker(); }
    return "message";
  }

  static Message copy(Message m) throws Exception {
    Message c = copyOfBody(m);
    for (String name : propertyNames(m)) {
      Object property = m.getObjectProperty(name);
      // Bytes can be read, but not set.
      if (!(property instanceof byte[])) c.setObjectProperty(name, property);
    }
    c.setJMSCorrelationID(m.getJMSCorrelationID()); c.setJMSType(m.getJMSType()); c.setJMSReplyTo(m.getJMSReplyTo());
    if (m.getStringProperty("JMSXGroupID") != null) c.setStringProperty("JMSXGroupID", m.getStringProperty("JMSXGroupID"));
    c.setIntProperty("JMSXGroupSeq", m.getIntProperty("JMSXGroupSeq"));
    return c;
  }

  static Message copyOfBody(Message m) throws Exception {
    if (m instanceof TextMessage) return session.createTextMessage(((TextMessage) m).getText());
    if (m instanceof BytesMessage) { BytesMessage c = session.createBytesMessage(); c.writeBytes(bytes((BytesMessage) m)); return c; }
    if (m instanceof MapMessage) { MapMessage c = session.createMapMessage(); for (Map.Entry<String, Object> e : entries((MapMessage) m).entrySet()) c.setObject(e.getKey(), e.getValue()); return c; }
    if (m instanceof StreamMessage) { StreamMessage c = session.createStreamMessage(); for (Object v : values((StreamMessage) m)) c.writeObject(v); return c; }
    if (m instanceof ObjectMessage) return session.createObjectMessage(((ObjectMessage) m).getObject());
    if (m instanceof ActiveMQBlobMessage) {
      ActiveMQBlobMessage b = (ActiveMQBlobMessage) m;
      ActiveMQBlobMessage c = (ActiveMQBlobMessage) ((ActiveMQSession) session).createBlobMessage(new URL(b.getURL().toString()), b.isDeletedByBroker());
      c.setMimeType(b.getMimeType());
      return c;
    }
    return session.createMessage();
  }

  static byte[] bytes(BytesMessage m) throws Exception { m.reset(); byte[] bytes = new byte[(int) m.getBodyLength()]; m.readBytes(bytes); return bytes; }

  static Map<String, Object> entries(MapMessage m) throws Exception {
    Map<String, Object> entries = new LinkedHashMap<>();
    for (String name : names(m.getMapNames())) entries.put(name, m.getObject(name));
    return entries;
  }

  static List<Object> values(StreamMessage m) throws Exception {
    m.reset();
    List<Object> values = new ArrayList<>();
    for (;;) try { values.add(m.readObject()); } catch (MessageEOFException e) { return values; }
  }

  /** As ActiveMQObjectMessage.storeContent does it. */
  static byte[] serialized(Serializable object) throws Exception {
    if (object == null) return null;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) { out.writeObject(object); out.flush(); out.reset(); }
    return bytes.toByteArray();
  }

  /** Without those that are fields. */
  static List<String> propertyNames(Message m) throws Exception { List<String> names = names(m.getPropertyNames()); names.removeIf(name -> name.startsWith("JMSX")); return names; }

  static List<String> names(Enumeration<?> all) { List<String> names = new ArrayList<>(); while (all.hasMoreElements()) names.add((String) all.nextElement()); Collections.sort(names); return names; }

  static String value(Object v) {
    if (v == null) return "null";
    if (v instanceof Boolean) return "boolean:" + v;
    if (v instanceof Byte) return "byte:" + v;
    if (v instanceof Short) return "short:" + v;
    if (v instanceof Character) return "char:" + (int) (Character) v;
    if (v instanceof Integer) return "int:" + v;
    if (v instanceof Long) return "long:" + v;
    if (v instanceof Float) return "float:" + Integer.toHexString(Float.floatToIntBits((Float) v));
    if (v instanceof Double) return "double:" + Long.toHexString(Double.doubleToLongBits((Double) v));
    if (v instanceof byte[]) { StringBuilder out = new StringBuilder("bytes:"); for (byte b : (byte[]) v) out.append(String.format("%02x", b)); return out.toString(); }
    if (v instanceof Map) {
      StringJoiner out = new StringJoiner(",", "map{", "}");
      Map<String, Object> sorted = new TreeMap<>();
      ((Map<?, ?>) v).forEach((name, one) -> sorted.put(name.toString(), one));
      sorted.forEach((name, one) -> out.add(hex(name) + "=" + value(one)));
      return out.toString();
    }
    if (v instanceof List) { StringJoiner out = new StringJoiner(",", "list[", "]"); for (Object one : (List<?>) v) out.add(value(one)); return out.toString(); }
    // Texts inside of maps and lists are not always String.
    return "string:" + hex(v.toString());
  }

  static String hex(String text) { StringBuilder out = new StringBuilder(); for (char c : text.toCharArray()) out.append(String.format("%04x", (int) c)); return out.toString(); }
}
