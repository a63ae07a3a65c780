// What frames are built of, one by one: numbers and texts in both encodings, streams of bits, maps of typed values.
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.activemq.openwire.BooleanStream;
import org.apache.activemq.openwire.v12.ConnectionIdMarshaller;
import org.apache.activemq.util.MarshallingSupport;

/** A marshaller, because only those may see how a text is marshalled. */
final class Primitives extends ConnectionIdMarshaller {
  private static final long[] LONGS = {
    0, 1, Short.MAX_VALUE, Short.MAX_VALUE + 1, 65_535, 65_536, Integer.MAX_VALUE, Integer.MAX_VALUE + 1L, 4_294_967_295L,
    4_294_967_296L, Long.MAX_VALUE, -1, -2, Long.MIN_VALUE
  };
  private static final String[] STRINGS = {
    null, "", "abc", "caf\u00e9", "\u20ac", "\0", "a\0b", "\ud83d\ude00", "\u007f", "\u0080", "\u07ff", "\u0800"
  };
  /** Around the lengths at which the header of a stream becomes longer: 64 and 256 bytes. */
  private static final int[] BITS = {0, 1, 7, 8, 9, 504, 505, 512, 2040, 2041, 2048};
  /** One below, and the length at which a text of a map gets a long length. */
  private static final int[] BIG_STRINGS = {8190, 8191};

  static Map<String, Object> all() throws IOException {
    Primitives marshaller = new Primitives();
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("what", "the building blocks of frames");
    file.put("made_with", RecordVectors.MADE_WITH);
    List<Object> longs = new ArrayList<>();
    for (long value : LONGS) longs.add(marshaller.described(value));
    file.put("longs", longs);
    List<Object> strings = new ArrayList<>();
    for (String value : STRINGS) strings.add(marshaller.described(value));
    file.put("strings", strings);
    List<Object> streams = new ArrayList<>();
    for (int bits : BITS) streams.add(stream(bits));
    file.put("boolean_streams", streams);
    file.put("primitive_maps", maps());
    return file;
  }

  private Map<String, Object> described(long value) throws IOException {
    BooleanStream bits = new BooleanStream();
    tightMarshalLong1(null, value, bits);
    bits.clear();
    List<Object> read = List.of(bits.readBoolean(), bits.readBoolean());
    bits.clear();
    return described(
        Long.toString(value), read, out -> tightMarshalLong2(null, value, out, bits), out -> looseMarshalLong(null, value, out));
  }

  private Map<String, Object> described(String value) throws IOException {
    BooleanStream bits = new BooleanStream();
    tightMarshalString1(value, bits);
    bits.clear();
    List<Object> read = new ArrayList<>(List.of(bits.readBoolean()));
    if (value != null) read.add(bits.readBoolean());
    bits.clear();
    return described(value, read, out -> tightMarshalString2(value, out, bits), out -> looseMarshalString(value, out));
  }

  private interface Writer { void write(DataOutputStream out) throws IOException; }

  private static Map<String, Object> described(String value, List<Object> bits, Writer tight, Writer loose) throws IOException {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("value", value);
    described.put("bits", bits);
    described.put("tight_data", hex(tight));
    described.put("loose_data", hex(loose));
    return described;
  }

  private static String hex(Writer writer) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    writer.write(new DataOutputStream(bytes));
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  private static Map<String, Object> stream(int length) throws IOException {
    BooleanStream bits = new BooleanStream();
    for (int i = 0; i < length; i++) bits.writeBoolean(i % 3 == 0);
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("bits", length);
    described.put("pattern", "bit i is set when i % 3 == 0");
    described.put("size", bits.marshalledSize());
    described.put("hex", hex(bits::marshal));
    return described;
  }

  private static List<Object> maps() throws IOException {
    List<Object> maps = new ArrayList<>();
    maps.add(map(null));
    maps.add(map(Map.of()));
    maps.add(map(Map.of("no", false)));
    maps.add(map(Map.of("bytes", new byte[] {1, 2})));
    maps.add(map(Map.of("h\u00e9\0", "h\u00e9\0")));
    for (Map.Entry<String, Object> entry : KnownCommands.everyType().entrySet())
      maps.add(map(Collections.singletonMap(entry.getKey(), entry.getValue())));
    for (int length : BIG_STRINGS) maps.add(map(Map.of("big", "b".repeat(length))));
    return maps;
  }

  private static Map<String, Object> map(Map<String, Object> map) throws IOException {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("hex", hex(out -> MarshallingSupport.marshalPrimitiveMap(map, out)));
    described.put("decoded", Description.typedMap(map));
    return described;
  }
}
