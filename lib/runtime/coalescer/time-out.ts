/** Time-outs of clients of AWS: a call that hangs must not take the time of the others. */

/** Settings of a client whose calls end after so many seconds. */
export function within(seconds: number) {
  return { connectionTimeout: 1000, requestTimeout: seconds * 1000, throwOnRequestTimeout: true };
}
