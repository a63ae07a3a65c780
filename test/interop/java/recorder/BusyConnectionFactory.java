// Makes connections whose thread for small jobs can be held up. After a lost connection a client forgets on that thread
// what it had prefetched, and asks for its prefetch only then; whether that is before or after it has connected again is
// luck. Held up, it is after.
import java.util.concurrent.CountDownLatch;
import javax.jms.JMSException;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.management.JMSStatsImpl;
import org.apache.activemq.transport.Transport;
import org.apache.activemq.util.IdGenerator;

final class BusyConnectionFactory extends ActiveMQConnectionFactory {
  BusyConnectionFactory(String url) { super(url); }

  @Override
  protected ActiveMQConnection createActiveMQConnection(Transport transport, JMSStatsImpl stats) throws Exception {
    return new BusyConnection(transport, getClientIdGenerator(), getConnectionIdGenerator(), stats);
  }

  static final class BusyConnection extends ActiveMQConnection {
    BusyConnection(Transport transport, IdGenerator clientIds, IdGenerator connectionIds, JMSStatsImpl stats)
        throws Exception {
      super(transport, clientIds, connectionIds, stats);
    }

    void busyUntil(CountDownLatch over) throws JMSException {
      getScheduler()
          .executeAfterDelay(
              () -> {
                try {
                  over.await();
                } catch (InterruptedException ended) {
                  Thread.currentThread().interrupt();
                }
              },
              0);
    }
  }
}
