// Writes maps, lists, texts, numbers and booleans as JSON; nothing else comes out of the recorder.
import java.util.List;
import java.util.Map;

final class Json {
  static String of(Object value) {
    StringBuilder out = new StringBuilder();
    write(out, value);
    return out.toString();
  }

  private static void write(StringBuilder out, Object value) {
    if (value instanceof Map<?, ?> map) {
      String separator = "{";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        out.append(separator);
        text(out, (String) entry.getKey());
        out.append(':');
        write(out, entry.getValue());
        separator = ",";
      }
      out.append(map.isEmpty() ? "{}" : "}");
    } else if (value instanceof List<?> list) {
      String separator = "[";
      for (Object element : list) {
        out.append(separator);
        write(out, element);
        separator = ",";
      }
      out.append(list.isEmpty() ? "[]" : "]");
    } else if (value instanceof String text) text(out, text);
    else if (value == null || value instanceof Boolean || value instanceof Number) out.append(value);
    else throw new IllegalArgumentException("Cannot write as JSON: " + value.getClass());
  }

  /** Everything outside printable ASCII is escaped, lone surrogates included. */
  private static void text(StringBuilder out, String text) {
    out.append('"');
    for (char unit : text.toCharArray()) {
      if (unit == '"' || unit == '\\') out.append('\\').append(unit);
      else if (unit >= ' ' && unit < 0x7f) out.append(unit);
      else out.append(String.format("\\u%04x", (int) unit));
    }
    out.append('"');
  }
}
