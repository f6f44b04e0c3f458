/** An event source mapping that is there already: what the plan asks of it is checked where it can be read, otherwise said. */
import { Annotations } from 'aws-cdk-lib';
import { CfnEventSourceMapping, type IEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type Check, isToken, shown } from '../../flow/errors';
import type { QueuePlan } from '../../flow/queue/workload';
import { resolvedNumber } from '../tokens';

const PARTIAL_FAILURES = 'ReportBatchItemFailures';

/** A setting of a mapping: its name in CloudFormation, what the plan asks, and what the mapping has. */
interface Setting {
  readonly name: string;
  readonly asked: number;
  readonly has: number | undefined;
}

/** Differences between a mapping of this app and the plan. */
export function mappingChecks(mapping: IEventSourceMapping, plan: QueuePlan, windowSeconds: number): Check[] {
  const resource = mapping.node.defaultChild;
  if (!(resource instanceof CfnEventSourceMapping)) return [];
  const responses = resource.functionResponseTypes ?? [];
  return [
    ...settings(plan, windowSeconds, resource).map(({ name, asked, has }) => ({
      refused: has !== asked,
      message: `${name} of the mapping ${mapping.node.path} must be ${asked}, as planned, got ${shown(has)}`,
    })),
    {
      refused: !isToken(responses) && !responses.includes(PARTIAL_FAILURES),
      message: `FunctionResponseTypes of the mapping ${mapping.node.path} must have ${PARTIAL_FAILURES}, got ${responses.length === 0 ? 'none' : responses.join(', ')}; otherwise one failure brings back the whole batch`,
    },
  ];
}

/** Says what an imported mapping must be set to: nothing here can read or change it. */
export function sayMappingSettings(
  scope: Construct,
  mapping: IEventSourceMapping,
  plan: QueuePlan,
  windowSeconds: number,
): void {
  if (mapping.node.defaultChild instanceof CfnEventSourceMapping) return;
  const asked = settings(plan, windowSeconds).map(({ name, asked }) => `${name} ${asked}`);
  Annotations.of(scope).addWarningV2(
    'Backpressure::GivenMapping',
    `the mapping ${mapping.eventSourceMappingId} is not of this app and cannot be read. The plan is for ${[...asked, `FunctionResponseTypes ${PARTIAL_FAILURES}`].join(', ')}: set these, then acknowledge this warning`,
  );
}

function settings(plan: QueuePlan, windowSeconds: number, has?: CfnEventSourceMapping): Setting[] {
  const planned = new Map(plan.knobs.map(({ name, value }) => [name, value]));
  const setting = (name: string, asked: number | undefined, found: number | undefined, unset?: number): Setting[] =>
    asked === undefined ? [] : [{ name, asked, has: found ?? unset }];
  const scaling = part(has?.scalingConfig);
  const pollers = part(has?.provisionedPollerConfig);
  return [
    ...setting('BatchSize', planned.get('batchSize'), resolvedNumber(has?.batchSize), DEFAULT_BATCH),
    ...setting('MaximumBatchingWindowInSeconds', windowSeconds, resolvedNumber(has?.maximumBatchingWindowInSeconds), 0),
    ...setting('MaximumConcurrency', planned.get('maxConcurrency'), scaling.maximumConcurrency),
    ...setting('MinimumPollers', planned.get('minimumPollers'), pollers.minimumPollers),
    ...setting('MaximumPollers', planned.get('maximumPollers'), pollers.maximumPollers),
  ];
}

/** What SQS' mappings take where nothing is set. Source: AWS Lambda API reference, CreateEventSourceMapping. */
const DEFAULT_BATCH = 10;

/** The numbers of a part of a mapping that is not a token. */
function part(value: unknown): Readonly<Record<string, number | undefined>> {
  return typeof value === 'object' && value !== null && !isToken(value) ? (value as Record<string, number>) : {};
}
