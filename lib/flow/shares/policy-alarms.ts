/** The numbers of the alarms on a job queue with a fair-share policy, each with its reason. */
import { chosenKnob, firstOneKnob } from '../alarms';
import { given, type Knob } from '../plan';
import type { TenantLoad } from './load';
import type { SharePolicyQuestion } from './policy-workload';

const OWN = 'this library, docs/constructs/fair-share.md';
const MINUTE = 60;
const LONGEST_SNAPSHOT_SECONDS = 900;
/** `lib/runtime/share-snapshot`: its pages and the time of a request. */
const SNAPSHOT_TIMEOUT_SECONDS = 240;

/** What the alarms compare with, and how often the queue is read. */
export function sharePolicyAlarmKnobs(
  { objective: { latencySeconds }, snapshotSeconds }: SharePolicyQuestion,
  held: readonly TenantLoad[],
): Knob[] {
  const longestJobSeconds = Math.max(...held.map(({ workload }) => workload.serviceSeconds));
  const alarmWaitSeconds = Math.max(MINUTE, Math.floor(latencySeconds - longestJobSeconds));
  const minutes = Math.floor(alarmWaitSeconds / 10 / MINUTE) * MINUTE;
  const seconds = snapshotSeconds ?? Math.min(LONGEST_SNAPSHOT_SECONDS, Math.max(MINUTE, minutes));
  return [
    {
      name: 'alarmWaitSeconds',
      value: alarmWaitSeconds,
      unit: 's',
      formula: 'latency − the longest mean job with its start, at least a minute: a job that waits longer is late',
      inputs: { latencySeconds, longestJobSeconds },
      source: OWN,
    },
    snapshotSeconds === undefined
      ? {
          name: 'snapshotSeconds',
          value: seconds,
          unit: 's',
          formula: 'a tenth of alarmWaitSeconds in whole minutes, 60 to 900',
          inputs: { alarmWaitSeconds },
          source: OWN,
        }
      : given('snapshotSeconds', snapshotSeconds, 's'),
    {
      name: 'snapshotTimeoutSeconds',
      value: Math.min(SNAPSHOT_TIMEOUT_SECONDS, seconds),
      unit: 's',
      formula: '20 pages of jobs, 10 s each at most, and a start; at most snapshotSeconds: one at a time',
      inputs: { snapshotSeconds: seconds },
      source: OWN,
    },
    chosenKnob(
      'alarmStarvedSnapshots',
      2,
      'snapshots',
      'one may fall between the end of a job and the next start',
      OWN,
    ),
    chosenKnob('alarmErrorSnapshots', 3, 'snapshots', 'a call that was throttled succeeds at the next one', OWN),
    firstOneKnob('alarmBlocked', 'jobs', 'the job at the head of the queue blocks those behind it', OWN),
    firstOneKnob('alarmUndeclaredJobs', 'jobs', 'a share without a weight takes as much as the smallest tenant', OWN),
    firstOneKnob('alarmSnapshotErrors', 'errors', 'a queue that nobody reads has no other alarm', OWN),
  ];
}
