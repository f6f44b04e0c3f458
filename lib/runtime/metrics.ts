/**
 * Metrics without a call: one log line in CloudWatch's embedded metric format, counted when the log is read.
 */
import { Console } from 'node:console';
import { type EmbeddedMetric, embeddedLine } from './embedded-metrics';

const NAMESPACE = 'Backpressure';

// With Lambda's JSON log format the runtime's own console wraps each line, and a wrapped line is not counted.
const lines = process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON' ? new Console(process.stdout, process.stderr) : console;

/**
 * Counts an event, or several in one line. `details` go into the line for a person to read and must hold no content of a
 * message.
 */
export function countMetric(
  name: string,
  dimensions: Record<string, string>,
  details: Record<string, string> = {},
  value = 1,
): void {
  writeMetric(name, value, 'Count', dimensions, details);
}

/** Records one value of the function, in a unit of CloudWatch. `details` are as those of a count. */
export function recordMetric(
  name: string,
  value: number,
  unit: EmbeddedMetric['unit'],
  details: Record<string, string> = {},
  dimensions: Record<string, string> = {},
): void {
  writeMetric(name, value, unit, dimensions, details);
}

function writeMetric(
  name: string,
  value: number,
  unit: EmbeddedMetric['unit'],
  dimensions: Record<string, string>,
  details: Record<string, string>,
): void {
  const from = { FunctionName: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'local', ...dimensions };
  lines.log(embeddedLine(NAMESPACE, from, [{ name, value, unit }], details));
}
