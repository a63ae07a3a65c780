// Every structure of the table with every field filled by its kind: once not at all, then with ordinary values, the
// smallest, texts beyond ASCII, and large ones. What the values mean does not matter here, see KnownCommands.
import java.io.IOException;
import java.lang.reflect.Array;
import java.nio.charset.StandardCharsets;
import org.apache.activemq.command.DataStructure;
import org.apache.activemq.util.ByteSequence;

final class FilledCommands {
  enum Filling { EMPTY, ORDINARY, SMALLEST, UNICODE, LARGE }

  /** Structures inside structures inside structures: enough for a message in a dispatch with all its ids. */
  private static final int MAX_DEPTH = 4;
  private static final String PACKAGE = "org.apache.activemq.command.";

  private final FieldTable table;
  private final int version;
  private final Filling filling;
  /** Longs of every width that the tight encoding knows, in turn. */
  private static final long[] ORDINARY_LONGS = {1, 65_535, 65_536, 4_294_967_295L, 4_294_967_296L, 0};
  private static final long[] SMALLEST_LONGS = {Long.MIN_VALUE, -1, -2};
  private int longs;

  FilledCommands(FieldTable table, int version, Filling filling) {
    this.table = table;
    this.version = version;
    this.filling = filling;
  }

  DataStructure command(String name) throws ReflectiveOperationException { return filled(name, filling, 0); }

  private DataStructure filled(String name, Filling filling, int depth) throws ReflectiveOperationException {
    DataStructure value = (DataStructure) Class.forName(PACKAGE + name).getConstructor().newInstance();
    if (filling == Filling.EMPTY) return value;
    for (FieldTable.Field field : table.named(name).fields()) {
      if (!field.in(version) || field.kind().equals("const8")) continue;
      FieldTable.set(value, field, valueOf(value, field, filling, depth));
    }
    return value;
  }

  private Object valueOf(DataStructure owner, FieldTable.Field field, Filling filling, int depth)
      throws ReflectiveOperationException {
    Class<?> type = FieldTable.type(owner.getClass(), field);
    return switch (field.kind()) {
      case "bool" -> filling != Filling.SMALLEST;
      case "byte" -> (byte) number(filling, 7, Byte.MIN_VALUE, 0, Byte.MAX_VALUE);
      case "int" -> (int) number(filling, 12_345, Integer.MIN_VALUE, 0, Integer.MAX_VALUE);
      case "long" -> longOf(filling);
      case "string" -> field.name().equals("physicalName") ? destination(filling) : text(field.name(), filling);
      case "bytes" -> type == byte[].class ? bytes(filling) : new ByteSequence(bytes(filling));
      case "throwable" -> throwable(filling);
      case "array" -> array(owner, field, type.getComponentType(), filling, depth);
      default -> nested(owner, field, filling, depth);
    };
  }

  private static long number(Filling filling, long ordinary, long smallest, long unicode, long large) {
    return switch (filling) {
      case SMALLEST -> smallest;
      case UNICODE -> unicode;
      case LARGE -> large;
      default -> ordinary;
    };
  }

  private long longOf(Filling filling) {
    return switch (filling) {
      case SMALLEST -> SMALLEST_LONGS[longs++ % SMALLEST_LONGS.length];
      case UNICODE -> 0;
      case LARGE -> Long.MAX_VALUE;
      default -> ORDINARY_LONGS[longs++ % ORDINARY_LONGS.length];
    };
  }

  private static String text(String name, Filling filling) {
    return switch (filling) {
      case SMALLEST -> "";
      case UNICODE -> "a\0\u007f\u0080\u07ff\u0800\u20ac\ud83d\ude00z";
      case LARGE -> name + "-".repeat(150);
      default -> "the " + name;
    };
  }

  /** A destination has a name, at least of one character. */
  private static String destination(Filling filling) {
    return filling == Filling.SMALLEST ? "Q" : "RECORDED." + text("NAME", filling).trim();
  }

  private static byte[] bytes(Filling filling) {
    return switch (filling) {
      case SMALLEST -> new byte[0];
      case UNICODE -> "\u20ac".getBytes(StandardCharsets.UTF_8);
      case LARGE -> new byte[500];
      default -> new byte[] {1, 2, -1};
    };
  }

  private Throwable throwable(Filling filling) {
    Throwable cause = filling == Filling.SMALLEST ? null : new IOException("the cause");
    if (cause != null) cause.setStackTrace(stackTrace(1));
    Throwable exception = new IllegalStateException(text("message", filling), cause);
    exception.setStackTrace(stackTrace((int) number(filling, 2, 0, 1, 20)));
    return exception;
  }

  static StackTraceElement[] stackTrace(int length) {
    StackTraceElement[] elements = new StackTraceElement[length];
    for (int i = 0; i < length; i++)
      elements[i] =
          i % 2 == 0
              ? new StackTraceElement("org.example.Recorded", "run", "Recorded.java", 40 + i)
              : new StackTraceElement("org.example.Native", "call\u00e9e", null, -2);
    return elements;
  }

  private Object array(DataStructure owner, FieldTable.Field field, Class<?> type, Filling filling, int depth)
      throws ReflectiveOperationException {
    int length = (int) number(filling, 2, 0, 1, 12);
    // An object with an empty path there forgets that it has one.
    if (depth >= MAX_DEPTH || (length == 0 && field.name().equals("networkConsumerPath"))) return null;
    Object array = Array.newInstance(type, length);
    for (int i = 0; i < length; i++) Array.set(array, i, nested(owner, field, filling, depth));
    return array;
  }

  /** What is inside a large structure is of ordinary size. */
  private DataStructure nested(DataStructure owner, FieldTable.Field field, Filling filling, int depth)
      throws ReflectiveOperationException {
    String declared = field.type();
    // A broker knows its peers, but not the peers of those.
    boolean again = owner.getClass().getSimpleName().equals(declared);
    if (depth >= MAX_DEPTH || (again && depth > 0)) return null;
    return filled(concrete(declared, filling), filling == Filling.LARGE ? Filling.ORDINARY : filling, depth + 1);
  }

  /** Some structure that a field declared as `type` can hold. */
  private static String concrete(String type, Filling filling) {
    return switch (type) {
      case "ActiveMQDestination" ->
          choice(filling, "ActiveMQQueue", "ActiveMQTopic", "ActiveMQTempQueue", "ActiveMQTempTopic");
      case "TransactionId" ->
          choice(filling, "LocalTransactionId", "XATransactionId", "LocalTransactionId", "XATransactionId");
      case "Message" ->
          choice(filling, "ActiveMQTextMessage", "ActiveMQMessage", "ActiveMQBytesMessage", "ActiveMQMapMessage");
      case "DataStructure" -> choice(filling, "ConsumerId", "ProducerId", "SessionId", "ConnectionId");
      case "BooleanExpression" -> "NetworkBridgeFilter";
      default -> type;
    };
  }

  private static String choice(Filling filling, String ordinary, String smallest, String unicode, String large) {
    return switch (filling) {
      case SMALLEST -> smallest;
      case UNICODE -> unicode;
      case LARGE -> large;
      default -> ordinary;
    };
  }
}
