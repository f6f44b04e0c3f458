import threading
import time


class RetryBudget:
    """Retries of all calls to one service: a share of the calls, and so many a second beside it."""

    def __init__(self, ratio, per_second):
        self.ratio, self.per_second = ratio, per_second
        self.tokens, self.at, self.lock = 1, time.monotonic(), threading.Lock()

    def call(self):
        self._add(self.ratio)

    def retry(self):
        self._add(0)
        with self.lock:
            if self.tokens < 1:
                return False
            self.tokens -= 1
            return True

    def _add(self, more):
        with self.lock:
            now = time.monotonic()
            more += (now - self.at) * self.per_second
            # What was not used for ten seconds is no store for a storm.
            self.tokens, self.at = min(max(1, 10 * self.per_second), self.tokens + more), now
