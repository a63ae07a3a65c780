// Marks a statement of JMS that ActiveMQ does not keep. With IN_BROKER the test has to fail against ActiveMQ, and to pass against our
// broker; with IN_CLIENT the stock client breaks it by itself, so that it has to fail against both. Passing where it has to fail is a failure:
// what is said here stays true.
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface DiffersInActiveMq {
  enum Side { IN_BROKER, IN_CLIENT }

  /** What it does instead. */
  String value();

  Side side() default Side.IN_BROKER;

  /** The beginnings of the versions that do; of the client for IN_CLIENT, else of the broker. */
  String[] versions() default "";
}
