// ActiveMQ's wire format as two peers would have agreed on it.
import java.io.IOException;
import org.apache.activemq.command.DataStructure;
import org.apache.activemq.command.WireFormatInfo;
import org.apache.activemq.openwire.OpenWireFormat;
import org.apache.activemq.util.ByteSequence;

record WireFormats(int version, boolean tight, boolean cached, int cacheSize, boolean stackTraces) {
  OpenWireFormat agreed() throws IOException {
    WireFormatInfo info = new WireFormatInfo();
    info.setVersion(version);
    info.setTightEncodingEnabled(tight);
    info.setCacheEnabled(cached);
    info.setCacheSize(cacheSize);
    info.setStackTraceEnabled(stackTraces);
    info.setMaxFrameSize(Long.MAX_VALUE);
    return agreed(info, info);
  }

  static OpenWireFormat agreed(WireFormatInfo ours, WireFormatInfo theirs) throws IOException {
    OpenWireFormat format = new OpenWireFormat();
    format.setPreferedWireFormatInfo(ours);
    format.renegotiateWireFormat(theirs);
    return format;
  }

  static byte[] marshal(OpenWireFormat format, DataStructure value) throws IOException {
    ByteSequence bytes = format.marshal(value);
    byte[] frame = new byte[bytes.length];
    System.arraycopy(bytes.data, bytes.offset, frame, 0, bytes.length);
    return frame;
  }

  static DataStructure unmarshal(OpenWireFormat format, byte[] frame) throws IOException {
    return (DataStructure) format.unmarshal(new ByteSequence(frame));
  }
}
