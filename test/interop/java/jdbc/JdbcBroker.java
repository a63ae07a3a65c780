// An ActiveMQ broker whose store and lock are a database, in a process of its own. Its arguments are NAME=VALUE: name, port, url (JDBC, with
// user and password), adapter (the class for the database; left out: as ActiveMQ finds it by the driver's name), acksPkName (of PostgreSQL's
// adapter), prefix (of the tables), locker (lease or database), leaseMs, endsWithInput (true) and storeOpenWireVersion; all else is as ActiveMQ has it. Queues and topics under PRIO go by priority; queues under AGAIN keep their redelivery flags in the store.
//
// The pool of connections is that of ActiveMQ's own examples, commons-dbcp2 with prepared statements kept; it keeps all its connections, too.
//
// Prints "waits" as soon as it runs and "started" when clients can connect, and at the end of its input it stops in order.
import java.util.List;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.broker.region.policy.PolicyEntry;
import org.apache.activemq.broker.region.policy.PolicyMap;
import org.apache.activemq.broker.AbstractLocker;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ActiveMQTopic;
import org.apache.activemq.store.jdbc.DefaultDatabaseLocker;
import org.apache.activemq.store.jdbc.JDBCAdapter;
import org.apache.activemq.store.jdbc.JDBCPersistenceAdapter;
import org.apache.activemq.store.jdbc.LeaseDatabaseLocker;
import org.apache.activemq.store.jdbc.Statements;
import org.apache.activemq.store.jdbc.adapter.PostgresqlJDBCAdapter;
import org.apache.activemq.util.LeaseLockerIOExceptionHandler;
import org.apache.commons.dbcp2.BasicDataSource;

public class JdbcBroker {
  private static final int LOCK_TRIED_EVERY_MS = 200;

  private final BrokerService broker = new BrokerService();
  private final JDBCPersistenceAdapter store = new JDBCPersistenceAdapter();
  private final BasicDataSource pool = new BasicDataSource();
  private String locker = "database";
  private long leaseMs = 3000;
  private boolean endsWithInput = true;

  public static void main(String[] args) throws Exception {
    JdbcBroker program = new JdbcBroker();
    for (String arg : args) {
      int at = arg.indexOf('=');
      program.set(arg.substring(0, at), arg.substring(at + 1));
    }
    System.out.println("waits");
    program.start();
    System.out.println("started");
    if (!program.endsWithInput) program.broker.waitUntilStopped();
    while (System.in.read() >= 0) { }
    program.broker.stop();
    System.exit(0);
  }

  private void set(String name, String value) throws Exception {
    switch (name) {
      case "name": broker.setBrokerName(value); break;
      case "port": broker.addConnector("tcp://127.0.0.1:" + value + "?maximumConnections=1000&wireFormat.maxFrameSize=104857600"); break;
      case "url": pool.setUrl(value); break;
      case "adapter": store.setAdapter((JDBCAdapter) Class.forName("org.apache.activemq.store.jdbc.adapter." + value).getDeclaredConstructor().newInstance()); break;
      case "acksPkName": keyOfAcks(value); break;
      case "prefix": Statements statements = new Statements(); statements.setTablePrefix(value); store.setStatements(statements); break;
      case "locker": locker = value; break;
      case "endsWithInput": endsWithInput = Boolean.parseBoolean(value); break;
      case "leaseMs": leaseMs = Long.parseLong(value); break;
      case "storeOpenWireVersion": broker.setStoreOpenWireVersion(Integer.parseInt(value)); break;
      default: throw new IllegalArgumentException("Cannot set " + name + ": this program has no such argument");
    }
  }

  /** Which it drops at its start, to make one with the priority in it. */
  private void keyOfAcks(String name) {
    PostgresqlJDBCAdapter adapter = new PostgresqlJDBCAdapter();
    adapter.setAcksPkName(name);
    store.setAdapter(adapter);
  }

  private void start() throws Exception {
    pool.setMaxTotal(200);
    // Not in those examples: with its default of 8 more threads than that connect anew for each statement.
    pool.setMaxIdle(200);
    pool.setPoolPreparedStatements(true);
    store.setDataSource(pool);
    store.setLocker(locker.equals("lease") ? lease() : row());
    // As its documentation wants it of a lease; the renewals of the other only tell that the connection is there.
    if (locker.equals("lease")) store.setLockKeepAlivePeriod(leaseMs / 3);
    if (locker.equals("lease")) broker.setIoExceptionHandler(new LeaseLockerIOExceptionHandler());
    broker.setUseJmx(false);
    broker.setPersistenceAdapter(store);
    broker.setDestinationPolicy(policies());
    broker.start();
    broker.waitUntilStarted();
  }

  private AbstractLocker lease() {
    LeaseDatabaseLocker lease = new LeaseDatabaseLocker();
    lease.setLeaseHolderId(broker.getBrokerName() + "-" + ProcessHandle.current().pid());
    // The length of the lease as well.
    lease.setLockAcquireSleepInterval(leaseMs);
    return lease;
  }

  private AbstractLocker row() {
    DefaultDatabaseLocker row = new DefaultDatabaseLocker();
    row.setLockAcquireSleepInterval(LOCK_TRIED_EVERY_MS);
    return row;
  }

  private static PolicyMap policies() {
    PolicyEntry again = of(new ActiveMQQueue("AGAIN.>"));
    again.setPersistJMSRedelivered(true);
    PolicyEntry queues = of(new ActiveMQQueue("PRIO.>"));
    queues.setPrioritizedMessages(true);
    PolicyEntry topics = of(new ActiveMQTopic("PRIO.>"));
    topics.setPrioritizedMessages(true);
    PolicyMap policies = new PolicyMap();
    policies.setPolicyEntries(List.of(again, queues, topics));
    return policies;
  }

  private static PolicyEntry of(ActiveMQDestination pattern) {
    PolicyEntry policy = new PolicyEntry();
    policy.setDestination(pattern);
    return policy;
  }
}
