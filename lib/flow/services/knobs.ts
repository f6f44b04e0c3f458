/** Every knob of a service with its reason. */
import { chosenKnob } from '../alarms';
import { given, type Knob, unlessGiven } from '../plan';
import { podStartKnobs, probeTimeoutKnob } from '../probes';
import { callBudget, downstreamTimeout, retryWaitSeconds } from './calls';
import { limitKnobs } from './limit-knobs';
import { LOAD_WINDOW_SECONDS, readSecondsOf, SCRAPE_SECONDS, SERVICE_PLATFORM_FACTS } from './platforms';
import { retryKnobs } from './retry-knobs';
import { LEAST_INSTANCES, MOST_SLOTS_OF_INSTANCE, type Resolved, reactionsOf, type Sizes } from './sizing';
import type { ServiceQuestion } from './workload';

const OWN = 'docs/constructs/k8s-bounded-service.md';
const CALLER_MARGIN = 1.1;
const LEAST_IDLE_SECONDS = 60;
/** Seconds until every balancer knows that an instance is going. */
const LEAVING_SECONDS = 5;
/** Until the hook of the gate has begun: the kubelet starts a command in its container. */
const HOOK_SECONDS = 2;

/** Slots, queue, deadlines, retries, breakers and instances. */
export function serviceKnobs(question: ServiceQuestion, asked: Resolved, sizes: Sizes): Knob[] {
  return [
    ...admissionKnobs(question, asked, sizes),
    ...(asked.limit === 'fixed' ? [] : limitKnobs(asked, sizes.slots)),
    ...deadlineKnobs(question, asked, sizes),
    ...retryKnobs(question, asked, sizes),
    ...instanceKnobs(question, asked, sizes),
    ...(asked.platform === 'kubernetes' ? kubernetesKnobs(asked, sizes) : fargateKnobs(asked, sizes)),
  ];
}

function admissionKnobs(question: ServiceQuestion, asked: Resolved, sizes: Sizes): Knob[] {
  const { slots, queueBound, waitSeconds, serviceQuantileSeconds, pooledSlots, ratedPerSecond } = sizes;
  const { latencySeconds, serviceSeconds, serviceVariation, quantile, errorRatio } = asked;
  return [
    {
      name: 'slotsPerInstance',
      value: slots,
      unit: 'requests',
      ...unlessGiven(
        question.slotsPerInstance,
        `min(${MOST_SLOTS_OF_INSTANCE}, slots of one pool ÷ ${LEAST_INSTANCES})`,
        {
          pooledSlots,
        },
      ),
      source: 'Erlang C with gamma service, lib/flow/numerics/erlang.ts; 30 is an assumption',
    },
    {
      name: 'waitSeconds',
      value: waitSeconds,
      unit: 's',
      ...(asked.tolerance > 1
        ? {
            formula:
              'latency − tolerance × service time at the quantile: what the limit lets through is in time as well',
            inputs: { latencySeconds, quantile, serviceQuantileSeconds, tolerance: asked.tolerance },
          }
        : {
            formula: 'latency − service time at the quantile: not the mean, or the slow ones are late',
            inputs: { latencySeconds, quantile, serviceQuantileSeconds },
          }),
      source: OWN,
    },
    {
      name: 'queueBound',
      value: queueBound,
      unit: 'requests',
      ...unlessGiven(question.queueBound, '⌊slots ÷ service × wait⌋: the last in the queue still begins in time', {
        slots,
        serviceSeconds,
        waitSeconds,
      }),
      source: 'measured on a ThreadPoolExecutor of Java 17: 74 keep 0.4 s, 150 do not',
    },
    {
      name: 'concurrencyLimit',
      value: slots + queueBound,
      unit: 'requests',
      formula: 'slots + queue: what one instance holds',
      inputs: { slots, queueBound },
      source: 'Envoy, adaptive concurrency, max_concurrency_limit; Target Optimizer, TARGET_CONTROL_MAX_CONCURRENCY',
    },
    {
      name: 'ratedPerSecond',
      value: ratedPerSecond,
      unit: 'requests/s',
      formula: 'the most of one instance: P(wait + service > latency) ≤ 1 − quantile, and P(refused) ≤ error ratio',
      inputs: { slots, serviceSeconds, serviceVariation, latencySeconds, quantile, errorRatio },
      source: 'Erlang C; Tijms, A First Course in Stochastic Models, 9.6',
    },
    question.shedStatus === undefined
      ? chosenKnob(
          'shedStatus',
          503,
          'status',
          'with Retry-After: the service has no room',
          'RFC 9110, 15.6.4 and 10.2.3',
        )
      : given('shedStatus', question.shedStatus, 'status'),
    {
      name: 'retryAfterSeconds',
      value: Math.max(1, Math.ceil((queueBound * serviceSeconds) / slots)),
      unit: 's',
      formula: 'max(1, ⌈queue × service ÷ slots⌉): when it will have been worked off',
      inputs: { queueBound, serviceSeconds, slots },
      source: 'RFC 9110, 10.2.3: whole seconds',
    },
    chosenKnob('retryAfterJitter', 0.5, 'ratio', 'up or down, so that callers do not return together', OWN),
  ];
}

function deadlineKnobs({ downstreams = [] }: ServiceQuestion, asked: Resolved, { waitSeconds }: Sizes): Knob[] {
  const { latencySeconds, retryAttempts } = asked;
  return [
    {
      name: 'serverDeadlineSeconds',
      value: latencySeconds,
      unit: 's',
      formula: 'the promise: later nobody waits for the answer',
      inputs: { latencySeconds },
      source: OWN,
    },
    {
      name: 'callerTimeoutSeconds',
      value: CALLER_MARGIN * latencySeconds,
      unit: 's',
      formula: '1.1 × server deadline: the service ends first, and says why',
      inputs: { latencySeconds },
      source: OWN,
    },
    {
      name: 'idleTimeoutSeconds',
      value: Math.max(LEAST_IDLE_SECONDS, Math.ceil(2 * latencySeconds)),
      unit: 's',
      formula: 'max(60, 2 × latency): a balancer must not hang up before the caller',
      inputs: { latencySeconds },
      source: 'Elastic Load Balancing, Connection idle timeout: 60 s by default',
    },
    ...downstreams.map((one) => ({
      name: `downstreamTimeoutSeconds.${one.name}`,
      value: downstreamTimeout(asked, waitSeconds, one),
      unit: 's',
      formula:
        'min(1.5 × P99 of the call, ((latency − wait) ÷ calls − retries × wait between them) ÷ attempts): time-outs nest',
      inputs: {
        callSeconds: one.latencySeconds,
        latencySeconds,
        waitSeconds,
        calls: one.callsPerRequest ?? 1,
        attempts: 1 + retryAttempts,
        retryWaitSeconds: retryWaitSeconds(asked, waitSeconds),
        budgetSeconds: callBudget(asked, waitSeconds, one),
      },
      source: OWN,
    })),
  ];
}

function instanceKnobs(question: ServiceQuestion, asked: Resolved, sizes: Sizes): Knob[] {
  const { peakPerSecond, steadyPerSecond, headroom, peakSeconds, errorRatio, platform } = asked;
  const { ratedPerSecond, minInstances, maxInstances, reactionSeconds } = sizes;
  const { instance, source, decideSeconds } = SERVICE_PLATFORM_FACTS[platform];
  const readSeconds = readSecondsOf(platform, asked.admission, asked.latencySeconds);
  return [
    {
      name: 'minInstances',
      value: minInstances,
      unit: `${instance}s`,
      ...unlessGiven(
        question.minInstances,
        'the fewest, two at least, that bear the steady load and refuse no more of a peak than promised until others have started, both with head-room',
        { steadyPerSecond, headroom, ratedPerSecond, reactionSeconds, peakSeconds, errorRatio },
      ),
      source: OWN,
    },
    {
      name: 'maxInstances',
      value: maxInstances,
      unit: `${instance}s`,
      ...unlessGiven(question.maxInstances, 'max(2, ⌈head-room × peak ÷ rated⌉)', {
        headroom,
        peakPerSecond,
        ratedPerSecond,
      }),
      source: OWN,
    },
    {
      name: 'reactionSeconds',
      value: reactionSeconds,
      unit: 's',
      formula:
        asked.admission === 'envoy'
          ? 'reading (scrape + window of the rate + latency) + decision + start: what Envoy has in flight is known when it ends'
          : 'reading + decision + start',
      inputs: { readSeconds, decideSeconds, startSeconds: asked.startSeconds },
      source,
    },
    {
      name: 'reactions',
      value: reactionsOf(asked, sizes).length,
      unit: 'reactions',
      formula: 'until as many instances run as the peak needs: each shows no more load than it holds',
      inputs: {
        minInstances,
        maxInstances,
        slots: sizes.slots,
        queueBound: sizes.queueBound,
        ratedPerSecond,
        headroom,
      },
      source: OWN,
    },
  ];
}

function kubernetesKnobs(asked: Resolved, { maxInstances, ratedPerSecond }: Sizes): Knob[] {
  const { latencySeconds, serviceSeconds, headroom, admission } = asked;
  const autoscaler = 'Kubernetes, Horizontal Pod Autoscaling, behavior';
  return [
    {
      name: 'targetPerReplica',
      value: (ratedPerSecond * serviceSeconds) / headroom,
      unit: 'requests',
      formula: 'rated × service ÷ head-room: in flight in one pod when the next one is started',
      inputs: { ratedPerSecond, serviceSeconds, headroom },
      source: "Little's law",
    },
    ...(admission === 'envoy' ? [loadWindowKnob()] : []),
    chosenKnob(
      'scaleUpStabilizationSeconds',
      0,
      's',
      'the load is taken as it is: waiting refuses requests',
      autoscaler,
    ),
    chosenKnob(
      'scaleDownStabilizationSeconds',
      300,
      's',
      'the default: no pod is removed for a short lull',
      autoscaler,
    ),
    chosenKnob('scalingPolicyPeriodSeconds', 15, 's', 'all that are missing at once, every decision', autoscaler),
    chosenKnob(
      'fallbackAfterFailures',
      3,
      'readings',
      'that fail before the scaler counts as blind',
      'KEDA, ScaledObject specification, fallback',
    ),
    {
      name: 'fallbackReplicas',
      value: maxInstances,
      unit: 'pods',
      formula: 'maxInstances: a scaler that reads nothing assumes the peak',
      inputs: { maxInstances },
      source: 'KEDA, ScaledObject specification, fallback',
    },
    chosenKnob(
      'leavingSeconds',
      LEAVING_SECONDS,
      's',
      'a pod that ends still gets requests until every node knows',
      'Kubernetes, Pod lifecycle, Termination of Pods',
    ),
    {
      name: 'preStopSeconds',
      value: preStopSeconds(latencySeconds),
      unit: 's',
      formula:
        '⌈start of the drain + leaving + latency⌉: the program is told to end once all that the gate accepted is answered',
      inputs: { startSeconds: HOOK_SECONDS, leavingSeconds: LEAVING_SECONDS, latencySeconds },
      source: 'Kubernetes, Container Lifecycle Hooks, sleep; 2 s for the start are an assumption',
    },
    graceKnob('terminationGracePeriodSeconds', latencySeconds, LEAVING_SECONDS),
    ...podStartKnobs(asked.startSeconds),
    probeTimeoutKnob(),
  ];
}

function loadWindowKnob(): Knob {
  return {
    name: 'loadWindowSeconds',
    value: LOAD_WINDOW_SECONDS,
    unit: 's',
    formula: '4 × scrape: the autoscaler reads a rate over it, which survives one scrape that is missing',
    inputs: { scrapeSeconds: SCRAPE_SECONDS },
    source: 'Robust Perception, "What range should I use with rate()?"',
  };
}

function fargateKnobs(asked: Resolved, { ratedPerSecond }: Sizes): Knob[] {
  const { headroom, latencySeconds } = asked;
  const balancer = 'Elastic Load Balancing, target group attributes and health checks';
  return [
    {
      name: 'requestsPerTarget',
      value: Math.max(1, Math.floor((60 * ratedPerSecond) / headroom)),
      unit: 'requests/min',
      formula: '60 × rated ÷ head-room: of one task in a minute when the next one is started',
      inputs: { ratedPerSecond, headroom },
      source: 'Application Auto Scaling, ALBRequestCountPerTarget',
    },
    chosenKnob(
      'scaleOutCooldownSeconds',
      60,
      's',
      'one period of the metric',
      'Application Auto Scaling user guide, cooldown',
    ),
    chosenKnob(
      'scaleInCooldownSeconds',
      300,
      's',
      'the default: no task is removed for a short lull',
      'Application Auto Scaling user guide, cooldown',
    ),
    {
      name: 'deregistrationDelaySeconds',
      value: Math.max(LEAVING_SECONDS, Math.ceil(CALLER_MARGIN * latencySeconds)),
      unit: 's',
      formula: 'max(5, 1.1 × latency): the longest request ends before its task',
      inputs: { latencySeconds },
      source: 'Elastic Load Balancing, Deregistration delay: 300 s by default',
    },
    graceKnob('stopTimeoutSeconds', latencySeconds, LEAVING_SECONDS),
    {
      name: 'healthGraceSeconds',
      value: Math.max(60, Math.ceil(2 * asked.startSeconds)),
      unit: 's',
      formula: 'max(60, 2 × start): a task that starts is not replaced for it',
      inputs: { startSeconds: asked.startSeconds },
      source: 'Amazon ECS, healthCheckGracePeriodSeconds',
    },
    chosenKnob('healthPeriodSeconds', 10, 's', 'from one health check to the next', balancer),
    chosenKnob('healthTimeoutSeconds', 5, 's', 'half of it: a busy task answers late', balancer),
    chosenKnob('healthyChecks', 2, 'checks', 'in a row before a task gets requests', balancer),
    chosenKnob('unhealthyChecks', 3, 'checks', 'in a row before it gets none', balancer),
  ];
}

/** Seconds that a program sleeps before it is told to end, while its gate answers what it has. */
function preStopSeconds(latencySeconds: number): number {
  return Math.ceil(HOOK_SECONDS + LEAVING_SECONDS + latencySeconds);
}

/** Seconds from the moment that an instance is told to end until it is killed. */
export function graceSeconds(latencySeconds: number): number {
  return Math.ceil(LEAVING_SECONDS + 2 * latencySeconds + 5);
}

function graceKnob(name: string, latencySeconds: number, leavingSeconds: number): Knob {
  return {
    name,
    value: graceSeconds(latencySeconds),
    unit: 's',
    formula: 'leaving + 2 × latency + 5 s to close: what was accepted is answered',
    inputs: { leavingSeconds, latencySeconds },
    source: OWN,
  };
}
