/**
 * Exports the log of a JVM's collector. A thread that waits for memory is in no other metric: neither JMX nor Micrometer
 * count it.
 *
 * Environment: GC_LOG (the file), ALARM_PAUSE_SECONDS, SERVICE (a label), METRICS_PORT; METRICS_HOST and POLL_MILLIS where
 * others than all addresses and a second are wanted.
 */
import { createServer } from 'node:http';
import { numberSetting, setting } from '../settings';
import { GcLog } from './parser';
import { metricsText } from './readings';
import { Tail } from './tail';

const POLL_MILLIS = 1000;

async function main(): Promise<void> {
  const log = new GcLog(numberSetting('ALARM_PAUSE_SECONDS'));
  const tail = new Tail(setting('GC_LOG'), (line) => log.read(line));
  const labels = { service: setting('SERVICE') };
  let up = await tail.poll().catch(failed);
  // After a restart of this program its counters begin at 0: what the log holds by then was counted before.
  log.forgetCounts();
  let polling: Promise<void> = Promise.resolve();
  const poll = () => {
    polling = polling.then(async () => {
      up = await tail.poll().catch(failed);
    });
    return polling;
  };
  setInterval(poll, Number(process.env.POLL_MILLIS ?? POLL_MILLIS));
  const server = createServer((request, response) => {
    if (request.url === '/healthz') {
      response.end('ok\n');
      return;
    }
    poll().then(() =>
      response.setHeader('content-type', 'text/plain; version=0.0.4').end(metricsText(log.readings, up, labels)),
    );
  });
  server.listen(Number(setting('METRICS_PORT')), process.env.METRICS_HOST);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
}

/** A file that cannot be read is a reading, and no end of this program. */
function failed(error: Error): boolean {
  console.error(error.message);
  return false;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
