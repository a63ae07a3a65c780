// Runs of frames that share one marshalling cache: what a connection says from its first command to its last, and so
// many different ids that a small cache has to forget some.
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.activemq.command.*;
import org.apache.activemq.openwire.OpenWireFormat;

final class Sequences {
  private static final int NEWEST = 12;
  private static final int CACHE_SIZE = 1024;
  /** ActiveMQ keeps a hundred slots free between two commands: ten remain. */
  private static final int SMALL_CACHE_SIZE = 110;
  /** Every third repeats an id, mostly one that is forgotten by then; each slot is used more than once. */
  private static final int IDS = 140;

  static Map<String, Object> all(FieldTable table, List<Integer> versions) throws Exception {
    List<Object> sequences = new ArrayList<>();
    for (int version : versions)
      for (boolean tight : new boolean[] {false, true}) {
        sequences.add(sequence(table, "session", session(), new WireFormats(version, tight, true, CACHE_SIZE, false)));
        if (version == NEWEST)
          sequences.add(sequence(table, "eviction", manyIds(), new WireFormats(version, tight, true, SMALL_CACHE_SIZE, false)));
      }
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("what", "runs of frames to be decoded in order by one decoder");
    file.put("made_with", RecordVectors.MADE_WITH);
    file.put("sequences", sequences);
    return file;
  }

  private static Map<String, Object> sequence(FieldTable table, String name, List<DataStructure> commands, WireFormats agreed)
      throws Exception {
    OpenWireFormat sender = agreed.agreed();
    OpenWireFormat receiver = agreed.agreed();
    List<Object> frames = new ArrayList<>();
    for (DataStructure command : commands) {
      byte[] bytes = WireFormats.marshal(sender, command);
      Map<String, Object> frame = new LinkedHashMap<>();
      frame.put("hex", HexFormat.of().formatHex(bytes));
      frame.put("fields", new Description(table, agreed.version(), false).of(WireFormats.unmarshal(receiver, bytes)));
      frames.add(frame);
    }
    Map<String, Object> sequence = new LinkedHashMap<>();
    sequence.put("id", name + ".v" + agreed.version() + (agreed.tight() ? ".tight" : ".loose"));
    sequence.put("version", agreed.version());
    sequence.put("tightEncodingEnabled", agreed.tight());
    sequence.put("cacheEnabled", true);
    sequence.put("cacheSize", agreed.cacheSize());
    sequence.put("stackTraceEnabled", false);
    sequence.put("frames", frames);
    return sequence;
  }

  private static List<DataStructure> session() throws Exception {
    List<DataStructure> commands = new ArrayList<>();
    commands.add(KnownCommands.connection());
    commands.add(KnownCommands.consumer(new ActiveMQTopic("ActiveMQ.Advisory.TempQueue,ActiveMQ.Advisory.TempTopic"), 1000));
    commands.add(new SessionInfo(KnownCommands.SESSION_ID));
    commands.add(KnownCommands.consumer(KnownCommands.QUEUE, 1000));
    commands.add(KnownCommands.producer());
    commands.add(KnownCommands.text("first"));
    commands.add(KnownCommands.text("second"));
    for (int dispatched = 0; dispatched < 2; dispatched++) commands.add(KnownCommands.dispatch(KnownCommands.text("one")));
    commands.add(new TransactionInfo(KnownCommands.CONNECTION_ID, KnownCommands.LOCAL, TransactionInfo.BEGIN));
    ActiveMQTextMessage transacted = KnownCommands.text("in a transaction");
    transacted.setTransactionId(KnownCommands.LOCAL);
    commands.add(transacted);
    for (TransactionId transaction : new TransactionId[] {null, KnownCommands.LOCAL}) {
      MessageAck ack = KnownCommands.ack(MessageAck.STANDARD_ACK_TYPE);
      ack.setTransactionId(transaction);
      commands.add(ack);
    }
    commands.add(new TransactionInfo(KnownCommands.CONNECTION_ID, KnownCommands.LOCAL, TransactionInfo.COMMIT_ONE_PHASE));
    commands.add(KnownCommands.remove(KnownCommands.CONSUMER_ID));
    commands.add(KnownCommands.remove(KnownCommands.PRODUCER_ID));
    commands.add(KnownCommands.remove(KnownCommands.SESSION_ID));
    commands.add(KnownCommands.remove(KnownCommands.CONNECTION_ID));
    commands.add(new ShutdownInfo());
    return commands;
  }

  private static List<DataStructure> manyIds() throws Exception {
    List<DataStructure> commands = new ArrayList<>();
    for (int i = 0; i < IDS; i++) {
      ActiveMQTextMessage message = KnownCommands.text("message " + i);
      message.setDestination(new ActiveMQQueue("EVICTED." + (i % 3 == 2 ? i / 2 : i)));
      message.setProducerId(new ProducerId(KnownCommands.SESSION_ID, i));
      commands.add(message);
    }
    return commands;
  }
}
