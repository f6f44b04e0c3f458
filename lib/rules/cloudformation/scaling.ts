import { duration } from '../../flow/figures';
import { grouped } from '../../flow/grouped';
import { SCALING_COOLDOWN_SECONDS } from '../../flow/queue/platforms/fargate';
import type { Resource } from '../document';
import { greatest } from '../extremes';
import { oncePer } from '../once-per';
import { own } from '../own';
import { matchesWildcards } from '../patterns';
import type { Found, Rule } from '../rule';
import { RAW_MQ_DEPTHS, rabbits } from './mq';
import { statements } from './read/grants';
import { alarms, metricAt, metricsOf, OF_QUEUE, ownerOf } from './read/metrics';
import { QUEUE } from './read/relations';
import { queueRetentionSeconds } from './read/retention';
import { grantedTo, onlyReads, type ScaledService, scaledServices, taskRoleOf } from './read/services';
import type { Template } from './read/template';

/** Signals that do not depend on a queue. */
const OWN_LOAD: Readonly<Record<string, string>> = {
  ECSServiceAverageCPUUtilization: 'CPU',
  ECSServiceAverageMemoryUtilization: 'memory',
};

/** Depths of whole queues, by the namespace of their metrics. */
const RAW_DEPTHS: Readonly<Record<string, readonly string[]>> = {
  'AWS/SQS': ['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible'],
  'AWS/AmazonMQ': RAW_MQ_DEPTHS,
};

/** Rules about scaling the consumers of a queue. */
export const SCALING_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-SCALING-001',
    title: 'A consumer of a queue is scaled on its own load',
    why: 'Workers that wait for a database or another service have low load while the queue grows, and busy workers do not show how much waits. Beside a policy on the queue, this one delays its scale-in.',
    source: 'Amazon EC2 Auto Scaling User Guide, "Scaling policy based on Amazon SQS": backlog per instance',
    severity: 'warning',
    cases: [2, 6],
    *check(template) {
      for (const { service, policies } of scaledServices(template)) {
        const [queue] = grantedTo(template, service, 'sqs:ReceiveMessage', QUEUE, 'QueueName');
        const source = queue ?? brokerOf(template, service);
        if (!source || !onlyReads(service)) continue;
        for (const policy of policies) {
          const metric = policy.at(
            'Properties',
            'TargetTrackingScalingPolicyConfiguration',
            'PredefinedMetricSpecification',
            'PredefinedMetricType',
          );
          const load = own(OWN_LOAD, metric.text() ?? '');
          if (!load) continue;
          yield {
            at: metric,
            message: `${service.name} reads ${source.name}, and ${load} decides how many tasks run, not the backlog`,
            fix: 'track the backlog per running task: visible messages ÷ running tasks, with acceptable wait ÷ service time × slots as the target',
          };
        }
      }
    },
  },
  {
    id: 'BP-SCALING-002',
    title: 'Steps too small to reach the maximum before messages are too old',
    why: 'Every step waits for the cooldown of the previous one. If the last step comes after the retention, messages of the peak are deleted before there is capacity for them.',
    source: 'Application Auto Scaling User Guide, "How step scaling works": cooldown period, 300 s by default',
    severity: 'error',
    cases: [2, 6],
    *check(template) {
      for (const scaled of scaledServices(template)) yield* slowSteps(template, scaled);
    },
  },
  {
    id: 'BP-SCALING-003',
    title: 'A target for the depth of the whole queue',
    why: 'Target tracking divides by the target and expects the metric to fall as capacity rises. The depth of a queue does not: one target is too high for one task and too low for twenty.',
    source: 'Amazon EC2 Auto Scaling User Guide, "Scaling policy based on Amazon SQS": why not the number of messages',
    severity: 'warning',
    cases: [2, 6],
    *check(template) {
      for (const policy of template.ofType(
        'AWS::ApplicationAutoScaling::ScalingPolicy',
        'AWS::AutoScaling::ScalingPolicy',
      )) {
        for (const configuration of ['TargetTrackingScalingPolicyConfiguration', 'TargetTrackingConfiguration']) {
          const tracking = policy.at('Properties', configuration);
          const specification = tracking.at('CustomizedMetricSpecification');
          const { namespace, name } = metricAt(specification);
          const depths = own(RAW_DEPTHS, namespace.text() ?? '');
          if (!depths?.includes(name.text() ?? '')) continue;
          const target = tracking.at('TargetValue').text() ?? 'TargetValue';
          yield {
            at: name,
            message: `${name.text()} has the target ${target} for the whole queue, for any number of tasks`,
            fix: 'give Metrics with an expression instead: visible messages ÷ running tasks, and as TargetValue what one task clears within the acceptable wait',
          };
        }
      }
    },
  },
  {
    id: 'BP-SCALING-004',
    title: 'Scaling in stops a task in the middle of a message',
    why: 'ECS chooses any task to stop, also one that works, and kills it after its stop time-out. The message comes back after its visibility time-out, and the work starts again, or never ends.',
    source:
      'Amazon ECS Developer Guide, "Protect your Amazon ECS tasks from being terminated by scale-in events"; task definition, stopTimeout: 30 s by default, 120 s at most on Fargate',
    severity: 'warning',
    cases: [6],
    *check(template) {
      for (const scaled of scaledServices(template)) yield* stoppedAtWork(template, scaled);
    },
  },
];

/** Environment variables that name what a container consumes. A producer has none. */
const CONSUMES = /^(?:[A-Z0-9]+_)*QUEUE(?:_NAME|S)?$/;

/** The RabbitMQ broker that the tasks of a service consume from, for certain: one of this template, and a queue. */
function brokerOf(template: Template, service: Resource): Resource | undefined {
  const definition = template.target(service.at('Properties', 'TaskDefinition'));
  if (definition === undefined) return undefined;
  const consumes = definition
    .at('Properties', 'ContainerDefinitions')
    .items()
    .flatMap((container) => container.at('Environment').items())
    .some((variable) => CONSUMES.test(variable.at('Name').text() ?? ''));
  return consumes ? rabbits(template).find((broker) => template.mentions(definition, broker)) : undefined;
}

/** Seconds from SIGTERM to SIGKILL when a container does not say. */
const STOP_SECONDS = 30;

function* stoppedAtWork(template: Template, { service, scalable, policies }: ScaledService): Iterable<Found> {
  const [queue, ...more] = grantedTo(template, service, 'sqs:ReceiveMessage', QUEUE, 'QueueName');
  const [low, high] = ['MinCapacity', 'MaxCapacity'].map((key) => scalable.at('Properties', key).number());
  if (!queue || more.length > 0 || low === undefined || high === undefined || low >= high) return;
  const definition = template.target(service.at('Properties', 'TaskDefinition'));
  const role = taskRoleOf(template, service);
  if (!definition || !role || policies.length === 0 || protects(template, role)) return;
  const stops = definition
    .at('Properties', 'ContainerDefinitions')
    .items()
    .map((container) => container.at('StopTimeout').number(STOP_SECONDS));
  const hidden = queue.at('Properties', 'VisibilityTimeout').number();
  if (stops.length === 0 || stops.includes(undefined) || hidden === undefined) return;
  const longest = greatest(stops.map((stop) => stop!));
  // A message is hidden for some times as long as it takes: 12 minutes and more say that one takes minutes.
  if (hidden < LONG_MESSAGE_SECONDS || hidden <= longest * 6) return;
  yield {
    at: definition.at('Properties', 'ContainerDefinitions'),
    message: `${scalable.name} takes tasks of ${service.name} away while a message of ${queue.name} may take up to ${duration(hidden)}, its visibility time-out, and a task is killed ${duration(longest)} after it was told to stop`,
    fix: 'protect the task while it works: ecs:UpdateTaskProtection in its role, and PUT $ECS_AGENT_URI/task-protection/v1/state around each message',
  };
}

const LONG_MESSAGE_SECONDS = 720;

/** Whether a role may, or may turn out to, protect its task. */
function protects(template: Template, role: Resource): boolean {
  const policies = template.ofType('AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy');
  const own = [role, ...policies.filter((policy) => template.mentions(policy, role))];
  const managed = role.at('Properties', 'ManagedPolicyArns');
  if (!managed.absent && managed.items().some((arn) => arn.text() === undefined)) return true;
  return own.flatMap(statements).some((statement) =>
    statement
      .at('Action')
      .items()
      .some((action) => {
        const text = action.text();
        return text === undefined || matchesWildcards(text, 'ecs:UpdateTaskProtection');
      }),
  );
}

function* slowSteps(template: Template, { scalable, policies }: ScaledService): Iterable<Found> {
  // With a second policy that adds capacity, this one alone does not decide how long it takes.
  const adding = policies.filter((policy) => !isStep(policy) || largestStep(policy) !== undefined);
  if (adding.length !== 1 || !isStep(adding[0])) return;
  const [policy] = adding;
  const [low, high] = ['MinCapacity', 'MaxCapacity'].map((key) => scalable.at('Properties', key).number());
  const step = largestStep(policy);
  const steps = policy.at('Properties', 'StepScalingPolicyConfiguration');
  const cooldown = steps.at('Cooldown').number(SCALING_COOLDOWN_SECONDS);
  if (low === undefined || high === undefined || !step || cooldown === undefined || high <= low) return;
  for (const { seconds, queue } of watchedBy(template, policy)) {
    const kept = queueRetentionSeconds(queue);
    const count = Math.ceil((high - low) / step);
    const reaction = seconds + (count - 1) * cooldown;
    if (kept === undefined || reaction <= kept) continue;
    const enough = Math.ceil((high - low) / (Math.floor(Math.max(0, kept / 2 - seconds) / Math.max(1, cooldown)) + 1));
    yield {
      at: steps.at('StepAdjustments'),
      message: `from ${low} to ${high} tasks in steps of ${step} takes ${seconds} + ${count - 1} × ${cooldown} = ${reaction} s, and ${queue.name} keeps messages ${kept} s`,
      fix: `add ${enough} or more tasks a step, which takes half of the retention at most, or shorten Cooldown`,
    };
  }
}

function isStep(policy: Resource): boolean {
  return policy.at('Properties', 'StepScalingPolicyConfiguration').present;
}

/** Tasks that the largest step adds; 0 when that is not decided, undefined for a policy that only scales in. */
function largestStep(policy: Resource): number | undefined {
  const configuration = policy.at('Properties', 'StepScalingPolicyConfiguration');
  const sizes = configuration
    .at('StepAdjustments')
    .items()
    .map((step) => step.at('ScalingAdjustment').number());
  if (configuration.at('AdjustmentType').text() !== 'ChangeInCapacity') return 0;
  if (sizes.some((size) => size === undefined)) return 0;
  const largest = greatest(sizes.map((size) => size!));
  return largest > 0 ? largest : undefined;
}

/** The queues whose depth or age triggers this policy, and the fewest seconds until the alarm fires. */
function watchedBy(template: Template, policy: Resource): { queue: Resource; seconds: number }[] {
  return (settingOff(template).get(policy) ?? []).flatMap((alarm) => {
    const period = alarm.at('Properties', 'Period').number();
    const evaluations = alarm.at('Properties', 'EvaluationPeriods').number();
    const needed = alarm.at('Properties', 'DatapointsToAlarm').number(evaluations);
    if (period === undefined || needed === undefined || evaluations === undefined) return [];
    const watched = metricsOf(alarm).map((metric) => ownerOf(template, metric, OF_QUEUE));
    return [...new Set(watched)].flatMap((queue) => (queue ? [{ queue, seconds: period * needed }] : []));
  });
}

/** The alarms, by the policies that they trigger. */
const settingOff = oncePer((template: Template) =>
  grouped(
    alarms(template).flatMap((alarm) => {
      const targets = alarm
        .at('Properties', 'AlarmActions')
        .items()
        .map((action) => template.target(action));
      return [...new Set(targets)].map((target) => [target, alarm] as const);
    }),
  ),
);
