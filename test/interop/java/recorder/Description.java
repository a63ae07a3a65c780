// What ActiveMQ understood of a frame, as JSON values: {"_type", "_code", field…}. Longs are decimal texts, bytes
// {"$hex"}, exceptions {"$throwable"}; $properties and $body are decoded for the reader and are no fields of the wire.
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.jms.JMSException;
import org.apache.activemq.command.ActiveMQBytesMessage;
import org.apache.activemq.command.ActiveMQMapMessage;
import org.apache.activemq.command.ActiveMQStreamMessage;
import org.apache.activemq.command.ActiveMQTextMessage;
import org.apache.activemq.command.DataStructure;
import org.apache.activemq.command.Message;
import org.apache.activemq.command.WireFormatInfo;
import org.apache.activemq.util.ByteSequence;

final class Description {
  private final FieldTable table;
  private final int version;
  private final boolean stackTraces;

  Description(FieldTable table, int version, boolean stackTraces) {
    this.table = table;
    this.version = version;
    this.stackTraces = stackTraces;
  }

  /** Bodies are read last, and the value is of no use afterwards: reading one may change its message. */
  Map<String, Object> of(DataStructure value) throws Exception {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("_type", value.getClass().getSimpleName());
    fields.put("_code", value.getDataStructureType() & 0xff);
    for (FieldTable.Field field : table.of(value).fields())
      if (field.in(version)) fields.put(field.name(), described(field.kind(), FieldTable.get(value, field)));
    try {
      if (value instanceof Message message) putDecoded(fields, message);
      if (value instanceof WireFormatInfo info && info.getMarshalledProperties() != null)
        fields.put("$properties", typedMap(info.getProperties()));
    } catch (Exception filledWithBytesThatAreNone) {
      // The bytes of the field are recorded; there is no more to say of them.
    }
    return fields;
  }

  private Object described(String kind, Object value) throws Exception {
    if (value == null || value instanceof String || value instanceof Boolean) return value;
    if (value instanceof Long) return value.toString();
    if (value instanceof Number number) return number.intValue();
    if (value instanceof ByteSequence bytes)
      return Map.of("$hex", HexFormat.of().formatHex(bytes.data, bytes.offset, bytes.offset + bytes.length));
    if (value instanceof byte[] bytes) return Map.of("$hex", HexFormat.of().formatHex(bytes));
    if (value instanceof Throwable exception) return throwable(exception);
    if (value instanceof DataStructure structure) return of(structure);
    if (value instanceof Object[] array) {
      List<Object> list = new ArrayList<>();
      for (Object element : array) list.add(described(kind, element));
      return list;
    }
    throw new IllegalStateException("Cannot describe a " + value.getClass());
  }

  private Map<String, Object> throwable(Throwable exception) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("class", exception.getClass().getName());
    fields.put("message", exception.getMessage());
    if (stackTraces) {
      List<Object> elements = new ArrayList<>();
      for (StackTraceElement element : exception.getStackTrace()) {
        Map<String, Object> described = new LinkedHashMap<>();
        described.put("className", element.getClassName());
        described.put("methodName", element.getMethodName());
        described.put("fileName", element.getFileName());
        described.put("line", element.getLineNumber());
        elements.add(described);
      }
      fields.put("stackTrace", elements);
      fields.put("cause", exception.getCause() == null ? null : throwable(exception.getCause()));
    }
    return Map.of("$throwable", fields);
  }

  private static void putDecoded(Map<String, Object> fields, Message message) throws Exception {
    if (message.getMarshalledProperties() != null) fields.put("$properties", typedMap(message.getProperties()));
    Object body = body(message);
    if (body != null) fields.put("$body", body);
  }

  private static Object body(Message message) throws Exception {
    if (message instanceof ActiveMQTextMessage text) return text.getText();
    if (message.getContent() == null) return null;
    if (message instanceof ActiveMQBytesMessage bytes) {
      byte[] content = new byte[(int) bytes.getBodyLength()];
      bytes.readBytes(content);
      return Map.of("$hex", HexFormat.of().formatHex(content));
    }
    if (message instanceof ActiveMQMapMessage map) {
      Map<String, Object> values = new LinkedHashMap<>();
      for (Object name : Collections.list(map.getMapNames())) values.put((String) name, map.getObject((String) name));
      return typedMap(values);
    }
    if (message instanceof ActiveMQStreamMessage stream) return typedStream(stream);
    return null;
  }

  private static List<Object> typedStream(ActiveMQStreamMessage stream) throws JMSException {
    List<Object> values = new ArrayList<>();
    stream.reset();
    try {
      for (;;) values.add(typed(stream.readObject()));
    } catch (javax.jms.MessageEOFException end) {
      return values;
    }
  }

  static Map<String, Object> typedMap(Map<?, ?> map) {
    if (map == null) return null;
    Map<String, Object> fields = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) fields.put(entry.getKey().toString(), typed(entry.getValue()));
    return fields;
  }

  private static Map<String, Object> typed(Object value) {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) return typed(fields, "map", typedMap(map));
    if (value instanceof List<?> list) {
      List<Object> elements = new ArrayList<>();
      for (Object element : list) elements.add(typed(element));
      return typed(fields, "list", elements);
    }
    if (value == null) return typed(fields, "null", null);
    if (value instanceof byte[] bytes) return typed(fields, "bytes", HexFormat.of().formatHex(bytes));
    if (value instanceof Character unit) return typed(fields, "char", (int) unit);
    if (value instanceof Boolean) return typed(fields, "boolean", value);
    if (value instanceof Byte || value instanceof Short)
      return typed(fields, value.getClass().getSimpleName().toLowerCase(), value);
    if (value instanceof Integer) return typed(fields, "int", value);
    if (value instanceof Long || value instanceof Float || value instanceof Double)
      return typed(fields, value.getClass().getSimpleName().toLowerCase(), value.toString());
    return typed(fields, "string", value.toString());
  }

  private static Map<String, Object> typed(Map<String, Object> fields, String type, Object value) {
    fields.put("t", type);
    fields.put("v", value);
    return fields;
  }
}
