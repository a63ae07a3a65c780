// Turns the result of a test round where its annotations say that it has to fail; see DiffersInActiveMq.
import java.lang.reflect.Method;
import java.util.Arrays;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

class DifferenceJudge implements InvocationInterceptor {
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
    }
    throw new AssertionError("passes, but must not: " + reason);
  }

  private static String reasonToFail(Method test) {
    DiffersInActiveMq differs = test.getAnnotation(DiffersInActiveMq.class);
    if (differs == null) return null;
    boolean client = differs.side() == DiffersInActiveMq.Side.IN_CLIENT;
    if (!client && !System.getProperty("broker.kind").equals("activemq")) return null;
    String version = System.getProperty(client ? "client.version" : "broker.version");
    return Arrays.stream(differs.versions()).anyMatch(version::startsWith) ? "ActiveMQ " + version + " is said to differ: " + differs.value() : null;
  }
}
