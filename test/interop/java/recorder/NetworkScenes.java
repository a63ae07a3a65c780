// Two brokers and the bridge between them: broker-b stands behind the proxy, the bridge of the other goes through it.
import javax.jms.Connection;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.network.NetworkConnector;

final class NetworkScenes {
  private final PlayScenes stage;
  private final BrokerService remote;
  private final String url;

  NetworkScenes(PlayScenes stage, BrokerService remote, String url) {
    this.stage = stage;
    this.remote = remote;
    this.url = url;
  }

  void play(String name) throws Exception {
    boolean duplex = name.equals("network-duplex");
    BrokerService local = stage.startBroker("localhost");
    NetworkConnector connector = bridge(local);
    connector.setDuplex(duplex);
    connector.start();
    while (connector.activeBridges().isEmpty()) Thread.sleep(20);
    stage.settle();
    forward(local, remote, "T.NET", "over the bridge");
    if (duplex) forward(remote, local, "T.BACK", "and back");
    connector.stop();
  }

  /** Of a broker that has started: a bridge of one that is about to would take another broker of this process for it. */
  private NetworkConnector bridge(BrokerService local) throws Exception {
    NetworkConnector connector = local.addNetworkConnector("static:(" + url + ClientScenes.READABLE + ")");
    connector.setBrokerName(local.getBrokerName());
    connector.setDurableDestinations(local.getBroker().getDurableDestinations());
    return connector;
  }

  private void forward(BrokerService from, BrokerService to, String queue, String text) throws Exception {
    Connection consuming = connect(to);
    Connection producing = connect(from);
    MessageConsumer consumer =
        consuming.createSession(false, Session.AUTO_ACKNOWLEDGE).createConsumer(new ActiveMQQueue(queue));
    stage.settle();
    Session session = producing.createSession(false, Session.AUTO_ACKNOWLEDGE);
    session.createProducer(new ActiveMQQueue(queue)).send(session.createTextMessage(text));
    ClientScenes.receive(consumer, 1);
    consumer.close();
    stage.settle();
    producing.close();
    consuming.close();
    stage.settle();
  }

  private static Connection connect(BrokerService broker) throws Exception {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(PlayScenes.urlOf(broker));
    factory.setWatchTopicAdvisories(false);
    Connection connection = factory.createConnection();
    connection.start();
    return connection;
  }
}
