from anyio import CapacityLimiter, move_on_after, to_thread


class Refused(Exception):
    """No room, or no time: answer 503 with Retry-After."""


class Bounded:
    def __init__(self, slots, queue, wait_seconds):
        self.limiter, self.queue, self.wait_seconds = CapacityLimiter(slots), queue, wait_seconds
        self.threads = CapacityLimiter(slots)

    async def run(self, work, *args):
        if self.limiter.statistics().tasks_waiting >= self.queue:
            raise Refused
        request = object()
        with move_on_after(self.wait_seconds) as waited:
            await self.limiter.acquire_on_behalf_of(request)
        if waited.cancelled_caught:
            raise Refused
        try:
            # A caller that hangs up does not free the slot: the thread works on.
            return await to_thread.run_sync(work, *args, limiter=self.threads)
        finally:
            self.limiter.release_on_behalf_of(request)
