/**
 * No replicas, target, grace period, time-out or threshold in a manifest is in no plan. Which knob a number takes is named
 * here; a time or a threshold that is not named fails.
 */
import { ApiObject, Chart, Testing } from 'cdk8s';
import type { Construct, IConstruct } from 'constructs';
import { REFERENCE_CHARTS } from '../../charts/reference';
import { Plan } from '../../lib/flow/plan';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import { ALERTS, numbersOf, rulesOf, seconds, windowsOf } from '../support/alert-numbers';
import { type Found, timesIn } from '../support/times';

const TARGET: [path: RegExp, knob: string] = [
  /^spec\.triggers\.\w+\.metadata\.(value|threshold|lagThreshold|queueLength|lagCount|pendingEntriesCount|streamLength)$/,
  'targetPerReplica',
];

/** Sizes by kind of object: the path of a number, and the knob that it must be. */
const SIZES: Readonly<Record<string, readonly [path: RegExp, knob: string][]>> = {
  ScaledObject: [
    [/^spec\.minReplicaCount$/, 'minInstances'],
    [/^spec\.maxReplicaCount$/, 'maxInstances'],
    [/^spec\.fallback\.replicas$/, 'fallbackReplicas'],
    [/^spec\.advanced\.scalingModifiers\.target$/, 'targetPerReplica'],
    TARGET,
  ],
  ScaledJob: [[/^spec\.maxReplicaCount$/, 'maxInstances'], TARGET],
  Policy: [
    [/^spec\.definition\.delivery-limit$/, 'deliveryLimit'],
    [/^spec\.definition\.max-length$/, 'maxLength'],
  ],
};

/** Times and thresholds: kind and path of a number, and the knob that it must be. */
const TIMES: readonly [path: RegExp, knob: string][] = [
  [/^ScaledObject\.spec\.pollingInterval$/, 'pollingIntervalSeconds'],
  [/^ScaledJob\.spec\.pollingInterval$/, 'pollingIntervalSeconds'],
  [/^ScaledObject\.spec\.cooldownPeriod$/, 'cooldownPeriodSeconds'],
  [/^ScaledObject\.spec\.triggers\.\w+\.metadata\.lagThreshold$/, 'targetPerReplica'],
  [/^ScaledObject\.spec\.triggers\.\w+\.metadata\.threshold$/, 'targetPerReplica'],
  [/^ScaledObject\.spec\.fallback\.failureThreshold$/, 'fallbackAfterFailures'],
  [/\.scaleUp\.stabilizationWindowSeconds$/, 'scaleUpStabilizationSeconds'],
  [/\.scaleDown\.stabilizationWindowSeconds$/, 'scaleDownStabilizationSeconds'],
  [/\.scale(Up|Down)\.policies\.\w+\.periodSeconds$/, 'scalingPolicyPeriodSeconds'],
  [/^ScaledJob\.spec\.jobTargetRef\.activeDeadlineSeconds$/, 'jobDeadlineSeconds'],
  [/^SparkApplication\.spec\.driver\.terminationGracePeriodSeconds$/, 'stopSeconds'],
  [/\.terminationGracePeriodSeconds$/, 'terminationGracePeriodSeconds'],
  [/\.preStop\.sleep\.seconds$/, 'preStopSeconds'],
  [/^Deployment\.spec\.progressDeadlineSeconds$/, 'progressDeadlineSeconds'],
  [/^Policy\.spec\.definition\.consumer-timeout$/, 'consumerTimeoutSeconds'],
  [/\.rotator\.livenessProbe\.initialDelaySeconds$/, 'rotatorProbeDelaySeconds'],
  [/\.rotator\.livenessProbe\.periodSeconds$/, 'rotatorProbePeriodSeconds'],
  [/\.(rotator|exporter)\.livenessProbe\.failureThreshold$/, 'sidecarProbeFailures'],
  [/Probe\.periodSeconds$/, 'probePeriodSeconds'],
  [/Probe\.timeoutSeconds$/, 'probeTimeoutSeconds'],
  [/\.startupProbe\.failureThreshold$/, 'startupProbeFailures'],
  [/\.livenessProbe\.failureThreshold$/, 'livenessProbeFailures'],
  [/\.readinessProbe\.failureThreshold$/, 'readinessProbeFailures'],
  [/\.rotator\.livenessProbe\.\S*-lt$/, 'rotatorStaleSeconds'],
  [/\.rotator\.livenessProbe\.\S*-gt$/, 'rotatorAheadSeconds'],
  [/^Job\.spec\.activeDeadlineSeconds$/, 'backfillDeadlineSeconds'],
  [/^CronJob\.spec\.startingDeadlineSeconds$/, 'reportStartingDeadlineSeconds'],
  [/^CronJob\.spec\.jobTemplate\.spec\.activeDeadlineSeconds$/, 'reportDeadlineSeconds'],
  [/^SparkApplication\.spec\.restartPolicy\.onFailureRetryInterval$/, 'onFailureRetrySeconds'],
  [/^SparkApplication\.spec\.restartPolicy\.onSubmissionFailureRetryInterval$/, 'onSubmissionFailureRetrySeconds'],
  [/^CronJob\.spec\.startingDeadlineSeconds$/, 'startingDeadlineSeconds'],
  [/^CronJob\.spec\.jobTemplate\.spec\.activeDeadlineSeconds$/, 'runDeadlineSeconds'],
  [/^PodMonitor\..*\.interval$/, 'scrapeSeconds'],
  [/^(PodMonitor|PrometheusRule)\..*\.interval$/, 'intervalSeconds'],
  [/\.filebeat\.yml\..*\.check_interval$/, 'scanSeconds'],
  [/\.filebeat\.yml\..*\.close\.on_state_change\.inactive$/, 'closeInactiveSeconds'],
  [/\.filebeat\.yml\..*\.bulk_flush_frequency$/, 'flushSeconds'],
  [/\.producer\.properties\.linger\.ms$/, 'lingerMs'],
  [/\.producer\.properties\.request\.timeout\.ms$/, 'requestTimeoutMs'],
];

/** Numbers that are no decision of a plan, and what they are. */
const NOT_PLANNED: readonly [found: RegExp, what: string][] = [
  [/^Deployment\.spec\.minReadySeconds 0$/, 'none: a pod that is ready is available'],
  [/^StatefulSet\.spec\.minReadySeconds 0$/, 'none: a pod that is ready is available'],
  [/^DaemonSet\.spec\.minReadySeconds 0$/, 'none: a pod that is ready is available'],
  [/\.clean_inactive -1$/, 'off'],
  [/\.metadata\.activationLagThreshold 0$/, 'none: one record wakes a worker that sleeps'],
  [/^KafkaTopic\.spec\.config\.retention\.ms \d+$/, "a choice of the topic's owner, given with the topic"],
  [/^KafkaTopic\.spec\.config\.segment\.ms \d+$/, 'segmentSeconds or deadSegmentSeconds, in milliseconds'],
  [/\.worker\.env\.SERVICE_SECONDS\.value [\d.]+$/, 'the workload, which the example worker acts out'],
];

/** The knob of a time: a variable such as `ROTATION_SECONDS` has the name of its knob. Of several, that of the plan. */
function knobOf(path: string, owner: string, plan: Plan | undefined): string {
  const variable = /\.env\.([A-Z_]+)\.value$/.exec(path)?.[1];
  if (variable !== undefined) return variable.toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  if (/\.producer\.properties\.(delivery\.timeout|max\.block)\.ms$/.test(path)) return `deliveryTimeoutMs.${owner}`;
  const named = TIMES.filter(([pattern]) => pattern.test(path)).map(([, name]) => name);
  const own = named.find((name) => plan?.knobs.some((knob) => knob.name === name));
  return own ?? named[0] ?? `(no knob is named for ${path})`;
}

/** The plans of the constructs around `one`, the nearest first: an outer one gives what the inner one does not know. */
function plansAround(one: IConstruct): Plan[] {
  const plans = one.node.scopes.map((scope) => (scope as { plan?: unknown }).plan);
  return plans.reverse().filter((plan): plan is Plan => plan instanceof Plan);
}

/** A worker that sleeps, on a queue with two counters: no reference environment has one. */
class Asleep extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new QueueWorker(this, 'Worker', {
      workload: { steadyPerSecond: 2, serviceSeconds: 0.5 },
      objective: { latencySeconds: 300 },
      trigger: QueueTrigger.redisStream({ host: 'redis', stream: 'events', consumerGroup: 'workers' }),
      image: 'registry.example.net/worker@sha256:0000000000000000000000000000000000000000000000000000000000000000',
      scaleToZero: true,
    });
  }
}

const charts = Object.entries({ ...REFERENCE_CHARTS, asleep: Asleep }).map(([name, Made]) => {
  const objects = new Made(Testing.app(), name).node
    .findAll()
    .filter((one): one is ApiObject => one instanceof ApiObject)
    .map((object) => {
      const [plan, ...outer] = plansAround(object);
      return { object, manifest: object.toJson(), plan: plan as Plan | undefined, outer };
    });
  return [name, objects] as const;
});

describe.each(charts)('%s', (_name, objects) => {
  test('every time and threshold of a manifest is a knob of the plan around it', () => {
    const found = objects.flatMap(({ object, manifest, plan, outer }) =>
      timesIn(manifest)
        .filter(({ path, value }) => !NOT_PLANNED.some(([found]) => found.test(`${path} ${value}`)))
        .map((time): Found & { knob: number | string | undefined } => {
          // A knob of one job is its own, by its name.
          const ofJob = plan?.knobs.find(({ name }) => name === `${time.path.split('.').pop()}.${object.name}`);
          if (ofJob !== undefined) return { ...time, knob: ofJob.value };
          const name = knobOf(time.path, object.name.replace(/-producer$/, ''), plan);
          const knobs = [plan, ...outer].flatMap((one) => one?.knobs ?? []);
          return { ...time, knob: knobs.find((knob) => knob.name === name)?.value ?? `${name} is in no plan` };
        }),
    );
    expect(found.map(({ path, value }) => [path, value])).toEqual(found.map(({ path, knob }) => [path, knob]));
  });

  test('the sizes of a queue and its worker are knobs of its plan', () => {
    for (const { manifest, plan } of objects) {
      const sizes = SIZES[manifest.kind] ?? [];
      const found = timesIn(manifest, /./).flatMap(({ path, value }) =>
        sizes.filter(([pattern]) => pattern.test(path.replace(/^\w+\./, ''))).map(([, knob]) => [knob, value] as const),
      );
      expect(new Set(found.map(([knob]) => knob))).toEqual(new Set(sizes.map(([, knob]) => knob)));
      for (const [knob, value] of found) expect([knob, value]).toEqual([knob, plan?.value(knob)]);
    }
  });

  test('every alert compares with knobs of the plan around it, and holds as long as one says', () => {
    const alerts = objects.flatMap(({ manifest, plan }) => rulesOf(manifest).map((rule) => ({ rule, plan: plan! })));
    expect(alerts.length).toBeGreaterThan(2);
    for (const { rule, plan } of alerts) {
      const { hold, numbers, window: over = 'alarmWindowSeconds' } = ALERTS[rule.alert] ?? {};
      expect([rule.alert, numbers]).toEqual([rule.alert, expect.any(Function)]);
      expect([rule.alert, seconds(rule.for)]).toEqual([rule.alert, hold === undefined ? 0 : plan.value(hold)]);
      expect([rule.alert, numbersOf(rule.expr)]).toEqual([rule.alert, numbers(plan).map((name) => plan.value(name))]);
      for (const window of windowsOf(rule.expr)) {
        expect([rule.alert, window]).toEqual([rule.alert, plan.value(over)]);
      }
    }
  });
});

test('there is something to walk: times and alerts', () => {
  const all = charts.flatMap(([, objects]) => objects.map(({ manifest }) => manifest));
  expect(all.flatMap((manifest) => timesIn(manifest)).length).toBeGreaterThan(80);
  const seen = new Set(all.flatMap(rulesOf).map((rule) => rule.alert));
  // A row that no chart has would hold nothing.
  expect([...seen].sort()).toEqual(Object.keys(ALERTS).sort());
});
