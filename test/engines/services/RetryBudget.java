/** Retries of all calls to one service: a share of the calls, and so many a second beside it. */
final class RetryBudget {
  private final double ratio;
  private final double perSecond;
  private double tokens = 1;
  private long at = System.nanoTime();

  RetryBudget(double ratio, double perSecond) {
    this.ratio = ratio;
    this.perSecond = perSecond;
  }

  /** Before a first attempt. */
  synchronized void call() {
    add(ratio);
  }

  /** Whether a retry may be made. */
  synchronized boolean retry() {
    add(0);
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  }

  private void add(double more) {
    long now = System.nanoTime();
    // What was not used for ten seconds is no store for a storm.
    tokens = Math.min(Math.max(1, 10 * perSecond), tokens + more + (now - at) / 1e9 * perSecond);
    at = now;
  }
}

/** Calls that all fail, and are repeated as often as the budget lets them: ratio, calls. Prints the retries. */
final class RetryStorm {
  private RetryStorm() {}

  public static void main(String[] args) {
    RetryBudget budget = new RetryBudget(Double.parseDouble(args[0]), 0);
    int retries = 0;
    for (int made = 0; made < Integer.parseInt(args[1]); made++) {
      budget.call();
      while (budget.retry()) retries++;
    }
    System.out.println(retries);
  }
}
