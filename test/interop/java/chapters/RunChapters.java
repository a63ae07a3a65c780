// Runs the test classes in args, side by side; those tests alone whose "Class.method" contains the text of the property "tests".
// Prints "ok Class.method (what it says)" or "not ok Class.method (what it says): why" a line, and "chapters ran" at the end.
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.ClassSelector;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

public class RunChapters {
  /** Most tests wait for something most of the time. */
  private static final String SIDE_BY_SIDE = "8";
  private static final String LONGEST = "60 s";

  public static void main(String[] args) {
    List<ClassSelector> classes = new ArrayList<>();
    for (String name : args) classes.add(selectClass(name));
    LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
      .selectors(classes)
      .filters(wanted(System.getProperty("tests", "")))
      .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
      .configurationParameter("junit.jupiter.execution.parallel.mode.default", "concurrent")
      .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
      .configurationParameter("junit.jupiter.execution.parallel.config.fixed.parallelism", SIDE_BY_SIDE)
      .configurationParameter("junit.jupiter.execution.timeout.testable.method.default", LONGEST)
      .configurationParameter("junit.jupiter.execution.timeout.thread.mode.default", "SEPARATE_THREAD")
      .build();
    LauncherFactory.create().execute(request, new Report());
    System.out.println("chapters ran");
    System.exit(0);
  }

  static PostDiscoveryFilter wanted(String part) {
    return (TestDescriptor test) -> FilterResult.includedIf(!test.isTest() || test.getSource().map(RunChapters::named).orElse("").contains(part));
  }

  static String named(Object source) {
    if (!(source instanceof MethodSource)) return "";
    MethodSource method = (MethodSource) source;
    return method.getClassName() + "." + method.getMethodName();
  }

  static final class Report implements TestExecutionListener {
    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      boolean passed = result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
      if (passed && !test.isTest()) return;
      String name = test.getSource().map(RunChapters::named).filter(named -> !named.isEmpty()).orElse(test.getUniqueId());
      String line = name + " (" + test.getDisplayName() + ")";
      System.out.println(passed ? "ok " + line : "not ok " + line + ": " + result.getThrowable().map(Report::told).orElse("aborted"));
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) { System.out.println("not ok " + test.getDisplayName() + ": skipped, " + reason); }

    static String told(Throwable thrown) {
      StringBuilder where = new StringBuilder();
      for (StackTraceElement element : thrown.getStackTrace())
        if (element.getFileName() != null && element.getClassName().matches("(Chapter|ActiveMq|Spring|Pooled)\\w+(\\$.*)?")) where.append(String.format(Locale.ROOT, " (%s:%d)", element.getFileName(), element.getLineNumber()));
      return (thrown + "").replaceAll("\\s*\n\\s*", " | ") + where;
    }
  }
}
