// One ActiveMQ broker of a network, in a process of its own, so that it can be killed. Its arguments are NAME=VALUE: name, port,
// data (a directory; left out: nothing is kept), replay=true (queues give back what came over a bridge when their consumers have
// left), virtualDemand=true (consumers of virtual destinations are announced to bridges), user=NAME:PASSWORD (nobody else may come),
// trustStore, certificate and key (PEM files), and after them tlsPort, which wants a certificate of whoever dials. connector=URI begins a network connector, and
// the arguments after it are its attributes by ActiveMQ's names, lists as queue://A,topic://B.
//
// Prints "started" when clients can connect; with a data directory that another broker holds, once that one has gone. Then it obeys
// lines on standard input, and answers each with one:
//   depth QUEUE       depth 12; -1 when there is no such queue
//   subscriptions     subscriptions CLIENT:NAME CLIENT:NAME, those that are durable
// Ends with the process that started it.
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import org.apache.activemq.broker.BrokerPlugin;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.broker.SslContext;
import org.apache.activemq.broker.region.Destination;
import org.apache.activemq.broker.region.RegionBroker;
import org.apache.activemq.broker.region.TopicRegion;
import org.apache.activemq.broker.region.policy.PolicyEntry;
import org.apache.activemq.broker.region.policy.PolicyMap;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.network.ConditionalNetworkBridgeFilterFactory;
import org.apache.activemq.network.NetworkConnector;
import org.apache.activemq.security.AuthenticationUser;
import org.apache.activemq.security.SimpleAuthenticationPlugin;
import org.apache.activemq.store.SharedFileLocker;
import org.apache.activemq.store.kahadb.KahaDBPersistenceAdapter;
import org.apache.activemq.util.IntrospectionSupport;
import org.apache.activemq.util.SubscriptionKey;

public class NetworkBroker {
  private static final int LOCK_TRIED_EVERY_MS = 200;

  private final BrokerService broker = new BrokerService();
  private NetworkConnector connector;
  private Certificate trusted;
  private Certificate certificate;

  public static void main(String[] args) throws Exception {
    NetworkBroker program = new NetworkBroker();
    program.broker.setUseJmx(false);
    program.broker.setPersistent(false);
    for (String arg : args) {
      int at = arg.indexOf('=');
      program.set(arg.substring(0, at), arg.substring(at + 1));
    }
    program.broker.start();
    program.broker.waitUntilStarted();
    System.out.println("started");
    program.obey();
    System.exit(0);
  }

  private void set(String name, String value) throws Exception {
    switch (name) {
      case "name": if (connector == null) broker.setBrokerName(value); else connector.setName(value); break;
      case "port": broker.addConnector("tcp://127.0.0.1:" + value); break;
      case "data": keepIn(new File(value)); break;
      case "replay": if (Boolean.parseBoolean(value)) broker.setDestinationPolicy(replayed()); break;
      case "virtualDemand": broker.setUseVirtualDestSubs(Boolean.parseBoolean(value)); break;
      case "user": broker.setPlugins(new BrokerPlugin[] {only(value.split(":"))}); break;
      case "trustStore": trusted = certificateIn(value); break;
      case "certificate": certificate = certificateIn(value); break;
      case "key": broker.setSslContext(contextOf(keyIn(value))); break;
      case "tlsPort": broker.addConnector("ssl://127.0.0.1:" + value + "?needClientAuth=true"); break;
      case "connector": connector = broker.addNetworkConnector(value); break;
      case "excludedDestinations": connector.setExcludedDestinations(list(value)); break;
      case "staticallyIncludedDestinations": connector.setStaticallyIncludedDestinations(list(value)); break;
      case "dynamicallyIncludedDestinations": connector.setDynamicallyIncludedDestinations(list(value)); break;
      default:
        if (connector == null || !IntrospectionSupport.setProperty(connector, name, value))
          throw new IllegalArgumentException("Cannot set " + name + ": neither the broker nor its connector has it");
    }
  }

  private void keepIn(File directory) throws Exception {
    SharedFileLocker locker = new SharedFileLocker();
    locker.setLockAcquireSleepInterval(LOCK_TRIED_EVERY_MS);
    KahaDBPersistenceAdapter store = new KahaDBPersistenceAdapter();
    store.setDirectory(new File(directory, "kahadb"));
    store.setLocker(locker);
    broker.setPersistent(true);
    broker.setDataDirectory(directory.getPath());
    broker.setPersistenceAdapter(store);
  }

  private static SimpleAuthenticationPlugin only(String[] user) {
    return new SimpleAuthenticationPlugin(List.of(new AuthenticationUser(user[0], user[1], "bridges")));
  }

  private static Certificate certificateIn(String path) throws Exception {
    try (InputStream in = Files.newInputStream(Path.of(path))) {
      return CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private static PrivateKey keyIn(String path) throws Exception {
    String base64 = Files.readString(Path.of(path)).replaceAll("-----.*-----|\\s", "");
    return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
  }

  private SslContext contextOf(PrivateKey key) throws Exception {
    char[] password = "in memory only".toCharArray();
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("us", key, password, new Certificate[] {certificate});
    store.setCertificateEntry("ca", trusted);
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, password);
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    return new SslContext(keys.getKeyManagers(), trust.getTrustManagers(), null);
  }

  private static PolicyMap replayed() {
    ConditionalNetworkBridgeFilterFactory filters = new ConditionalNetworkBridgeFilterFactory();
    filters.setReplayWhenNoConsumers(true);
    PolicyEntry policy = new PolicyEntry();
    policy.setQueue(">");
    policy.setEnableAudit(false);
    policy.setNetworkBridgeFilterFactory(filters);
    PolicyMap policies = new PolicyMap();
    policies.setPolicyEntries(List.of(policy));
    return policies;
  }

  private static List<ActiveMQDestination> list(String value) {
    List<ActiveMQDestination> destinations = new ArrayList<>();
    for (String name : value.split(","))
      destinations.add(ActiveMQDestination.createDestination(name, ActiveMQDestination.QUEUE_TYPE));
    return destinations;
  }

  private void obey() throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine())
      if (line.equals("subscriptions")) System.out.println(line + subscriptions());
      else System.out.println("depth " + depth(line.substring("depth ".length())));
  }

  private long depth(String name) throws Exception {
    ActiveMQQueue queue = new ActiveMQQueue(name);
    Destination destination = broker.getBroker().getDestinationMap(queue).get(queue);
    return destination == null ? -1 : destination.getDestinationStatistics().getMessages().getCount();
  }

  private String subscriptions() throws Exception {
    RegionBroker regions = (RegionBroker) broker.getRegionBroker();
    StringBuilder text = new StringBuilder();
    for (SubscriptionKey key : ((TopicRegion) regions.getTopicRegion()).getDurableSubscriptions().keySet())
      text.append(' ').append(key.getClientId()).append(':').append(key.getSubscriptionName());
    return text.toString();
  }
}
