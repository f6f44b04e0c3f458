/**
 * Exports the log of a JVM's collector. A thread that waits for memory is in no other metric: neither JMX nor Micrometer
 * count it.
 *
 * Environment: GC_LOG (the file), ALARM_PAUSE_SECONDS, SERVICE (a label), COLLECTOR (as the plan names it: once the log is
 * rotated no line of it does). Where Prometheus scrapes: METRICS_PORT, and METRICS_HOST for others than all addresses. Where
 * CloudWatch reads the output: METRIC_SECONDS, from one line to the next. POLL_MILLIS where the log is not read once a second.
 */
import { serveMetrics } from '../serve-metrics';
import { numberSetting, setting } from '../settings';
import { readingsLine } from './embedded';
import { GcLog } from './parser';
import { metricsText } from './readings';
import { Tail } from './tail';

const POLL_MILLIS = 1000;

async function main(): Promise<void> {
  const log = new GcLog(numberSetting('ALARM_PAUSE_SECONDS'), process.env.COLLECTOR?.replace('ZGC', 'Z'));
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
  if (process.env.METRIC_SECONDS !== undefined) {
    const write = embedded(labels.service, log);
    const written = async () => {
      await poll();
      write(up);
    };
    setInterval(written, 1000 * numberSetting('METRIC_SECONDS'));
    // What was counted since the last line would be lost.
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => written().then(() => process.exit(0)));
    return;
  }
  serveMetrics(async () => {
    await poll();
    return metricsText(log.readings, up, labels);
  });
}

/** Writes what was counted since the last line. */
function embedded(service: string, log: GcLog): (up: boolean) => void {
  let before = { ...log.readings };
  let allocated = performance.now();
  return (up) => {
    const [now, at] = [{ ...log.readings }, performance.now()];
    console.log(readingsLine(service, before, now, (at - allocated) / 1000, up));
    if (now.allocatedBytes > before.allocatedBytes) allocated = at;
    before = now;
  };
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
