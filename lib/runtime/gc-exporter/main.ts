/**
 * Exports the log of a JVM's collector. A thread that waits for memory is in no other metric: neither JMX nor Micrometer
 * count it.
 *
 * Environment: GC_LOG (the file), ALARM_PAUSE_SECONDS, SERVICE (a label), METRICS_PORT; METRICS_HOST and POLL_MILLIS where
 * others than all addresses and a second are wanted.
 */
import { serveMetrics } from '../serve-metrics';
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
  serveMetrics(async () => {
    await poll();
    return metricsText(log.readings, up, labels);
  });
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
