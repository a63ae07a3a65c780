// A connection to nowhere: messages that belong to it compress their bodies.
import java.lang.reflect.Proxy;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.management.JMSStatsImpl;
import org.apache.activemq.transport.Transport;
import org.apache.activemq.util.IdGenerator;

final class CompressingConnection extends ActiveMQConnection {
  CompressingConnection() throws Exception {
    super(nowhere(), new IdGenerator(), new IdGenerator(), new JMSStatsImpl());
    setUseCompression(true);
  }

  private static Transport nowhere() {
    Class<?>[] types = {Transport.class};
    return (Transport)
        Proxy.newProxyInstance(
            Transport.class.getClassLoader(),
            types,
            (self, method, args) -> method.getReturnType() == boolean.class ? false : null);
  }
}
