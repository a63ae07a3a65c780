// Asks over a network as applications do, by JMS's QueueRequestor and a temporary queue of its own: COUNT requests to the queue NAME of the
// broker at URL. Prints "answer TEXT" for each, then "asked"; "failed REASON" when it could not.
import javax.jms.QueueConnection;
import javax.jms.QueueRequestor;
import javax.jms.QueueSession;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.apache.activemq.ActiveMQConnectionFactory;

public class Requester {
  public static void main(String[] args) throws Exception {
    QueueConnection connection = new ActiveMQConnectionFactory(args[0]).createQueueConnection();
    try {
      connection.start();
      QueueSession session = connection.createQueueSession(false, Session.AUTO_ACKNOWLEDGE);
      QueueRequestor requestor = new QueueRequestor(session, session.createQueue(args[1]));
      for (int n = 0; n < Integer.parseInt(args[2]); n++) {
        TextMessage answer = (TextMessage) requestor.request(session.createTextMessage("request " + n));
        System.out.println("answer " + answer.getText());
      }
      System.out.println("asked");
    } catch (Exception e) {
      System.out.println("failed " + e);
    }
    System.exit(0);
  }
}
