import fc from 'fast-check';
import {
  glueState,
  type MaintenanceJob,
  type OptimizerRun,
  type OptimizerState,
  reportOf,
  s3TableState,
} from '../../../lib/runtime/maintenance-status/report';
import { runs as many } from '../../support/property';

const NOW = 1_000_000;
const HOUR = 3600;
const run = (eventType: OptimizerRun['eventType'], start: number, end?: number, error?: string): OptimizerRun => ({
  eventType,
  startTimestamp: start,
  endTimestamp: end,
  error,
});
const state = (runs: OptimizerRun[], name = 'compaction') => glueState(name, runs, NOW, HOUR);

describe('an optimizer of AWS Glue', () => {
  test('that never ran has no last run, and has not failed', () => {
    expect(state([])).toEqual({ name: 'compaction', task: 'compaction' });
  });

  test('is as old as its last completed run, whatever runs now', () => {
    const { lastRun, failure } = state([run('completed', 100, 200), run('in_progress', NOW - 10)]);
    expect([lastRun, failure]).toEqual([200, undefined]);
  });

  test('has failed when the last run that ended did, with its reason', () => {
    const failed = state([run('completed', 100, 200), run('failed', 300, 400, 'AccessDenied')]);
    expect([failed.lastRun, failed.failure]).toEqual([200, 'AccessDenied']);
    expect(state([run('failed', 300, 400)]).failure).toBe('no reason given');
  });

  test('has not failed when a later run was completed', () => {
    expect(state([run('failed', 300, 400, 'AccessDenied'), run('completed', 500, 600)]).failure).toBeUndefined();
  });

  test('the longest run is that of the last interval, of compaction only', () => {
    const ended = [run('completed', NOW - 900, NOW - 300), run('completed', 0, NOW - HOUR - 1)];
    expect(state(ended).longestRunSeconds).toBe(600);
    expect(state(ended, 'retention').longestRunSeconds).toBeUndefined();
  });

  test('its runs may come in any order', () => {
    const runs = [run('failed', 300, 400, 'a'), run('completed', 500, 600), run('failed', 700, 800, 'b')];
    fc.assert(
      fc.property(fc.shuffledSubarray(runs, { minLength: runs.length }), (shuffled) => {
        expect(state(shuffled)).toEqual(state(runs));
      }),
      { numRuns: Math.ceil(many / 10) },
    );
  });
});

describe('a job of S3 Tables', () => {
  test.each<[MaintenanceJob | undefined, object, string]>([
    [undefined, { lastRun: undefined, failure: undefined }, 'is not named'],
    [{ status: 'Not_Yet_Run' }, { lastRun: undefined, failure: undefined }, 'has not run yet'],
    [{ status: 'Disabled', lastRunTimestamp: 5 }, { lastRun: undefined, failure: undefined }, 'was switched off'],
    [{ status: 'Successful', lastRunTimestamp: '1970-01-01T00:10:00Z' }, { lastRun: 600, failure: undefined }, 'text'],
    [{ status: 'Successful', lastRunTimestamp: 600.5 }, { lastRun: 600.5, failure: undefined }, 'a number'],
    [{ status: 'Successful', lastRunTimestamp: 'soon' }, { lastRun: undefined, failure: undefined }, 'no time'],
    [{ status: 'Failed', lastRunTimestamp: 9, failureMessage: 'no key' }, { lastRun: 9, failure: 'no key' }, 'failed'],
  ])('%j: %j (%s)', (job, expected) => {
    expect(s3TableState('icebergCompaction', job)).toMatchObject({ task: 'compaction', ...expected });
  });
});

describe('the report', () => {
  const at = (name: string, task: OptimizerState['task'], lastRun?: number, failure?: string): OptimizerState => ({
    name,
    task,
    lastRun,
    failure,
  });

  test('has the oldest of the clean-ups, and which optimizers fail', () => {
    const states = [
      at('compaction', 'compaction', NOW - 60, 'AccessDenied'),
      at('retention', 'expiry', NOW - 100),
      at('orphan_file_deletion', 'expiry', NOW - 200),
    ];
    expect(reportOf(states, NOW)).toEqual({
      failing: [states[0]],
      compactionAgeSeconds: 60,
      expiryAgeSeconds: 200,
      compactionRunSeconds: undefined,
    });
  });

  test('leaves an age out when one of them never ran: the alarm takes a missing value for the worst', () => {
    const states = [at('compaction', 'compaction'), at('a', 'expiry', NOW), at('b', 'expiry')];
    expect(reportOf(states, NOW)).toMatchObject({ compactionAgeSeconds: undefined, expiryAgeSeconds: undefined });
  });

  test('a clock behind that of the service makes no age negative', () => {
    expect(reportOf([at('compaction', 'compaction', NOW + 5)], NOW).compactionAgeSeconds).toBe(0);
  });
});
