// An ActiveMQ broker with its defaults as a process: KahaDB with disk syncs, advisories, JMX without a remote port.
//
//   java ActiveMqBroker DIRECTORY PORT [lockAcquireSleepInterval=MS] [concurrentStoreAndDispatchQueues=false]
//        [memoryUsage=BYTES] [tempUsage=BYTES] [storeUsage=BYTES] [prioritizedMessages=true] [maxBrowsePageSize=N]
//        [brokerName=NAME] [replayWhenNoConsumers=true] ["networkConnector=URI NAME=VALUE ..." ...]
//
// Prints "active" once its connector is open; a broker that waits for the store's lock waits before that.
import java.io.File;
import java.net.URI;
import java.util.Arrays;
import java.util.Collections;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.broker.TransportConnector;
import org.apache.activemq.broker.region.policy.PolicyEntry;
import org.apache.activemq.broker.region.policy.PolicyMap;
import org.apache.activemq.network.ConditionalNetworkBridgeFilterFactory;
import org.apache.activemq.network.NetworkConnector;
import org.apache.activemq.store.SharedFileLocker;
import org.apache.activemq.store.kahadb.KahaDBPersistenceAdapter;

public class ActiveMqBroker {
  public static void main(String[] args) throws Exception {
    KahaDBPersistenceAdapter store = new KahaDBPersistenceAdapter();
    store.setDirectory(new File(args[0], "kahadb"));
    BrokerService broker = new BrokerService();
    broker.setBrokerName("bench");
    broker.setDataDirectory(args[0]);
    broker.setPersistenceAdapter(store);
    for (String setting : Arrays.asList(args).subList(2, args.length)) configure(broker, store, setting);
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

  private static void configure(BrokerService broker, KahaDBPersistenceAdapter store, String setting) throws Exception {
    String[] parts = setting.split("=", 2);
    switch (parts[0]) {
      case "lockAcquireSleepInterval":
        SharedFileLocker locker = new SharedFileLocker();
        locker.setLockAcquireSleepInterval(Long.parseLong(parts[1]));
        store.setLocker(locker);
        break;
      case "concurrentStoreAndDispatchQueues":
        store.setConcurrentStoreAndDispatchQueues(Boolean.parseBoolean(parts[1]));
        break;
      case "memoryUsage":
        broker.getSystemUsage().getMemoryUsage().setLimit(Long.parseLong(parts[1]));
        break;
      case "tempUsage":
        broker.getSystemUsage().getTempUsage().setLimit(Long.parseLong(parts[1]));
        break;
      case "storeUsage":
        broker.getSystemUsage().getStoreUsage().setLimit(Long.parseLong(parts[1]));
        break;
      case "prioritizedMessages":
        policyOf(broker).setPrioritizedMessages(Boolean.parseBoolean(parts[1]));
        break;
      case "maxBrowsePageSize":
        policyOf(broker).setMaxBrowsePageSize(Integer.parseInt(parts[1]));
        break;
      case "brokerName":
        broker.setBrokerName(parts[1]);
        break;
      case "networkConnector":
        dial(broker, parts[1].split(" "));
        break;
      case "replayWhenNoConsumers":
        returnStranded(broker, Boolean.parseBoolean(parts[1]));
        break;
      default:
        throw new IllegalArgumentException("no such setting: " + setting);
    }
  }

  /** The address, and attributes by their names. */
  private static void dial(BrokerService broker, String[] words) throws Exception {
    NetworkConnector connector = broker.addNetworkConnector(words[0]);
    for (String attribute : Arrays.asList(words).subList(1, words.length)) {
      String[] parts = attribute.split("=", 2);
      switch (parts[0]) {
        case "name": connector.setName(parts[1]); break;
        case "networkTTL": connector.setNetworkTTL(Integer.parseInt(parts[1])); break;
        case "messageTTL": connector.setMessageTTL(Integer.parseInt(parts[1])); break;
        case "duplex": connector.setDuplex(Boolean.parseBoolean(parts[1])); break;
        default: throw new IllegalArgumentException("no such attribute: " + attribute);
      }
    }
  }

  /** Of queues only, as in its documentation: version 6 refuses the consumers of bridges when topics have it, too. */
  private static void returnStranded(BrokerService broker, boolean replayWhenNoConsumers) {
    ConditionalNetworkBridgeFilterFactory filter = new ConditionalNetworkBridgeFilterFactory();
    filter.setReplayWhenNoConsumers(replayWhenNoConsumers);
    PolicyEntry queues = new PolicyEntry();
    queues.setQueue(">");
    queues.setNetworkBridgeFilterFactory(filter);
    queues.setEnableAudit(false);
    broker.setDestinationPolicy(new PolicyMap());
    broker.getDestinationPolicy().setPolicyEntries(Collections.singletonList(queues));
  }

  /** Of all destinations. */
  private static PolicyEntry policyOf(BrokerService broker) {
    if (broker.getDestinationPolicy() == null) {
      broker.setDestinationPolicy(new PolicyMap());
      broker.getDestinationPolicy().setDefaultEntry(new PolicyEntry());
    }
    return broker.getDestinationPolicy().getDefaultEntry();
  }
}
