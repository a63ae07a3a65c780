// Says what ActiveMQ understands of recorded frames, a line of JSON for each. args: the table of fields.
//   in "conversation"           the next frames are of connections that begin with it
//   in "frame CONN DIR HEX"     out its fields
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.apache.activemq.command.DataStructure;
import org.apache.activemq.command.WireFormatInfo;
import org.apache.activemq.openwire.OpenWireFormat;

public class DescribeFrames {
  private static final int NEWEST = 12;

  private final FieldTable table;
  /** By connection and direction; each direction has a cache of its own. */
  private final Map<String, WireFormatInfo> infos = new HashMap<>();
  private final Map<String, OpenWireFormat> formats = new HashMap<>();

  DescribeFrames(FieldTable table) { this.table = table; }

  public static void main(String[] args) throws Exception {
    DescribeFrames describer = new DescribeFrames(new FieldTable(Path.of(args[0])));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      if (words[0].equals("frame"))
        System.out.println(Json.of(describer.fields(words[1], words[2], HexFormat.of().parseHex(words[3]))));
      else describer.forget();
    }
  }

  private void forget() {
    infos.clear();
    formats.clear();
  }

  private Map<String, Object> fields(String connection, String direction, byte[] frame) throws Exception {
    OpenWireFormat format = format(connection, direction);
    DataStructure value = WireFormats.unmarshal(format, frame);
    if (value instanceof WireFormatInfo info) infos.put(connection + direction, info);
    return new Description(table, format.getVersion(), format.isStackTraceEnabled()).of(value);
  }

  /** Until both sides have said what they want, the one that all understand. */
  private OpenWireFormat format(String connection, String direction) throws Exception {
    WireFormatInfo client = infos.get(connection + "C>B");
    WireFormatInfo broker = infos.get(connection + "B>C");
    if (client == null || broker == null) return new WireFormats(NEWEST, false, false, 0, false).agreed();
    OpenWireFormat known = formats.get(connection + direction);
    if (known == null) formats.put(connection + direction, known = WireFormats.agreed(client, broker));
    return known;
  }
}
