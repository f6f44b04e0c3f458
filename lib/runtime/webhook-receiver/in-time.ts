/** A publish that a sender waits for: it is confirmed in time, or it counts as failed. */

class PublishTimeoutError extends Error {
  public override readonly name = 'PublishTimeoutError';
}

/**
 * A client retries after a timed-out attempt, for longer than a sender waits. A message that is stored after the answer is
 * sent again by the sender and found as a duplicate.
 */
export async function inTime(publishing: Promise<unknown>, seconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PublishTimeoutError()), 1000 * seconds);
  });
  await Promise.race([publishing, late]).finally(() => clearTimeout(timer));
}
