// The stock client and broker in conversations that a proxy records (../../recorder/conversations.ts), one after another:
//   in  "play SCENE"           out "broker URL", the broker to stand before
//   in  "url URL"              the proxy; the scene is played through it
//   out "settle" / "cut"       to be answered with "done": when nothing has been said for a moment / when all connections
//                              through the proxy are cut
//   out "played" or "failed …" in "end", when the proxy has seen all connections close; then comes the next
// args: a folder for what the brokers put on disk.
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import org.apache.activemq.broker.BrokerService;

public class PlayScenes {
  private final BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
  private final File folder;
  private final List<BrokerService> brokers = new ArrayList<>();

  PlayScenes(File folder) { this.folder = folder; }

  public static void main(String[] args) throws Exception {
    PlayScenes player = new PlayScenes(new File(args[0]));
    for (String line = player.in.readLine(); line != null; line = player.in.readLine())
      player.play(line.substring("play ".length()));
    System.exit(0);
  }

  private void play(String name) throws Exception {
    boolean network = name.startsWith("network-");
    BrokerService broker = startBroker(network ? "broker-b" : "localhost");
    String url = ask("broker " + urlOf(broker)).substring("url ".length());
    try {
      if (network) new NetworkScenes(this, broker, url).play(name);
      else new ClientScenes(this, broker, url).play(name);
      ask("played");
    } catch (Exception problem) {
      problem.printStackTrace();
      ask("failed " + problem);
    }
    for (BrokerService each : brokers) each.stop();
    brokers.clear();
  }

  /** Waits until nothing has been said for a moment: what one side has caused at the other is recorded by then. */
  void settle() throws IOException { ask("settle"); }

  /** Cuts all connections without a word. */
  void cut() throws IOException { ask("cut"); }

  private String ask(String question) throws IOException {
    System.out.println(question);
    return in.readLine();
  }

  BrokerService startBroker(String name) throws Exception {
    BrokerService broker = new BrokerService();
    broker.setBrokerName(name);
    broker.setDataDirectoryFile(new File(folder, name));
    broker.setPersistent(false);
    broker.setUseJmx(false);
    broker.setUseShutdownHook(false);
    broker.addConnector("tcp://127.0.0.1:0");
    brokers.add(broker);
    broker.start();
    broker.waitUntilStarted();
    return broker;
  }

  static String urlOf(BrokerService broker) throws Exception {
    return broker.getTransportConnectors().get(0).getPublishableConnectString();
  }
}
