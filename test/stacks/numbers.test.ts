/**
 * No time-out, retention, cool-down or bound of a queue and its worker in a template is in no plan, and none has two values
 * for one queue. Which knob a property takes is named here; a property that is not named fails.
 */
import { Stack } from 'aws-cdk-lib';
import { CfnScalableTarget, CfnScalingPolicy } from 'aws-cdk-lib/aws-applicationautoscaling';
import { CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { Plan } from '../../lib/flow/plan';
import { REFERENCE_NAMES, reference } from '../support/reference';

/** The plan of the nearest construct around `one` that has one. */
function planAround(one: IConstruct): Plan | undefined {
  for (let scope: IConstruct | undefined = one; scope; scope = scope.node.scope) {
    const { plan } = scope as { plan?: unknown };
    if (plan instanceof Plan) return plan;
  }
  return undefined;
}

const QUEUE_KNOBS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Queue: { visibilityTimeout: 'visibilityTimeoutSeconds', messageRetentionPeriod: 'retentionSeconds' },
  DeadLetters: {
    visibilityTimeout: 'deadLetterVisibilitySeconds',
    messageRetentionPeriod: 'deadLetterRetentionSeconds',
  },
  Quarantine: { messageRetentionPeriod: 'quarantineRetentionSeconds' },
  Undelivered: { messageRetentionPeriod: 'undeliveredRetentionSeconds' },
  Refused: { visibilityTimeout: 'visibilityTimeoutSeconds', messageRetentionPeriod: 'refusedRetentionSeconds' },
};

/** Every number of a queue or a worker: where it stands, what it is, and the knob that it must be. */
function numbers(stack: Stack): { at: string; value: unknown; plan: Plan | undefined; knob: string }[] {
  const found: { at: string; value: unknown; plan: Plan | undefined; knob: string }[] = [];
  const add = (one: IConstruct, property: string, value: unknown, knob: string, plan = planAround(one)) => {
    if (value !== undefined) found.push({ at: `${one.node.path}.${property}`, value, plan, knob });
  };
  const workers = stack.node.findAll().filter((one) => planAround(one) !== undefined);
  for (const one of workers) {
    if (one instanceof CfnQueue) {
      const knobs = QUEUE_KNOBS[one.node.scope!.node.id];
      for (const property of ['visibilityTimeout', 'messageRetentionPeriod'] as const) {
        add(one, property, one[property], knobs?.[property] ?? `(no knob is named for ${property})`);
      }
      const policy = stack.resolve(one.redrivePolicy) as { maxReceiveCount: number } | undefined;
      add(one, 'maxReceiveCount', policy?.maxReceiveCount, 'maxReceiveCount');
    }
    if (one instanceof CfnScalableTarget) {
      add(one, 'minCapacity', one.minCapacity, 'minInstances');
      add(one, 'maxCapacity', one.maxCapacity, 'maxInstances');
    }
    if (one instanceof CfnScalingPolicy) {
      const tracking = stack.resolve(one.targetTrackingScalingPolicyConfiguration) as
        | CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty
        | undefined;
      add(one, 'targetValue', tracking?.targetValue, 'backlogPerInstance');
      add(one, 'scaleInCooldown', tracking?.scaleInCooldown, 'scaleInCooldownSeconds');
      add(one, 'scaleOutCooldown', tracking?.scaleOutCooldown, 'scaleOutCooldownSeconds');
    }
    if (one instanceof CfnTaskDefinition) {
      const containers = stack.resolve(one.containerDefinitions) as CfnTaskDefinition.ContainerDefinitionProperty[];
      for (const { stopTimeout } of containers) add(one, 'stopTimeout', stopTimeout, 'stopTimeoutSeconds');
    }
  }
  // The mapping stands inside the function, which is the user's: its numbers are those of the worker on the queue.
  for (const one of stack.node.findAll()) {
    if (!(one instanceof CfnEventSourceMapping) || one.enabled === false || planAround(one) !== undefined) continue;
    const plan = stack.node
      .findAll()
      .map((worker) => (worker as { plan?: unknown }).plan)
      .find((each): each is Plan => each instanceof Plan && each.knobs.some(({ name }) => name === 'batchSize'));
    const scaling = stack.resolve(one.scalingConfig) as { maximumConcurrency?: number } | undefined;
    const pollers = stack.resolve(one.provisionedPollerConfig) as
      | { minimumPollers: number; maximumPollers: number }
      | undefined;
    add(one, 'batchSize', one.batchSize, 'batchSize', plan);
    add(one, 'maximumConcurrency', scaling?.maximumConcurrency, 'maxConcurrency', plan);
    add(one, 'minimumPollers', pollers?.minimumPollers, 'minimumPollers', plan);
    add(one, 'maximumPollers', pollers?.maximumPollers, 'maximumPollers', plan);
  }
  return found;
}

describe.each(REFERENCE_NAMES)('%s', (name) => {
  const stack = reference(name);

  test('every number of a queue and its worker is a knob of the plan around it', () => {
    for (const { at, value, plan, knob } of numbers(stack)) expect([at, value]).toEqual([at, plan?.value(knob)]);
  });

  test('no knob has two values for one queue', () => {
    const plans = stack.node
      .findAll()
      .map((one) => (one as { plan?: unknown }).plan)
      .filter(
        (plan): plan is Plan => plan instanceof Plan && plan.knobs.some((knob) => knob.name === 'maxReceiveCount'),
      );
    const values = new Map<string, Set<number>>();
    // Each reference stack has one queue that is worked through.
    for (const { knobs } of plans) {
      for (const { name: knob, value } of knobs) values.set(knob, (values.get(knob) ?? new Set()).add(value));
    }
    expect([...values].filter(([, each]) => each.size > 1)).toEqual([]);
  });
});

test('there is something to walk: queues, mappings, tasks', () => {
  const count = (name: string) => numbers(reference(name)).length;
  expect(count('OrderIntake')).toBeGreaterThan(10);
  expect(count('ImageProcessing')).toBeGreaterThan(11);
  expect(count('MessageProcessing')).toBeGreaterThan(7);
  expect(count('Notifications')).toBeGreaterThan(8);
});
