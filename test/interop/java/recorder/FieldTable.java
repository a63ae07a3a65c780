// Which fields of an ActiveMQ command class stand on the wire, by what name the recordings know them, and in which
// versions. The table comes from our codec (../../recorder/field-table.ts); the values are read from and written to
// ActiveMQ's own objects, so a wrong name or kind in it ends the recording, and a wrong order shows in the bytes.
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.activemq.command.DataStructure;

final class FieldTable {
  record Structure(String name, int since, List<Field> fields) {}

  record Field(String name, String kind, String type, int since, int until) {
    boolean in(int version) { return since <= version && version <= until; }
  }

  /** Where the class of ActiveMQ spells a name in another way. */
  private static final Map<String, String> SPELLED = Map.of("JournalTopicAck.subscriptionName", "subscritionName");

  final Map<String, Structure> structures = new LinkedHashMap<>();

  /** Lines "structure NAME SINCE", each followed by its "field NAME KIND TYPE SINCE UNTIL". */
  FieldTable(Path file) throws IOException {
    List<Field> fields = List.of();
    for (String line : Files.readAllLines(file)) {
      String[] words = line.split(" ");
      if (words[0].equals("structure")) {
        fields = new ArrayList<>();
        structures.put(words[1], new Structure(words[1], Integer.parseInt(words[2]), fields));
      } else
        fields.add(new Field(words[1], words[2], words[3], Integer.parseInt(words[4]), Integer.parseInt(words[5])));
    }
  }

  Structure of(DataStructure value) { return named(value.getClass().getSimpleName()); }

  Structure named(String name) {
    Structure structure = structures.get(name);
    if (structure == null) throw new IllegalStateException("Cannot describe " + name + ": it is not in the table");
    return structure;
  }

  static Object get(DataStructure owner, Field field) throws ReflectiveOperationException {
    return getter(owner.getClass(), field).invoke(owner);
  }

  static void set(DataStructure owner, Field field, Object value) throws ReflectiveOperationException {
    Class<?> type = type(owner.getClass(), field);
    for (Method method : owner.getClass().getMethods())
      if (method.getName().equalsIgnoreCase("set" + spelled(owner.getClass(), field))
          && method.getParameterCount() == 1
          && method.getParameterTypes()[0] == type) {
        method.invoke(owner, value);
        return;
      }
    throw new IllegalStateException("Cannot set " + owner.getClass() + "." + field.name + ": it has no setter");
  }

  static Class<?> type(Class<?> owner, Field field) { return getter(owner, field).getReturnType(); }

  private static Method getter(Class<?> owner, Field field) {
    String name = spelled(owner, field);
    for (Method method : owner.getMethods())
      if (method.getParameterCount() == 0
          && (method.getName().equalsIgnoreCase("get" + name) || method.getName().equalsIgnoreCase("is" + name)))
        return method;
    throw new IllegalStateException("Cannot read " + owner + "." + field.name + ": it has no getter");
  }

  private static String spelled(Class<?> owner, Field field) {
    return SPELLED.getOrDefault(owner.getSimpleName() + "." + field.name, field.name);
  }
}
