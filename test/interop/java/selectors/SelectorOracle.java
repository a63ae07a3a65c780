// What ActiveMQ's own selectors say. Reads lines: "message BASE64" remembers a message in its stored form (OpenWire 12, loose,
// without size); "selector BASE64" answers "invalid", or "valid" and for each message T, F, or E for an exception.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.apache.activemq.command.Message;
import org.apache.activemq.filter.BooleanExpression;
import org.apache.activemq.filter.MessageEvaluationContext;
import org.apache.activemq.openwire.OpenWireFormat;
import org.apache.activemq.selector.SelectorParser;
import org.apache.activemq.util.ByteSequence;

public class SelectorOracle {
  public static void main(String[] args) throws Exception {
    OpenWireFormat format = new OpenWireFormat(12);
    format.setTightEncodingEnabled(false);
    format.setCacheEnabled(false);
    format.setSizePrefixDisabled(true);
    List<Message> messages = new ArrayList<>();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      int space = line.indexOf(' ');
      byte[] bytes = Base64.getDecoder().decode(line.substring(space + 1));
      if (line.startsWith("message ")) messages.add((Message) format.unmarshal(new ByteSequence(bytes)));
      else System.out.println(answer(new String(bytes, StandardCharsets.UTF_8), messages));
    }
  }

  private static String answer(String text, List<Message> messages) {
    BooleanExpression selector;
    try {
      selector = SelectorParser.parse(text);
    } catch (Throwable e) {
      return "invalid";
    }
    StringBuilder answer = new StringBuilder("valid ");
    for (Message message : messages) {
      MessageEvaluationContext context = new MessageEvaluationContext();
      context.setMessageReference(message);
      try {
        answer.append(selector.matches(context) ? 'T' : 'F');
      } catch (Throwable e) {
        answer.append('E');
      }
    }
    return answer.toString();
  }
}
