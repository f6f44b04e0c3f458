"""
Calls of a downstream with the attempts and the breaker of a plan: attempts, failures after which the breaker opens, seconds that
it stays open, calls that have to succeed before it closes. Prints how many calls reached the downstream at each step.
"""

import json
import sys
import time

import pybreaker
import stamina

attempts, failures, trials = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[4])
open_seconds = float(sys.argv[3])
breaker = pybreaker.CircuitBreaker(fail_max=failures, reset_timeout=open_seconds, success_threshold=trials)
reached = {"calls": 0}
answers = {"fail": True}


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


@stamina.retry(on=ConnectionError, attempts=attempts, wait_initial=0.001, wait_max=0.001)
def retried():
    downstream()


through = lambda: breaker.call(downstream)  # noqa: E731
seen = {"of_one": called(1, retried), "until_open": called(3 * failures, through)}
time.sleep(1.05 * open_seconds)
answers["fail"] = False
seen["closed_after"] = 0
while breaker.current_state != "closed" and seen["closed_after"] < 100:
    seen["closed_after"] += called(1, through)
print(json.dumps(seen))
