// An ActiveMQ broker as it comes, on the data below the directory in args[0] and the port in args[1]; prints "accepts" once it does. It is killed, and
// started again on the same data, by tests of what survives.
import java.io.File;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.store.kahadb.KahaDBPersistenceAdapter;

public class PlainBroker {
  public static void main(String[] args) throws Exception {
    KahaDBPersistenceAdapter store = new KahaDBPersistenceAdapter();
    store.setDirectory(new File(args[0], "kahadb"));
    BrokerService broker = new BrokerService();
    broker.setBrokerName("plain");
    broker.setDataDirectory(args[0]);
    broker.setPersistenceAdapter(store);
    broker.setUseJmx(false);
    broker.addConnector("tcp://127.0.0.1:" + args[1]);
    broker.start();
    broker.waitUntilStarted();
    System.out.println("accepts");
    // Ends with the process that started it.
    System.in.read();
    System.exit(0);
  }
}
