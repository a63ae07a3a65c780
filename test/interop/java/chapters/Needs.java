// Marks a test of what the broker can not do yet: it has to fail as long as the runner names that part as missing (broker.missing),
// so that nobody forgets to take it from that list.
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Needs {
  String value();
}
