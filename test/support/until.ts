/** Waits for a condition, never for a time. */

const LOOK_MILLIS = 100;

/** Waits until the condition holds; the time-out names what was waited for. A look that is dear is taken less often. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = 60,
  lookMillis = LOOK_MILLIS,
): Promise<void> {
  const end = Date.now() + 1000 * seconds;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, lookMillis));
  }
}
