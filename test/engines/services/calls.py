"""
Calls of a downstream with the attempts, the waits and the breaker of a plan: attempts, failures after which the breaker opens,
seconds that it stays open, calls that have to succeed before it closes, seconds of a wait at most. Prints how many calls reached
the downstream at each step, and the longest wait that stamina has chosen.
"""

import json
import sys
import time

import pybreaker
import stamina

attempts, failures, trials = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[4])
open_seconds, wait = float(sys.argv[3]), float(sys.argv[5])
breaker = pybreaker.CircuitBreaker(fail_max=failures, reset_timeout=open_seconds, success_threshold=trials)
reached = {"calls": 0}
answers = {"fail": True}
waits = []
stamina.instrumentation.set_on_retry_hooks([lambda details: waits.append(details.wait_for)])


def downstream():
    reached["calls"] += 1
    if answers["fail"]:
        raise ConnectionError


def called(times, call):
    before = reached["calls"]
    for _ in range(times):
        try:
            call()
        except (ConnectionError, pybreaker.CircuitBreakerError):
            pass
    return reached["calls"] - before


@stamina.retry(on=ConnectionError, attempts=attempts, wait_initial=wait / 2, wait_max=wait, wait_jitter=wait / 2)
def retried():
    downstream()


through = lambda: breaker.call(downstream)  # noqa: E731
seen = {"of_one": called(1, retried), "longest_wait": max(waits), "until_open": called(3 * failures, through)}
time.sleep(1.05 * open_seconds)
answers["fail"] = False
seen["closed_after"] = 0
while breaker.current_state != "closed" and seen["closed_after"] < 100:
    seen["closed_after"] += called(1, through)
print(json.dumps(seen))
