import { planLogs } from '../../../lib/flow/logs/plan';
import { DiskQueue } from '../../../lib/flow/logs/simulation/log-queue';
import { LogRotator } from '../../../lib/flow/logs/simulation/log-rotator';
import { simulateNodeLogs } from '../../../lib/flow/logs/simulation/node-logs';

const COMPRESS_BYTES_PER_SECOND = 10e6;

/** The most that log files come to under a rate that never falls, all written alike. */
function rotated(logFiles: number, bytesPerSecond: number, rotationSeconds: number) {
  const plan = planLogs('Logs', {
    workload: { steadyBytesPerSecond: bytesPerSecond, logFiles },
    objective: { diskBudgetBytes: 60_000 * bytesPerSecond, outageSeconds: 3600 },
    rotationSeconds,
    compressBytesPerSecond: COMPRESS_BYTES_PER_SECOND,
  });
  const [cap, count] = [plan.value('fileSizeCapBytes'), plan.value('fileCount')];
  const rotator = new LogRotator(
    { fileSizeCapBytes: cap, fileCount: count, rotationSeconds, compressBytesPerSecond: COMPRESS_BYTES_PER_SECOND },
    logFiles,
  );
  let most = 0;
  for (let now = 0; now < (2 * logFiles * (count + 2) * cap) / bytesPerSecond; now += 1) {
    rotator.step(bytesPerSecond, now, 1);
    most = Math.max(most, rotator.bytes);
  }
  return { most, predicted: plan.predictions.logFileBytes };
}

describe('files under a rate that never falls stay within what is planned', () => {
  test.each([
    // files, bytes/s, seconds between runs, and the least share of the plan that they come to
    [1, 2e6, 60, 0.9, 'one file: nothing is shared'],
    [1, 5e6, 60, 0.9, 'gzip works half of the time'],
    [1, 2e5, 60, 0.9, 'a slow one'],
    [4, 2e6, 60, 0.6, 'four that come at once share what is written meanwhile; the plan has them come one by one'],
    [10, 1e6, 60, 0.6, 'the same with ten'],
    [2, 2e6, 300, 0.5, 'a run seldom enough to matter more than the cap'],
  ])('%d files at %d bytes/s, a run every %d s', (files, rate, interval, least) => {
    const { most, predicted } = rotated(files, rate, interval);
    expect(most / predicted).toBeLessThanOrEqual(1);
    expect(most / predicted).toBeGreaterThan(least);
  });
});

describe('a rotated file', () => {
  const settings = { fileSizeCapBytes: 100, fileCount: 2, rotationSeconds: 10, compressBytesPerSecond: 50 };

  test('stays readable until the next rotation, and is deleted when newer ones are as many as are kept', () => {
    const rotator = new LogRotator(settings, 1);
    for (let now = 0; now < 40; now += 10) rotator.step(100, now, 10);
    // Of four hundred bytes the first hundreds are gone; of two that are kept one is compressed.
    expect([rotator.bytes, rotator.readableBytes]).toEqual([200, 100]);
  });

  // As logrotate does: seen with a real one, whose compressor finds `app.log.1` and no `app.log.2`.
  test('is compressed before the next one gets its name, which grows meanwhile', () => {
    const rotator = new LogRotator(settings, 1);
    rotator.step(100, 0, 1);
    for (let now = 1; now < 12; now += 1) rotator.step(100, now, 1);
    // Due at 10 with 1,000 bytes; gzip takes 2 s for the hundred before.
    expect(rotator.readableBytes).toBe(1_100);
    expect(rotator.bytes).toBe(1_200);
  });
});

describe('a disk queue', () => {
  const settings = { maxBytes: 1_000, bytesPerLogByte: 2, shipBytesPerSecond: 10 };

  test('takes what it has room for, and says what it does not take', () => {
    const queue = new DiskQueue(settings);
    expect(queue.take(400)).toBe(0);
    expect(queue.take(400)).toBe(300);
    expect(queue.diskBytes).toBe(1_000);
  });

  test('gives a segment back when all of it is acknowledged, and not before', () => {
    const queue = new DiskQueue(settings);
    queue.take(500);
    queue.ship(4); // 80 bytes of the first hundred
    expect(queue.diskBytes).toBe(1_000);
    queue.ship(1);
    expect(queue.diskBytes).toBe(900);
  });
});

describe('a node', () => {
  const workload = { steadyBytesPerSecond: 1_000, lineBytes: 100 };
  const disk = { bytes: 1e9, otherBytes: 0, cleanUpRatio: 0.5 };

  test('without rotation its disk holds a week of lines, which somebody deletes', () => {
    const { diskRatio, cleanUpsPerWeek, lostRatio } = simulateNodeLogs(workload, disk, 2, 1);
    expect(diskRatio).toBeCloseTo((1_000 * 604_800) / 1e9, 2);
    expect(cleanUpsPerWeek).toBe(1);
    expect(lostRatio).toBeCloseTo(1, 9);
  });

  test('nobody deletes anything below the share at which somebody would', () => {
    expect(simulateNodeLogs(workload, { ...disk, cleanUpRatio: 0.7 }, 1, 1).cleanUpsPerWeek).toBe(0);
  });

  test('with a queue smaller than the outage lines are lost, and it shows', () => {
    const shipping = {
      rotation: { fileSizeCapBytes: 1e6, fileCount: 2, rotationSeconds: 60, compressBytesPerSecond: 1e6 },
      queue: { maxBytes: 10e6, bytesPerLogByte: 2, shipBytesPerSecond: 1e5 },
      outage: { day: 2, seconds: 0 },
    };
    const lost = (seconds: number) =>
      simulateNodeLogs(workload, disk, 1, 1, { ...shipping, outage: { day: 2, seconds } }).lostRatio;
    expect(lost(4_000)).toBe(0); // 8 MB
    expect(lost(40_000)).toBeGreaterThan(0.04);
  });
});
