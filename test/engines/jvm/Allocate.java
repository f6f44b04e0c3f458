import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Allocates at a rate beside a live set, and prints how late each millisecond's work was done. With a fourth argument it asks for
 * a collection before: a service is measured long after its start, and a run of seconds may see no other one of the whole heap.
 */
public final class Allocate {
  private static final int PIECE = 256;
  private static byte[][] live;

  public static void main(String[] given) throws Exception {
    int liveMiB = Integer.parseInt(given[0]);
    int mebibytesPerSecond = Integer.parseInt(given[1]);
    int milliseconds = 1000 * Integer.parseInt(given[2]);
    live = new byte[liveMiB * 4096][];
    for (int at = 0; at < live.length; at++) live[at] = new byte[PIECE];
    if (given.length > 3) System.gc();
    long[] late = new long[milliseconds];
    double pieces = mebibytesPerSecond * 4096 / 1000.0;
    long start = System.nanoTime();
    for (int tick = 0; tick < milliseconds; tick++) {
      long due = start + tick * 1_000_000L;
      while (System.nanoTime() < due) Thread.onSpinWait();
      for (int done = 0; done < pieces; done++) {
        byte[] piece = new byte[PIECE];
        // One of a hundred outlives its request, in place of one that is dropped.
        if (done % 100 == 0) live[ThreadLocalRandom.current().nextInt(live.length)] = piece;
      }
      late[tick] = System.nanoTime() - due;
    }
    Arrays.sort(late);
    System.out.printf("p99=%.3f longest=%.3f%n", late[milliseconds * 99 / 100] / 1e6, late[milliseconds - 1] / 1e6);
  }
}
