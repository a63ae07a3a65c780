// Four ActiveMQ brokers with which ours is compared, in one process: the first as it comes, the second with
// processNonPersistent, the third with virtual destinations, startup destinations and a policy for inactive ones, the fourth with dead
// letter strategies, redelivery, recovery, expiry and priorities by name; comparison.ts configures ours in the same way. Their data goes below the directory in
// args[0]; prints "urls FIRST SECOND THIRD FOURTH" once all accept.
import java.io.File;
import java.util.Arrays;
import java.util.List;
import org.apache.activemq.RedeliveryPolicy;
import org.apache.activemq.broker.BrokerPlugin;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.broker.region.DestinationInterceptor;
import org.apache.activemq.broker.region.policy.DeadLetterStrategy;
import org.apache.activemq.broker.region.policy.DiscardingDeadLetterStrategy;
import org.apache.activemq.broker.region.policy.FixedCountSubscriptionRecoveryPolicy;
import org.apache.activemq.broker.region.policy.FixedSizedSubscriptionRecoveryPolicy;
import org.apache.activemq.broker.region.policy.IndividualDeadLetterStrategy;
import org.apache.activemq.broker.region.policy.LastImageSubscriptionRecoveryPolicy;
import org.apache.activemq.broker.region.policy.NoSubscriptionRecoveryPolicy;
import org.apache.activemq.broker.region.policy.PolicyEntry;
import org.apache.activemq.broker.region.policy.PolicyMap;
import org.apache.activemq.broker.region.policy.RedeliveryPolicyMap;
import org.apache.activemq.broker.region.policy.SharedDeadLetterStrategy;
import org.apache.activemq.broker.region.policy.SubscriptionRecoveryPolicy;
import org.apache.activemq.broker.region.policy.TimedSubscriptionRecoveryPolicy;
import org.apache.activemq.broker.region.virtual.CompositeDestination;
import org.apache.activemq.broker.region.virtual.CompositeQueue;
import org.apache.activemq.broker.region.virtual.CompositeTopic;
import org.apache.activemq.broker.region.virtual.VirtualDestination;
import org.apache.activemq.broker.region.virtual.VirtualDestinationInterceptor;
import org.apache.activemq.broker.region.virtual.VirtualTopic;
import org.apache.activemq.broker.util.RedeliveryPlugin;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTopic;
import org.apache.activemq.store.kahadb.KahaDBPersistenceAdapter;

public class ReferenceBroker {
  public static void main(String[] args) throws Exception {
    StringBuilder urls = new StringBuilder("urls");
    for (String name : new String[] {"first", "second", "third", "fourth"}) urls.append(' ').append(start(args[0], name));
    System.out.println(urls);
    System.in.read();
    System.exit(0);
  }

  static PolicyEntry policy(String queue, DeadLetterStrategy strategy) {
    PolicyEntry policy = new PolicyEntry();
    if (queue != null) policy.setQueue(queue);
    policy.setDeadLetterStrategy(strategy);
    return policy;
  }

  static PolicyEntry keeps(String topic, SubscriptionRecoveryPolicy recovery, boolean always) {
    PolicyEntry policy = new PolicyEntry();
    policy.setTopic(topic);
    policy.setSubscriptionRecoveryPolicy(recovery);
    policy.setAlwaysRetroactive(always);
    return policy;
  }

  static FixedCountSubscriptionRecoveryPolicy three() {
    FixedCountSubscriptionRecoveryPolicy three = new FixedCountSubscriptionRecoveryPolicy();
    three.setMaximumSize(3);
    return three;
  }

  static PolicyEntry expires() {
    SharedDeadLetterStrategy strategy = new SharedDeadLetterStrategy();
    strategy.setDeadLetterQueue(new ActiveMQQueue("EXPIRES.DLQ"));
    PolicyEntry policy = policy(null, strategy);
    policy.setTopic("EXPIRES.>");
    policy.setExpireMessagesPeriod(500);
    return policy;
  }

  static PolicyMap strategies() {
    FixedSizedSubscriptionRecoveryPolicy sized = new FixedSizedSubscriptionRecoveryPolicy();
    sized.setMaximumSize(4096);
    IndividualDeadLetterStrategy individual = new IndividualDeadLetterStrategy();
    individual.setProcessNonPersistent(true);
    IndividualDeadLetterStrategy brief = new IndividualDeadLetterStrategy();
    brief.setQueuePrefix("BRIEF.");
    brief.setQueueSuffix(".DEAD");
    brief.setExpiration(3_600_000);
    IndividualDeadLetterStrategy topics = new IndividualDeadLetterStrategy();
    topics.setUseQueueForQueueMessages(false);
    PolicyMap policies = new PolicyMap();
    policies.setPolicyEntries(List.of(
      policy("STRATEGY.>", individual),
      policy("STRATEGY.BRIEF", brief),
      policy("STRATEGY.TOPIC", topics),
      policy("STRATEGY.NONE", new DiscardingDeadLetterStrategy()),
      policy("STRATEGY.DEFAULT", new SharedDeadLetterStrategy()),
      keeps("KEPT.COUNT", three(), false),
      keeps("KEPT.SIZED", sized, false),
      keeps("KEPT.TIMED", new TimedSubscriptionRecoveryPolicy(), false),
      keeps("KEPT.LAST", new LastImageSubscriptionRecoveryPolicy(), false),
      keeps("KEPT.NONE", new NoSubscriptionRecoveryPolicy(), false),
      keeps("KEPT.ALWAYS", three(), true),
      keeps("KEPT.DURABLE.COUNT", three(), false),
      keeps("KEPT.DURABLE.ALWAYS", three(), true),
      keeps("SEVERAL.>", new LastImageSubscriptionRecoveryPolicy(), false),
      expires(),
      prioritized(queue("PRIO.>")),
      prioritized(topic("PRIO.>"))));
    return policies;
  }

  static PolicyEntry prioritized(ActiveMQDestination pattern) {
    PolicyEntry policy = new PolicyEntry();
    policy.setDestination(pattern);
    policy.setPrioritizedMessages(true);
    return policy;
  }

  static RedeliveryPlugin redelivery() {
    RedeliveryPolicy policy = new RedeliveryPolicy();
    policy.setQueue("AGAIN.>");
    policy.setMaximumRedeliveries(2);
    policy.setInitialRedeliveryDelay(1000);
    policy.setRedeliveryDelay(1500);
    RedeliveryPolicyMap policies = new RedeliveryPolicyMap();
    policies.setRedeliveryPolicyEntries(List.of(policy));
    RedeliveryPlugin plugin = new RedeliveryPlugin();
    plugin.setRedeliveryPolicyMap(policies);
    return plugin;
  }

  static String start(String directory, String name) throws Exception {
    KahaDBPersistenceAdapter store = new KahaDBPersistenceAdapter();
    store.setDirectory(new File(directory, name + "-kahadb"));
    BrokerService broker = new BrokerService();
    broker.setBrokerName(name);
    broker.setDataDirectory(directory);
    broker.setPersistenceAdapter(store);
    broker.setUseJmx(false);
    if (name.equals("second")) processNonPersistent(broker);
    if (name.equals("third")) destinations(broker);
    if (name.equals("fourth")) {
      broker.setDestinationPolicy(strategies());
      // It works with the scheduler.
      broker.setSchedulerSupport(true);
      broker.setPlugins(new BrokerPlugin[] {redelivery()});
    }
    String url = broker.addConnector("tcp://127.0.0.1:0").getPublishableConnectString();
    broker.start();
    broker.waitUntilStarted();
    return url;
  }

  static void processNonPersistent(BrokerService broker) {
    PolicyEntry policy = policy(null, new SharedDeadLetterStrategy());
    policy.getDeadLetterStrategy().setProcessNonPersistent(true);
    PolicyMap policies = new PolicyMap();
    policies.setDefaultEntry(policy);
    broker.setDestinationPolicy(policies);
  }

  static void destinations(BrokerService broker) {
    VirtualDestinationInterceptor interceptor = new VirtualDestinationInterceptor();
    interceptor.setVirtualDestinations(new VirtualDestination[] {
      virtualTopic("VT.>", "Q.*.", ".IN"),
      virtualTopic("VT.DOUBLE.>", "D.*.", ""),
      virtualTopic("PLAIN", "P-", ""),
      composite(new CompositeQueue(), "CQ.ONLY", true, queue("CQ.A"), topic("CQ.B")),
      composite(new CompositeQueue(), "CQ.BOTH", false, queue("CQ.C")),
      composite(new CompositeTopic(), "CT.ONLY", true, queue("CT.A"), topic("CT.B")),
      composite(new CompositeTopic(), "CT.BOTH", false, queue("CT.C")),
      withoutCopies(composite(new CompositeQueue(), "CQ.NOCOPY", true, queue("CQ.D"))),
      composite(new CompositeQueue(), "CW.*", false, queue("CWT.A")),
      composite(new CompositeQueue(), "CHAIN", true, queue("CQ.BOTH"), topic("VT.CHAIN")),
      composite(new CompositeQueue(), "TWICE", true, queue("TW.A"), queue("TW.A")),
      composite(new CompositeTopic(), "VT.BOTH", false, queue("VTB.A")),
      composite(new CompositeQueue(), "Q.c.VT.FWD.IN", true, queue("FWD.A")),
    });
    broker.setDestinationInterceptors(new DestinationInterceptor[] {interceptor});
    broker.setDestinations(new ActiveMQDestination[] {queue("STARTUP.Q"), topic("STARTUP.T")});
    PolicyMap policies = new PolicyMap();
    policies.setPolicyEntries(Arrays.asList(inactive(queue("GC.>")), inactive(topic("GC.>"))));
    broker.setDestinationPolicy(policies);
    broker.setSchedulePeriodForDestinationPurge(200);
  }

  static VirtualTopic virtualTopic(String name, String prefix, String postfix) {
    VirtualTopic made = new VirtualTopic();
    made.setName(name);
    made.setPrefix(prefix);
    made.setPostfix(postfix);
    return made;
  }

  static CompositeDestination composite(CompositeDestination made, String name, boolean forwardOnly, ActiveMQDestination... forwardTo) {
    made.setName(name);
    made.setForwardOnly(forwardOnly);
    made.setForwardTo(Arrays.asList(forwardTo));
    return made;
  }

  static CompositeDestination withoutCopies(CompositeDestination made) {
    made.setCopyMessage(false);
    return made;
  }

  static PolicyEntry inactive(ActiveMQDestination pattern) {
    PolicyEntry policy = new PolicyEntry();
    policy.setDestination(pattern);
    policy.setGcInactiveDestinations(true);
    policy.setInactiveTimeoutBeforeGC(1000);
    return policy;
  }

  static ActiveMQDestination queue(String name) { return new ActiveMQQueue(name); }

  static ActiveMQDestination topic(String name) { return new ActiveMQTopic(name); }
}
