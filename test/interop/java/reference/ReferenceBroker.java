// Two ActiveMQ brokers with which ours is compared, in one process: the first as it comes, the second with
// processNonPersistent. Their data goes below the directory in args[0]; prints "urls FIRST SECOND" once both accept.
import java.io.File;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.broker.region.policy.PolicyEntry;
import org.apache.activemq.broker.region.policy.PolicyMap;
import org.apache.activemq.broker.region.policy.SharedDeadLetterStrategy;
import org.apache.activemq.store.kahadb.KahaDBPersistenceAdapter;

public class ReferenceBroker {
  public static void main(String[] args) throws Exception {
    System.out.println("urls " + start(args[0], "first", false) + " " + start(args[0], "second", true));
    System.in.read();
    System.exit(0);
  }

  static String start(String directory, String name, boolean processNonPersistent) throws Exception {
    KahaDBPersistenceAdapter store = new KahaDBPersistenceAdapter();
    store.setDirectory(new File(directory, name + "-kahadb"));
    BrokerService broker = new BrokerService();
    broker.setBrokerName(name);
    broker.setDataDirectory(directory);
    broker.setPersistenceAdapter(store);
    broker.setUseJmx(false);
    if (processNonPersistent) {
      SharedDeadLetterStrategy strategy = new SharedDeadLetterStrategy();
      strategy.setProcessNonPersistent(true);
      PolicyEntry policy = new PolicyEntry();
      policy.setDeadLetterStrategy(strategy);
      PolicyMap policies = new PolicyMap();
      policies.setDefaultEntry(policy);
      broker.setDestinationPolicy(policies);
    }
    String url = broker.addConnector("tcp://127.0.0.1:0").getPublishableConnectString();
    broker.start();
    broker.waitUntilStarted();
    return url;
  }
}
