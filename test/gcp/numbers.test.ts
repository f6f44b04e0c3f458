/**
 * No time-out, deadline, backoff, retention, bound or probe on Google Cloud is in no plan. Which knob a number takes is named
 * here; one that is not named fails. Alert policies are in `alarms.test.ts`.
 */
import { QueuePlan } from '../../lib/flow/queue/workload';
import { PushWorker } from '../../lib/gcp/queue/push-worker';
import { RedriveQueue } from '../../lib/gcp/queue/redrive-queue';
import { googleEnvironments } from '../support/google-environments';
import { allOf, program, type Registered } from '../support/pulumi';
import { TIMED, timesIn } from '../support/times';

/** Type, name and path of a number, and the knob that it must be. */
const TIMES: readonly [path: RegExp, knob: string][] = [
  [/^Subscription mailing-parked\.ackDeadlineSeconds$/, 'parkedAckDeadlineSeconds'],
  [/^Subscription mailing-parked\.messageRetentionDuration$/, 'parkedRetentionSeconds'],
  [/^Subscription \S+-dead-letters\.ackDeadlineSeconds$/, 'deadLetterAckDeadlineSeconds'],
  [/^Subscription \S+-dead-letters\.messageRetentionDuration$/, 'deadLetterRetentionSeconds'],
  [/^Subscription \S+\.ackDeadlineSeconds$/, 'ackDeadlineSeconds'],
  [/^Subscription \S+\.messageRetentionDuration$/, 'retentionSeconds'],
  [/^Subscription \S+\.minimumBackoff$/, 'minimumBackoffSeconds'],
  [/^Subscription \S+\.maximumBackoff$/, 'maximumBackoffSeconds'],
  [/^Subscription \S+\.maxDeliveryAttempts$/, 'maxDeliveryAttempts'],
  [/^Service \S+-receiver\.template\.maxInstanceRequestConcurrency$/, 'receiverConcurrency'],
  [/^Service \S+-receiver\.template\.scaling\.minInstanceCount$/, 'receiverMinInstances'],
  [/^Service \S+-receiver\.template\.scaling\.maxInstanceCount$/, 'receiverMaxInstances'],
  [/^Bucket archive\.softDeletePolicy\.retentionDurationSeconds$/, 'softDeleteSeconds'],
  [/^Service \S+-scaler\.template\.scaling\.(min|max)InstanceCount$/, 'scalerInstances'],
  [/^ParameterVersion .*\.pollingInterval$/, 'pollingIntervalSeconds'],
  [/^ParameterVersion .*\.filterDuration$/, 'metricWindowMinutes'],
  [/^ParameterVersion .*\.scaleUp\.stabilizationWindowSeconds$/, 'scaleUpStabilizationSeconds'],
  [/^ParameterVersion .*\.scaleDown\.stabilizationWindowSeconds$/, 'scaleDownStabilizationSeconds'],
  [/^ParameterVersion .*\.periodSeconds$/, 'scalingPolicyPeriodSeconds'],
  [/^WorkerPool (orders|images)\.scaling\.manualInstanceCount$/, 'minInstances'],
  [/^WorkerPool \S+\.envs\.SLOTS\.value$/, 'slotsPerInstance'],
  [/^WorkerPool \S+\.envs\.MAX_EXTENSION_SECONDS\.value$/, 'maxExtensionSeconds'],
  [/^WorkerPool \S+\.envs\.STOP_SECONDS\.value$/, 'stopSeconds'],
  [/^Service \S+-worker\.template\.maxInstanceRequestConcurrency$/, 'slotsPerInstance'],
  [/^Service \S+-worker\.template\.scaling\.minInstanceCount$/, 'minInstances'],
  [/^Service \S+-worker\.template\.scaling\.maxInstanceCount$/, 'maxInstances'],
  [/\.envs\.MAX_BODY_BYTES\.value$/, 'maxBodyBytes'],
  [/^Service \S+-receiver\.template\.timeout$/, 'receiverRequestSeconds'],
  [/^Service (chores|mailing)-worker\.template\.timeout$/, 'requestTimeoutSeconds'],
  [/^Service \S+-worker\.template\.timeout$/, 'ackDeadlineSeconds'],
  [/^Queue (chores|mailing)\.rateLimits\.maxConcurrentDispatches$/, 'maxConcurrentDispatches'],
  [/^Queue (chores|mailing)\.rateLimits\.maxDispatchesPerSecond$/, 'maxDispatchesPerSecond'],
  [/^Queue (chores|mailing)\.retryConfig\.maxAttempts$/, 'maxAttempts'],
  [/^Queue (chores|mailing)\.retryConfig\.maxRetryDuration$/, 'maxRetrySeconds'],
  [/^Queue (chores|mailing)\.retryConfig\.minBackoff$/, 'minBackoffSeconds'],
  [/^Queue (chores|mailing)\.retryConfig\.maxBackoff$/, 'maxBackoffSeconds'],
  [/^Job chores-\S+\.attemptDeadline$/, 'attemptDeadlineSeconds'],
  [/^Job chores-\S+\.retryConfig\.minBackoffDuration$/, 'enqueueMinBackoffSeconds'],
  [/\.startupProbe\.periodSeconds$/, 'startupProbePeriodSeconds'],
  [/\.startupProbe\.timeoutSeconds$/, 'startupProbeTimeoutSeconds'],
  [/\.startupProbe\.failureThreshold$/, 'startupProbeFailures'],
  [/\.livenessProbe\.periodSeconds$/, 'probePeriodSeconds'],
  [/\.livenessProbe\.timeoutSeconds$/, 'probeTimeoutSeconds'],
  [/\.livenessProbe\.failureThreshold$/, 'livenessProbeFailures'],
  [/\.envs\.CALL_TIMEOUT_SECONDS\.value$/, 'callTimeoutSeconds'],
  [/\.envs\.MAX_ATTEMPTS\.value$/, 'maxAttempts'],
  [/\.envs\.IDEMPOTENCY_SECONDS\.value$/, 'idempotencySeconds'],
  [/\.envs\.PUBLISH_TIMEOUT_SECONDS\.value$/, 'publishTimeoutSeconds'],
];

/** Times, thresholds, attempts and sizes. */
const NUMBERED = new RegExp(`${TIMED.source}|(attempts|concurrency|instanceCount|_BYTES\\.value)$`, 'i');

/** What a parameter says, as it reads. */
function opened(inputs: Registered['inputs']): Registered['inputs'] {
  const { parameterData } = inputs;
  return parameterData === undefined ? inputs : { ...inputs, parameterData: JSON.parse(parameterData.secret) };
}

function timesOf(resources: readonly Registered[]) {
  const found = resources
    .filter(({ type }) => !type.endsWith(':AlertPolicy'))
    .flatMap(({ type, name, inputs }) =>
      timesIn({ kind: `${type.split(':').at(-1)} ${name}`, ...opened(inputs) }, NUMBERED),
    );
  return found.map(({ path, value }) => {
    const knob = TIMES.find(([pattern]) => pattern.test(path))?.[1] ?? `(no knob is named for ${path})`;
    return { path, value, knob };
  });
}

test('the programs: every time, bound and number of a probe is a knob of the plan that it is for', async () => {
  const { made, resources } = await program(googleEnvironments);
  const times = timesOf(resources);
  // Five subscriptions, four services, two queues.
  expect(times.length).toBeGreaterThan(30);
  const planOf = (path: string) => made[/ (\w+)/.exec(path)![1] as keyof typeof made].plan;
  expect(times.map(({ path, value }) => [path, value])).toEqual(
    times.map(({ path, knob }) => [path, planOf(path).knobs.find(({ name }) => name === knob)?.value ?? knob]),
  );
});

test('a worker on a plan made by hand, without probes, has the probes of Cloud Run', async () => {
  const demand = { workload: { steadyPerSecond: 20, serviceSeconds: 0.07 }, objective: { latencySeconds: 60 } };
  const plan = RedriveQueue.planOf('orders', { ...demand, platform: 'cloud-run' });
  const service = async (given: QueuePlan) => {
    const { resources } = await program(
      () => new PushWorker('orders', { plan: given, image: 'worker', location: 'europe-west1' }),
    );
    return allOf(resources, 'Service')['orders-worker'].template.containers[0];
  };
  const withoutProbes = plan.knobs.filter(({ name }) => !/probe/i.test(name));
  expect(withoutProbes.length).toBeLessThan(plan.knobs.length);
  const [own, byHand] = [await service(plan), await service(new QueuePlan('orders', withoutProbes, plan.predictions))];
  expect(byHand.startupProbe).toEqual(own.startupProbe);
  expect(byHand.livenessProbe).toEqual(own.livenessProbe);
});
