/** Binds Fargate tasks to a queue. */
import { Annotations } from 'aws-cdk-lib';
import { CpuArchitecture, type RuntimePlatform } from 'aws-cdk-lib/aws-ecs';
import { fargateHourCost } from '../../flow/compute-cost';
import type { Check } from '../../flow/errors';
import { sound } from '../../flow/kinds';
import { LONGEST_STOP_SECONDS } from '../../flow/queue/platforms/fargate';
import type { QueueQuestion } from '../../flow/queue/question';
import { warnWithoutInsights } from '../container-insights';
import { FARGATE_KINDS, type FargateWorkerProps, givenTask, givenTaskChecks } from './fargate-props';
import { scaleOnBacklog } from './fargate-scaling';
import { DEFAULT_CPU, DEFAULT_MEMORY_MIB, STORAGE_GIB, sizeChecks, storageCheck } from './fargate-size';
import { createFargateParts } from './fargate-task';
import { QueuePlatform } from './queue-platform';
import { planWorker, soundCompute, type WorkerBinding, type WorkerContext, type WorkerHost } from './worker-compute';

/** What a queue is told of tasks, and which props cannot be used. */
export function fargateHost(given: FargateWorkerProps): WorkerHost {
  const { props, checks } = sound(given, FARGATE_KINDS, 'compute');
  return { queueProps: { platform: QueuePlatform.FARGATE, scaleToZero: props.scaleToZero }, checks };
}

/** Runs tasks and scales them on the backlog per task: (visible + in flight) ÷ running tasks. */
export function bindFargate(context: WorkerContext, given: FargateWorkerProps): WorkerBinding {
  const props = soundCompute(context, given, FARGATE_KINDS);
  const { scope } = context;
  const size = sizeOf(props);
  const question = fargateQuestion(context, props, size);
  const plan = planWorker(context, question, [
    ...givenTaskChecks(props),
    ...sizeChecks(size.cpu, size.memoryMiB),
    storageCheck(props.ephemeralStorageGiB),
    ...contradictions(context, props),
  ]);
  const itemTimeout = plan.value('itemTimeoutSeconds');
  if (itemTimeout > LONGEST_STOP_SECONDS) {
    Annotations.of(scope).addWarningV2(
      'Backpressure::BP-ECS-002',
      `one item may take ${itemTimeout} s and a stopped task gets ${LONGEST_STOP_SECONDS} s: set task scale-in protection while working, or use AWS Batch`,
    );
  }
  const parts = createFargateParts(context, props, plan);
  // Without it the policy would count the whole backlog as that of one task.
  warnWithoutInsights(scope, parts.service.cluster, 'the number of running tasks');
  const { running, scalableTarget } = scaleOnBacklog(context, parts.service, plan);
  return { plan, graphs: [{ title: 'Running tasks', metrics: [running] }], tasks: { ...parts, scalableTarget } };
}

/** What a task is charged by. */
interface TaskSize {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly storageGib: number;
  readonly arm: boolean;
}

function sizeOf(props: FargateWorkerProps): TaskSize {
  const given = givenTask(props);
  const { architecture = CpuArchitecture.ARM64 } = props;
  const processor = given === undefined ? architecture : platformOf(given)?.cpuArchitecture;
  return {
    cpu: given?.cpu ?? props.cpu ?? DEFAULT_CPU,
    memoryMiB: given?.memoryMiB ?? props.memoryLimitMiB ?? DEFAULT_MEMORY_MIB,
    storageGib: given?.ephemeralStorageGiB ?? props.ephemeralStorageGiB ?? STORAGE_GIB.included,
    arm: processor?._cpuArchitecture === CpuArchitecture.ARM64._cpuArchitecture,
  };
}

/** The platform of a task definition, which CDK before 2.270 keeps to itself; without one a task of ECS runs on x86. */
function platformOf(task: object): RuntimePlatform | undefined {
  return (task as { runtimePlatform?: RuntimePlatform }).runtimePlatform;
}

/** The queue's question where it has one; the task adds only its price. */
function fargateQuestion(
  { question, planned }: WorkerContext,
  props: FargateWorkerProps,
  { cpu, memoryMiB, storageGib, arm }: TaskSize,
): QueueQuestion {
  const { consumer } = question;
  const hourCost = fargateHourCost(cpu, memoryMiB, arm, storageGib - STORAGE_GIB.included);
  const priced = { ...question, consumer: { ...consumer, instanceHourCost: consumer?.instanceHourCost ?? hourCost } };
  return planned !== undefined ? priced : { ...priced, platform: 'fargate', scaleToZero: props.scaleToZero };
}

function contradictions({ question, planned }: WorkerContext, { scaleToZero }: FargateWorkerProps): Check[] {
  return [
    {
      refused: planned !== undefined && question.platform !== 'fargate',
      message: `compute must be the platform of the queue's plan, ${question.platform}, got Fargate; give the queue platform QueuePlatform.FARGATE`,
    },
    {
      refused: planned !== undefined && scaleToZero !== undefined && scaleToZero !== (question.scaleToZero ?? false),
      message: `scaleToZero must be that of the queue's plan, ${question.scaleToZero ?? false}, got ${scaleToZero}; give it to the queue`,
    },
  ];
}
