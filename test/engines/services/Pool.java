import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A pool of threads with a bounded queue under Poisson arrivals: threads, queue, requests a second, seconds, mean seconds of work,
 * seed. The work is a gamma of shape 4, a coefficient of variation of 0.5. Prints requests, refused, and the P99 of the others.
 */
public final class Pool {
  public static void main(String[] arguments) throws InterruptedException {
    int threads = Integer.parseInt(arguments[0]);
    int queue = Integer.parseInt(arguments[1]);
    double rate = Double.parseDouble(arguments[2]);
    double seconds = Double.parseDouble(arguments[3]);
    double mean = Double.parseDouble(arguments[4]);
    Random random = new Random(Long.parseLong(arguments[5]));
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(threads, threads, 0L, TimeUnit.SECONDS, new ArrayBlockingQueue<>(queue));
    List<Double> latencies = Collections.synchronizedList(new ArrayList<>());
    int[] counts = new int[2];
    double skipped = 0.05 * seconds;
    long began = System.nanoTime();
    double at = exponential(random) / rate;
    for (; at < seconds; at += exponential(random) / rate) {
      long due = began + (long) (1e9 * at);
      long wait = due - System.nanoTime();
      if (wait > 0) TimeUnit.NANOSECONDS.sleep(wait);
      double work = 0;
      for (int part = 0; part < 4; part += 1) work += exponential(random) * mean / 4;
      long nanos = (long) (1e9 * work);
      boolean counted = at >= skipped;
      if (counted) counts[0] += 1;
      try {
        pool.execute(() -> {
          try {
            TimeUnit.NANOSECONDS.sleep(nanos);
          } catch (InterruptedException ended) {
            return;
          }
          if (counted) latencies.add((System.nanoTime() - due) / 1e9);
        });
      } catch (RejectedExecutionException full) {
        if (counted) counts[1] += 1;
      }
    }
    pool.shutdown();
    pool.awaitTermination(60, TimeUnit.SECONDS);
    Collections.sort(latencies);
    double p99 = latencies.get((int) Math.ceil(0.99 * latencies.size()) - 1);
    System.out.printf(
        java.util.Locale.ROOT,
        "{\"requests\":%d,\"refused\":%d,\"p99\":%.4f}%n",
        counts[0],
        counts[1],
        p99);
  }

  private static double exponential(Random random) {
    return -Math.log(1 - random.nextDouble());
  }
}
