// An ActiveMQ broker with its defaults as a process: KahaDB with disk syncs, advisories, JMX without a remote port.
//
//   java ActiveMqBroker DIRECTORY PORT [lockAcquireSleepInterval]
//
// Prints "active" once its connector is open; a broker that waits for the store's lock waits before that.
import java.io.File;
import java.net.URI;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.broker.TransportConnector;
import org.apache.activemq.store.SharedFileLocker;
import org.apache.activemq.store.kahadb.KahaDBPersistenceAdapter;

public class ActiveMqBroker {
  public static void main(String[] args) throws Exception {
    KahaDBPersistenceAdapter store = new KahaDBPersistenceAdapter();
    store.setDirectory(new File(args[0], "kahadb"));
    if (args.length > 2) {
      SharedFileLocker locker = new SharedFileLocker();
      locker.setLockAcquireSleepInterval(Long.parseLong(args[2]));
      store.setLocker(locker);
    }
    BrokerService broker = new BrokerService();
    broker.setBrokerName("bench");
    broker.setDataDirectory(args[0]);
    broker.setPersistenceAdapter(store);
    broker.getManagementContext().setCreateConnector(false);
    // As from a configuration file: bound when the store is ours, not before.
    TransportConnector connector = new TransportConnector();
    connector.setUri(new URI("tcp://127.0.0.1:" + args[1] + "?maximumConnections=1000&wireFormat.maxFrameSize=104857600"));
    broker.addConnector(connector);
    broker.start();
    broker.waitUntilStarted();
    System.out.println("active");
    broker.waitUntilStopped();
  }
}
