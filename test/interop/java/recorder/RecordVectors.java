// Writes what ActiveMQ's marshallers make of commands: v<version>-<loose|tight>[-cached].json, sequences.json and
// primitives.json. args: the table of fields, the folder to write to, the versions.
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.activemq.command.DataStructure;
import org.apache.activemq.openwire.OpenWireFormat;

public class RecordVectors {
  static final String MADE_WITH = "marshaller classes of ActiveMQ " + org.apache.activemq.ActiveMQConnectionMetaData.PROVIDER_VERSION;
  private static final int CACHE_SIZE = 1024;
  /** It has one field more than the version before, and none that is cached. */
  private static final int UNCACHED_VERSION = 11;

  private final FieldTable table;
  private final Path folder;
  private int recorded;

  RecordVectors(FieldTable table, Path folder) {
    this.table = table;
    this.folder = folder;
  }

  public static void main(String[] args) throws Exception {
    RecordVectors recorder = new RecordVectors(new FieldTable(Path.of(args[0])), Path.of(args[1]));
    List<Integer> versions = Arrays.stream(args).skip(2).map(Integer::valueOf).toList();
    for (int version : versions)
      for (boolean tight : new boolean[] {false, true}) {
        recorder.vectors(version, tight);
        if (version != UNCACHED_VERSION) recorder.cachedVectors(version, tight);
      }
    recorder.write("sequences", Sequences.all(recorder.table, versions));
    recorder.write("primitives", Primitives.all());
    System.out.println("recorded " + recorder.recorded);
    System.exit(0);
  }

  private void vectors(int version, boolean tight) throws Exception {
    List<Object> vectors = new ArrayList<>();
    for (Map.Entry<String, Callable<? extends DataStructure>> command : commands(version).entrySet()) {
      byte[] plain = recordOne(vectors, command, new WireFormats(version, tight, false, 0, false), null);
      recordOne(vectors, command, new WireFormats(version, tight, false, 0, true), plain);
    }
    Map<String, Object> file = head("one frame per entry, each on a fresh wire format without cache", version, tight, false);
    file.put("vectors", vectors);
    write(name(version, tight), file);
  }

  /** Returns the frame; records it unless it is the one that is `known` already. */
  private byte[] recordOne(
      List<Object> vectors, Map.Entry<String, Callable<? extends DataStructure>> command, WireFormats agreed, byte[] known)
      throws Exception {
    byte[] frame = frameOf(command, agreed);
    if (frame == null || Arrays.equals(frame, known)) return frame;
    Map<String, Object> vector = new LinkedHashMap<>();
    vector.put("id", command.getKey() + (agreed.stackTraces() ? ".stackTrace" : ""));
    vector.put("stackTraceEnabled", agreed.stackTraces());
    vector.put("hex", HexFormat.of().formatHex(frame));
    vector.put("fields", fields(frame, agreed));
    vectors.add(vector);
    recorded++;
    return frame;
  }

  /** Null where ActiveMQ cannot marshal the command, or does not keep all of what it reads. */
  private byte[] frameOf(Map.Entry<String, Callable<? extends DataStructure>> command, WireFormats agreed) throws Exception {
    try {
      byte[] frame = WireFormats.marshal(agreed.agreed(), command.getValue().call());
      byte[] again = WireFormats.marshal(agreed.agreed(), WireFormats.unmarshal(agreed.agreed(), frame));
      if (Arrays.equals(frame, again)) return frame;
      System.out.println("lossy " + command.getKey() + " " + agreed);
    } catch (IOException | RuntimeException refused) {
      System.out.println("refused " + command.getKey() + " " + agreed + ": " + refused);
    }
    return null;
  }

  private void cachedVectors(int version, boolean tight) throws Exception {
    WireFormats agreed = new WireFormats(version, tight, true, CACHE_SIZE, false);
    List<Object> vectors = new ArrayList<>();
    for (Map.Entry<String, Callable<? extends DataStructure>> command : commands(version).entrySet()) {
      if (frameOf(command, agreed) == null) continue;
      OpenWireFormat sender = agreed.agreed();
      List<Object> frames = new ArrayList<>();
      byte[] first = WireFormats.marshal(sender, command.getValue().call());
      frames.add(HexFormat.of().formatHex(first));
      frames.add(HexFormat.of().formatHex(WireFormats.marshal(sender, command.getValue().call())));
      Map<String, Object> vector = new LinkedHashMap<>();
      vector.put("id", command.getKey());
      vector.put("frames", frames);
      vector.put("fields", fields(first, agreed));
      vectors.add(vector);
      recorded += frames.size();
    }
    Map<String, Object> file =
        head("the same command twice on one wire format with cache: the second refers to the first", version, tight, true);
    file.put("cacheSize", CACHE_SIZE);
    file.put("stackTraceEnabled", false);
    file.put("vectors", vectors);
    write(name(version, tight) + "-cached", file);
  }

  private Map<String, Object> fields(byte[] frame, WireFormats agreed) throws Exception {
    return new Description(table, agreed.version(), agreed.stackTraces()).of(WireFormats.unmarshal(agreed.agreed(), frame));
  }

  /** All that the version knows: what is said on real connections, then each structure with its fields filled. */
  private Map<String, Callable<? extends DataStructure>> commands(int version) throws Exception {
    Map<String, Callable<? extends DataStructure>> commands = new LinkedHashMap<>();
    for (Map.Entry<String, Callable<? extends DataStructure>> known : KnownCommands.all().entrySet())
      if (table.of(known.getValue().call()).since() <= version) commands.put(known.getKey(), known.getValue());
    for (FieldTable.Structure structure : table.structures.values())
      for (FilledCommands.Filling filling : FilledCommands.Filling.values())
        if (structure.since() <= version)
          commands.put(
              structure.name() + ".filled." + filling.name().toLowerCase(),
              () -> new FilledCommands(table, version, filling).command(structure.name()));
    return commands;
  }

  private static String name(int version, boolean tight) { return "v" + version + (tight ? "-tight" : "-loose"); }

  private static Map<String, Object> head(String what, int version, boolean tight, boolean cached) {
    Map<String, Object> head = new LinkedHashMap<>();
    head.put("what", what);
    head.put("made_with", MADE_WITH);
    head.put("version", version);
    head.put("tightEncodingEnabled", tight);
    head.put("cacheEnabled", cached);
    head.put("sizePrefixDisabled", false);
    return head;
  }

  /** The file has a line for each entry of its lists. */
  private void write(String name, Map<String, Object> file) throws IOException {
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(folder.resolve(name + ".json")))) {
      String separator = "{";
      for (Map.Entry<String, Object> entry : file.entrySet()) {
        out.print(separator + "\n\"" + entry.getKey() + "\": ");
        if (entry.getValue() instanceof List<?> list) {
          String before = "[\n";
          for (Object element : list) {
            out.print(before + Json.of(element));
            before = ",\n";
          }
          out.print("\n]");
        } else out.print(Json.of(entry.getValue()));
        separator = ",";
      }
      out.println("\n}");
    }
  }
}
