// What the tests of chapter 3 share: a message there and back, and a value of each type.
import java.util.LinkedHashMap;
import java.util.Map;
import javax.jms.*;

abstract class Chapter3Test extends JmsTest {
  static final int[] MODES = {DeliveryMode.PERSISTENT, DeliveryMode.NON_PERSISTENT};

  /** Sent to the queue of the test and received again, as another client would get it. */
  <M extends Message> M roundTrip(M message) throws JMSException {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(queue(session));
    session.createProducer(queue(session)).send(message);
    @SuppressWarnings("unchecked") M received = (M) receive(consumer);
    session.close();
    return received;
  }

  static Map<String, Object> everyType() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("aBoolean", true);
    values.put("aByte", Byte.MIN_VALUE);
    values.put("aShort", Short.MAX_VALUE);
    values.put("anInt", Integer.MIN_VALUE);
    values.put("aLong", Long.MAX_VALUE);
    values.put("aFloat", 1.25f);
    values.put("aDouble", -1e300);
    values.put("aString", "gr\u00fc\u00dfe \u20ac");
    return values;
  }
}
