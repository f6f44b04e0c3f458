import type { Resource, Value } from '../document';
import type { Found, Rule } from '../rule';
import { countsInWork, countsOnlyWaiting, thresholdsOf } from './read/counting';
import type { Manifests } from './read/manifests';
import { DEFAULT_MAX_REPLICAS, triggersOf } from './read/scalers';

const SCALED_OBJECT = 'keda.sh/ScaledObject';
const SCALED_JOB = 'keda.sh/ScaledJob';

/** Strategies that read pendingPodConditions. */
const READ_PENDING = ['accurate', 'eager'];

const REDIS_STREAMS = ['redis-streams', 'redis-cluster-streams', 'redis-sentinel-streams'];

/** Rules about the number that a trigger brings, and what KEDA makes of it. */
export const BACKLOG_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-KEDA-011',
    title: 'The strategy of a ScaledJob does not fit what its trigger counts',
    why: 'The default strategy subtracts running Jobs, which is right when the trigger counts their items as well. When it does not, Jobs start only for what exceeds those that run. The accurate strategy subtracts none of them: with a trigger that counts items in work, every poll starts Jobs that find nothing to do.',
    source: 'KEDA, ScaledJob specification, "Scaling strategies"',
    severity: 'warning',
    cases: [6],
    *check(manifests) {
      for (const scaler of manifests.ofType(SCALED_JOB)) yield* wrongStrategy(scaler);
    },
  },
  {
    id: 'BP-KEDA-013',
    title: 'Pending entries of a stream are not its backlog',
    why: 'The list of pending entries has what consumers have been given and have not acknowledged. Entries that nobody has read are not in it: at zero replicas nothing is read, so the count stays at zero under any backlog.',
    source: 'KEDA, Redis Streams scaler: pendingEntriesCount; Redis, XPENDING',
    severity: 'error',
    cases: [6],
    *check(manifests) {
      for (const scaler of manifests.ofType(SCALED_OBJECT, SCALED_JOB)) {
        const least = scaler.at('spec', 'minReplicaCount').number(0);
        const all = triggersOf(scaler);
        // Any other trigger may bring what was not read.
        if (least === undefined || all.length === 0 || !all.every(countsOnlyPending)) continue;
        const at = all[0].at('metadata', 'pendingEntriesCount');
        const consequence =
          least === 0
            ? 'at zero none is pending, and nothing starts'
            : `the ${least} that run are not joined by others`;
        yield {
          at,
          severity: least === 0 ? 'error' : 'warning',
          message: `counts entries that consumers already have, and none that waits to be read: ${consequence}`,
          fix: 'count what waits with lagCount (Redis 7 or later), in a trigger of its own if pending entries shall count too',
        };
      }
    },
  },
  {
    id: 'BP-KEDA-014',
    title: 'Conditions of pending pods that no strategy reads',
    why: 'A Job whose pod still waits for a node has not taken its item, which the queue counts as well. Only the strategies accurate and eager subtract such Jobs; any other one ignores the conditions that say which they are.',
    source: 'KEDA, ScaledJob specification, "Scaling strategies": pendingPodConditions; kedacore/keda issue 1963',
    severity: 'warning',
    cases: [6],
    *check(manifests) {
      for (const scaler of manifests.ofType(SCALED_JOB)) {
        const strategy = scaler.at('spec', 'scalingStrategy', 'strategy').text('default');
        const conditions = scaler.at('spec', 'scalingStrategy', 'pendingPodConditions');
        if (strategy !== undefined && !READ_PENDING.includes(strategy) && conditions.present) {
          yield {
            at: conditions,
            message: `the strategy ${strategy} does not read pendingPodConditions: a Job without a running pod counts like any other`,
            fix: 'set strategy to accurate where the trigger leaves out items in work, or remove pendingPodConditions',
          };
        }
        const misnamed = scaler.at('spec', 'scalingStrategy', 'customPendingPodConditions');
        if (!misnamed.present) continue;
        yield {
          at: misnamed,
          message: 'ScaledJobs have no field customPendingPodConditions: it is removed when the object is stored',
          fix: 'write pendingPodConditions',
        };
      }
    },
  },
  {
    id: 'BP-KEDA-015',
    title: 'A threshold for waking that has no effect, or lets items wait',
    why: 'The activation threshold decides only between zero replicas and one. Above the target for each replica it keeps a workload at zero that should have several: items up to it wait until others arrive. With one replica that always runs it decides nothing.',
    source: 'KEDA, Scaling Deployments, "Activating and Scaling thresholds"',
    severity: 'warning',
    cases: [6],
    *check(manifests) {
      for (const scaler of manifests.ofType(SCALED_OBJECT, SCALED_JOB)) yield* wrongActivation(scaler);
    },
  },
];

function* wrongStrategy(scaler: Resource): Iterable<Found> {
  const at = scaler.at('spec', 'scalingStrategy', 'strategy');
  const strategy = at.text('default');
  const most = scaler.at('spec', 'maxReplicaCount').number(DEFAULT_MAX_REPLICAS);
  const all = triggersOf(scaler);
  // With one Job at a time both strategies start the next one when it has ended.
  if (all.length === 0 || most === undefined || most < 2) return;
  const type = all[0].at('type').text();
  if (strategy === 'default' && all.every(countsOnlyWaiting)) {
    yield {
      at,
      message: `the ${at.absent ? 'default strategy' : 'strategy default'} subtracts running Jobs from what ${type} counts, which has none of their items: with 10 Jobs at work, 10 waiting items start no other`,
      fix: 'set scalingStrategy.strategy to accurate, or let the trigger count items in work too',
    };
  }
  if (strategy === 'accurate' && all.every(countsInWork)) {
    yield {
      at,
      message: `the strategy accurate starts a Job for each item that ${type} counts, and it counts those of running Jobs again at every poll: up to ${most} Jobs run for fewer items`,
      fix: 'set scalingStrategy.strategy to default; accurate is right only where a Job acknowledges its item before the work, which loses it in a crash',
    };
  }
}

/** Whether a trigger brings the pending entries of a stream, and nothing that waits to be read. */
function countsOnlyPending(trigger: Value): boolean {
  const metadata = trigger.at('metadata');
  return (
    REDIS_STREAMS.includes(trigger.at('type').text() ?? '') &&
    metadata.at('pendingEntriesCount').present &&
    metadata.at('lagCount').absent &&
    metadata.at('streamLength').absent
  );
}

function* wrongActivation(scaler: Resource): Iterable<Found> {
  const modifiers = scaler.at('spec', 'advanced', 'scalingModifiers');
  // With a formula the triggers' own thresholds are not asked.
  if (!modifiers.decided) return;
  const pairs = modifiers.at('formula').absent
    ? triggersOf(scaler).map(thresholdsOf)
    : [
        {
          target: modifiers.at('target'),
          targetNumber: modifiers.at('target').number(),
          activation: modifiers.at('activationTarget'),
        },
      ];
  const least = scaler.at('spec', 'minReplicaCount').number(0);
  const alwaysRuns = scaler.type === SCALED_OBJECT && scaler.at('spec', 'idleReplicaCount').absent;
  for (const pair of pairs) {
    const waking = pair?.activation.number();
    if (!pair || waking === undefined || waking <= 0 || least === undefined) continue;
    const [field, target] = [nameOf(pair.activation), nameOf(pair.target)];
    if (least >= 1) {
      if (!alwaysRuns) continue;
      yield {
        at: pair.activation,
        message: `${field} ${waking} is never asked: with minReplicaCount ${least} the workload is always active`,
        fix: `set minReplicaCount to 0, or remove ${field}`,
      };
      continue;
    }
    // Another trigger may wake the workload for these items.
    if (pairs.length > 1 || pair.targetNumber === undefined || waking <= pair.targetNumber) continue;
    yield {
      at: pair.activation,
      message: `${field} ${waking} is above ${target} ${pair.targetNumber}: up to ${waking} items wait at zero replicas until others arrive, while ${Math.ceil(waking / pair.targetNumber)} replicas are meant to serve them`,
      fix: `set ${field} to 0, or below ${pair.targetNumber} if so few items may wait without end`,
    };
  }
}

function nameOf({ path }: Value): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
