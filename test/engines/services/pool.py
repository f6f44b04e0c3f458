"""
The slots and the queue of a plan in a program of anyio, under Poisson arrivals: slots, queue, seconds that a request waits at
most, requests a second, seconds, mean seconds of work, seed. The work is a gamma of shape 4, a coefficient of variation of 0.5,
in a thread. Prints requests, refused, the P99 of the others, and how many were worked on at once at most.
"""

import json
import random
import sys
import threading
import time

import anyio
from bounded import Bounded, Refused

slots, queue = map(int, sys.argv[1:3])
wait, rate, seconds, mean = map(float, sys.argv[3:7])
drawn = random.Random(int(sys.argv[7]))
counts = {"requests": 0, "refused": 0}
latencies = []
lock = threading.Lock()
working = {"now": 0, "most": 0}


def work(took):
    with lock:
        working["now"] += 1
        working["most"] = max(working["most"], working["now"])
    time.sleep(took)
    with lock:
        working["now"] -= 1


async def request(bounded, due, took, counted):
    try:
        await bounded.run(work, took)
    except Refused:
        counts["refused"] += counted
        return
    if counted:
        latencies.append(time.monotonic() - due)


async def main():
    bounded = Bounded(slots, queue, wait)
    began = time.monotonic()
    at = drawn.expovariate(rate)
    async with anyio.create_task_group() as tasks:
        while at < seconds:
            await anyio.sleep(max(0, began + at - time.monotonic()))
            counted = at >= 0.05 * seconds
            counts["requests"] += counted
            tasks.start_soon(request, bounded, began + at, drawn.gammavariate(4, mean / 4), counted)
            at += drawn.expovariate(rate)
    latencies.sort()
    p99 = latencies[-(-99 * len(latencies) // 100) - 1]
    print(json.dumps({**counts, "p99": p99, "most": working["most"]}))


anyio.run(main)
