// A broker that tests may kill. The runner does it when this program prints "kill": SIGKILL, then it is started anew on its data, and a
// line on standard input says that it is there again. Who uses it holds MortalBroker.LOCK, so that nobody else is in the middle of something.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

final class MortalBroker {
  /** For @ResourceLock. */
  static final String LOCK = "the broker that is killed";
  private static final BufferedReader ANSWERS = new BufferedReader(new InputStreamReader(System.in));

  static String url() { return System.getProperty("mortal.url"); }

  static synchronized void killAndStart() throws IOException {
    System.out.println("kill");
    if (ANSWERS.readLine() == null) throw new IOException("the runner is gone");
  }

  private MortalBroker() { }
}
