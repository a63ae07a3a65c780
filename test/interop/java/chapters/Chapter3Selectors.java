// JMS 1.1, section 3.8: selectors. Each table is one message and what each selector says of it, asked by as many subscribers of one topic.
import static org.junit.jupiter.api.Assertions.*;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.jms.*;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class Chapter3Selectors extends JmsTest {
  private Message order(Session session) throws JMSException {
    Message order = session.createTextMessage("order");
    order.setJMSType("car");
    order.setJMSCorrelationID("c1");
    order.setStringProperty("color", "blue");
    order.setStringProperty("quote", "it's");
    order.setStringProperty("percent", "50%");
    order.setStringProperty("word", "underscore_d");
    order.setStringProperty("number", "12");
    order.setIntProperty("weight", 2500);
    order.setLongProperty("large", Long.MAX_VALUE);
    order.setDoubleProperty("price", 12.5);
    order.setFloatProperty("half", 0.5f);
    order.setByteProperty("tiny", (byte) 7);
    order.setShortProperty("small", (short) 300);
    order.setBooleanProperty("isNew", true);
    order.setBooleanProperty("used", false);
    order.setIntProperty("$dollar_1", 1);
    return order;
  }

  /** Every subscriber gets a second message for sure: whoever gets that one first did not want the first. */
  private void ask(Map<String, Boolean> wanted) throws JMSException {
    Session session = session(AUTO);
    Map<String, MessageConsumer> consumers = new LinkedHashMap<>();
    for (String selector : wanted.keySet()) consumers.put(selector, session.createConsumer(topic(session), "(" + selector + ") OR isLast = TRUE"));
    MessageProducer producer = session.createProducer(topic(session));
    producer.send(order(session), DeliveryMode.NON_PERSISTENT, 6, 0);
    Message last = session.createTextMessage("last");
    last.setBooleanProperty("isLast", true);
    producer.send(last);
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, MessageConsumer> asked : consumers.entrySet())
      if (receiveText(asked.getValue()).equals("order") != wanted.get(asked.getKey())) wrong.add(asked.getKey());
    assertEquals(List.of(), wrong, "these say something else");
  }

  private void yes(Map<String, Boolean> table, String... selectors) { for (String selector : selectors) table.put(selector, true); }

  private void no(Map<String, Boolean> table, String... selectors) { for (String selector : selectors) table.put(selector, false); }

  @Test @DisplayName("literals: texts with quotes, exact and approximate numbers, booleans in any case")
  void s3_8_1_1_literals() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "color = 'blue'", "quote = 'it''s'", "weight = 2500", "weight = +2500", "-weight = -2500", "large = 9223372036854775807", "price = 12.5", "price = 1.25E1", "price = 125e-1", "half = .5", "isNew = TRUE", "isNew = true", "used = False");
    no(table, "color = 'Blue'", "color = ''", "quote = 'it'", "weight = 2501", "price = 12.51", "isNew = FALSE");
    ask(table);
  }

  @Test @DisplayName("names: letters, digits, _ and $; they go by case; key words do not")
  void s3_8_1_1_identifiers() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "$dollar_1 = 1", "isNew", "isNew and not used", "isNew AnD nOt used", "Color IS NULL", "color is not null");
    no(table, "COLOR = 'blue'", "used", "ISNEW");
    ask(table);
  }

  @Test @DisplayName("names: null, true, not, and, or, between, like, in, is and escape are none")
  void s3_8_1_1_reservedNames() throws JMSException {
    Session session = session(AUTO);
    for (String word : List.of("NULL", "TRUE", "AND", "OR", "BETWEEN", "LIKE", "IN", "IS"))
      assertThrows(InvalidSelectorException.class, () -> session.createConsumer(queue(session), word + " = 1"), word);
  }

  @Test @DisplayName("headers can be named: priority, delivery mode as a text, id, time, correlation id, type")
  void s3_8_1_1_headers() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "JMSPriority = 6", "JMSPriority > 5", "JMSDeliveryMode = 'NON_PERSISTENT'", "JMSMessageID LIKE 'ID:%'", "JMSTimestamp > 0", "JMSCorrelationID = 'c1'", "JMSType = 'car'", "JMSType IN ('car', 'bike')");
    no(table, "JMSPriority < 6", "JMSDeliveryMode = 'PERSISTENT'", "JMSType = 'bike'", "JMSCorrelationID IS NULL");
    ask(table);
  }

  @Test @DisplayName("comparisons: numbers of any type by value, texts and booleans by = and <> only, no other pair of types is ever equal")
  void s3_8_1_1_comparisons() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "weight > 2499", "weight >= 2500", "weight < 2500.5", "weight <= 2500", "weight <> 1", "tiny = 7", "small = 300", "tiny < small", "small < weight", "price > 12", "color <> 'red'", "used <> TRUE", "half < 1");
    no(table, "weight > 2500", "weight < 2500", "tiny > small", "color <> 'blue'", "number = 12", "color = 5", "weight = '2500'");
    ask(table);
  }

  @Test @DisplayName("arithmetic: signs, then * and /, then + and -, before comparisons; brackets change that")
  void s3_8_1_1_arithmetic() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "weight + 1 = 2501", "weight - 500 * 2 = 1500", "(weight - 500) * 2 = 4000", "weight / 2 > 1200", "price * 2 = 25", "-price < 0", "weight > 2 * 1000 + 400", "2 + 3 * 4 = 14");
    no(table, "weight + 1 = 2500", "2 + 3 * 4 = 20");
    ask(table);
  }

  @Test @DisplayName("NOT, AND and OR, in that order; brackets change it")
  void s3_8_1_1_logic() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "isNew OR used AND used", "isNew AND NOT (used)", "NOT (color = 'red')", "NOT used AND isNew", "NOT (isNew AND used)", "weight = 1 OR color = 'blue' AND isNew");
    no(table, "(isNew OR used) AND used", "NOT isNew OR used", "NOT (isNew OR used)");
    ask(table);
  }

  @Test @DisplayName("NOT stands before a whole comparison, without brackets")
  @DiffersInActiveMq("NOT belongs to the name behind it, and the comparison is then one of a boolean with something else")
  void s3_8_1_1_notBeforeComparison() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "NOT color = 'red'", "NOT weight = 1");
    no(table, "NOT color = 'blue'");
    ask(table);
  }

  @Test @DisplayName("BETWEEN has both ends in it")
  void s3_8_1_1_between() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "weight BETWEEN 2500 AND 3000", "weight BETWEEN 2000 AND 2500", "weight NOT BETWEEN 1 AND 2", "price BETWEEN 12 AND 13 AND isNew");
    no(table, "weight NOT BETWEEN 2500 AND 3000", "weight BETWEEN 2501 AND 3000", "weight BETWEEN 3000 AND 2000");
    ask(table);
  }

  @Test @DisplayName("IN lists texts")
  void s3_8_1_1_in() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "color IN ('red', 'blue')", "color NOT IN ('red', 'green')", "color IN ('blue')");
    no(table, "color IN ('red')", "color NOT IN ('blue')", "color IN ('BLUE')");
    ask(table);
  }

  @Test @DisplayName("LIKE: _ is one character, % any number, the escape character takes their meaning")
  void s3_8_1_1_like() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "color LIKE 'b%'", "color LIKE 'b__e'", "color LIKE '%'", "color LIKE 'blue'", "color LIKE '%u%'", "color NOT LIKE 'r%'", "percent LIKE '50!%' ESCAPE '!'", "word LIKE 'underscore\\_d' ESCAPE '\\'", "quote LIKE 'it''_'");
    no(table, "color LIKE 'b_e'", "color LIKE 'lue'", "color LIKE 'B%'", "color NOT LIKE 'b%'", "color LIKE 'b!%' ESCAPE '!'", "color LIKE 'b.*'");
    ask(table);
  }

  @Test @DisplayName("IS NULL and IS NOT NULL ask whether there is a value")
  void s3_8_1_2_isNull() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "missing IS NULL", "color IS NOT NULL", "missing IS NULL AND color IS NOT NULL");
    no(table, "missing IS NOT NULL", "color IS NULL");
    ask(table);
  }

  @Test @DisplayName("what is compared or calculated with a missing value is unknown; NOT leaves it so, AND and OR may not")
  void s3_8_1_2_unknown() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "missing = 1 OR isNew", "isNew OR missing = 1", "NOT (missing = 1 AND used)");
    no(table, "missing = 1", "missing <> 1", "missing > 1", "NOT (missing = 1)", "missing = 1 AND isNew", "missing = 1 OR used", "missing + 1 = 1", "missing LIKE 'a'", "missing NOT LIKE 'a'", "missing IN ('a')", "missing BETWEEN 1 AND 2", "missing", "NOT missing");
    ask(table);
  }

  @Test @DisplayName("a missing value on the right is as unknown as on the left")
  @DiffersInActiveMq("a value that is there is unlike one that is missing")
  void s3_8_1_2_unknownOnTheRight() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    no(table, "1 <> missing", "missing = missing", "weight <> missing");
    ask(table);
  }

  @Test @DisplayName("blanks, tabs and line ends separate")
  void s3_8_1_1_whitespace() throws JMSException {
    Map<String, Boolean> table = new LinkedHashMap<>();
    yes(table, "color='blue'AND weight=2500", "  color\t=\n'blue'\r\n ", "(((isNew)))");
    ask(table);
  }

  @Test @DisplayName("what is no selector is refused when the consumer is made, with the exception for it")
  void s3_8_1_3_invalid() throws JMSException {
    Session session = session(AUTO);
    for (String wrong : List.of("color =", "= 1", "color = 'open", "color IN ()", "weight BETWEEN 1", "color LIKE", "(isNew", "isNew)", "color LIKE 'a' ESCAPE 'ab'", "weight ==", "color IS 5")) {
      assertThrows(InvalidSelectorException.class, () -> session.createConsumer(queue(session), wrong), wrong);
      assertThrows(InvalidSelectorException.class, () -> session.createConsumer(topic(session), wrong), wrong);
    }
    send(session, queue(session), "the session goes on");
    expect(session.createConsumer(queue(session)), "the session goes on");
  }

  @Test @DisplayName("none, and the empty one, select everything")
  void s3_8_1_none() throws JMSException {
    Session session = session(AUTO);
    for (String none : new String[] {null, ""}) {
      MessageConsumer consumer = session.createConsumer(queue(session), none);
      send(session, queue(session), "any");
      expect(consumer, "any");
      consumer.close();
    }
  }

  @Test @DisplayName("selectors see headers and properties, never the body")
  void s3_8_1_3_bodyIsNotSeen() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer consumer = session.createConsumer(topic(session), "a = 1 OR isLast = TRUE");
    MapMessage map = session.createMapMessage();
    map.setInt("a", 1);
    MessageProducer producer = session.createProducer(topic(session));
    producer.send(map);
    Message last = session.createTextMessage("last");
    last.setBooleanProperty("isLast", true);
    producer.send(last);
    assertTrue(receive(consumer) instanceof TextMessage);
  }

  @Test @DisplayName("what one consumer of a queue does not select waits for another one")
  void s3_8_queue() throws JMSException {
    Session session = session(AUTO);
    MessageConsumer heavy = session.createConsumer(queue(session), "weight > 10");
    for (int weight : new int[] {5, 15, 6, 16}) {
      Message message = session.createTextMessage("" + weight);
      message.setIntProperty("weight", weight);
      session.createProducer(queue(session)).send(message);
    }
    expect(heavy, "15", "16");
    nothing(heavy);
    assertEquals("weight > 10", heavy.getMessageSelector());
    MessageConsumer all = session.createConsumer(queue(session));
    expect(all, "5", "6");
    assertNull(all.getMessageSelector());
  }
}
