/**
 * One line of JSON an event, the form that Cloud Logging reads from a container's output: `severity` and `message`
 * are its own fields, the rest can be searched and counted.
 */

/** Writes one event. `details` must hold no content of a message. */
export function logEvent(
  severity: 'INFO' | 'WARNING' | 'ERROR',
  message: string,
  details: Record<string, string | number> = {},
): void {
  console.log(JSON.stringify({ severity, message, ...details }));
}

/** Only the kind of failure: the text of an error may quote its input. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  // gRPC clients give every failure the same name and the status as a number.
  const code = (error as { code?: unknown }).code;
  return code === undefined ? error.name : `${error.name} ${String(code)}`;
}
