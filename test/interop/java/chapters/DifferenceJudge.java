// Turns the result of a test round where its annotations say that it has to fail; see DiffersInActiveMq and Needs.
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

class DifferenceJudge implements InvocationInterceptor {
  private static final List<String> MISSING = Arrays.asList(System.getProperty("broker.missing", "").split(","));

  @Override
  public void interceptTestMethod(Invocation<Void> test, ReflectiveInvocationContext<Method> context, ExtensionContext extension) throws Throwable {
    String reason = reasonToFail(context.getExecutable());
    if (reason == null) {
      test.proceed();
      return;
    }
    try {
      test.proceed();
    } catch (AssertionError expected) {
      return;
    } catch (Exception refused) {
      if (isMissing(context.getExecutable())) return;
      throw refused;
    }
    throw new AssertionError("passes, but must not: " + reason);
  }

  private static String reasonToFail(Method test) {
    if (isMissing(test)) return "the part \"" + test.getAnnotation(Needs.class).value() + "\" is said to be missing";
    DiffersInActiveMq differs = test.getAnnotation(DiffersInActiveMq.class);
    if (differs == null) return null;
    boolean client = differs.side() == DiffersInActiveMq.Side.IN_CLIENT;
    if (!client && !System.getProperty("broker.kind").equals("activemq")) return null;
    String version = System.getProperty(client ? "client.version" : "broker.version");
    return Arrays.stream(differs.versions()).anyMatch(version::startsWith) ? "ActiveMQ " + version + " is said to differ: " + differs.value() : null;
  }

  private static boolean isMissing(Method test) {
    return test.isAnnotationPresent(Needs.class) && MISSING.contains(test.getAnnotation(Needs.class).value());
  }
}
