// JMS 1.1, chapter 7: exceptions. Each standard one where its condition holds, as far as other chapters have not met it.
import static org.junit.jupiter.api.Assertions.*;

import java.util.List;
import javax.jms.*;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class Chapter7Exceptions extends JmsTest {
  @Test @DisplayName("all are JMSExceptions, which say what is wrong")
  void s7_2_text() throws JMSException {
    Session session = session(AUTO);
    InvalidSelectorException selector = assertThrows(InvalidSelectorException.class, () -> session.createConsumer(queue(session), "a ="));
    assertFalse(selector.getMessage().isEmpty());
    assertTrue((Object) selector instanceof JMSException);
    InvalidDestinationException destination = assertThrows(InvalidDestinationException.class, () -> session.unsubscribe("nobody"));
    assertFalse(destination.getMessage().isEmpty());
  }

  @Test @DisplayName("IllegalStateException: what the session or connection can not do now")
  void s7_3_illegalState() throws JMSException {
    Session session = session(AUTO);
    assertThrows(javax.jms.IllegalStateException.class, session::commit);
    session.close();
    assertThrows(javax.jms.IllegalStateException.class, session::createMessage);
  }

  @Test @DisplayName("InvalidClientIDException: an id that is in use, and none")
  void s7_3_invalidClientId() throws JMSException {
    client("x");
    assertThrows(InvalidClientIDException.class, () -> client("x"));
  }

  @Test @DisplayName("InvalidDestinationException: none, a temporary one that is gone")
  void s7_3_invalidDestination() throws JMSException {
    Session session = session(AUTO);
    assertThrows(InvalidDestinationException.class, () -> session.createConsumer(null));
    TemporaryQueue gone = session.createTemporaryQueue();
    MessageProducer producer = session.createProducer(gone);
    gone.delete();
    // The client itself refuses once the advisory of the deletion is there; before that the broker does, in its own words.
    JMSException refused = assertThrows(JMSException.class, () -> producer.send(session.createMessage()));
    assertTrue(refused instanceof InvalidDestinationException || refused instanceof org.apache.activemq.DestinationDoesNotExistException, refused.toString());
  }

  @Test @DisplayName("MessageFormatException, MessageEOFException, and those of modes, leave the message usable")
  void s7_3_messages() throws JMSException {
    Session session = session(AUTO);
    StreamMessage stream = session.createStreamMessage();
    assertThrows(MessageNotReadableException.class, stream::readInt);
    assertThrows(MessageFormatException.class, () -> stream.writeObject(List.of()));
    stream.writeInt(1);
    stream.reset();
    assertThrows(MessageNotWriteableException.class, () -> stream.writeInt(2));
    assertEquals(1, stream.readInt());
    assertThrows(MessageEOFException.class, stream::readInt);
  }

  @Test @DisplayName("after an exception the session goes on")
  void s7_goesOn() throws JMSException {
    Session session = session(TRANSACTED);
    send(session, queue(session), "1");
    assertThrows(InvalidSelectorException.class, () -> session.createConsumer(queue(session), "a ="));
    assertThrows(InvalidDestinationException.class, () -> session.createConsumer(null));
    assertThrows(InvalidDestinationException.class, () -> session.unsubscribe("nobody"));
    session.commit();
    expect(session.createConsumer(queue(session)), "1");
    session.commit();
  }
}
