/**
 * Lambda functions: the function that a value means, and its event source mappings.
 */

import { grouped } from '../../../flow/grouped';
import { DEFAULT_FUNCTION_SECONDS } from '../../../flow/queue/platforms/lambda';
import type { Resource, Value } from '../../document';
import { oncePer } from '../../once-per';
import { own } from '../../own';
import { Composite, Reference } from '../../resolved';
import type { Template } from './template';

const FUNCTION = 'AWS::Lambda::Function';

/** Types of resources that mean a function. */
const QUALIFIED = ['AWS::Lambda::Alias', 'AWS::Lambda::Version'];

/** Every Lambda function. */
export function functions(template: Template): readonly Resource[] {
  return template.ofType(FUNCTION);
}

/** The function that a value means, directly, by name, or through an alias or a version; undefined when not decided. */
export function functionAt(template: Template, value: Value): Resource | undefined {
  let named = value;
  let target = template.target(named);
  // An alias of a version of a function is two steps; more steps mean a circle.
  for (let step = 0; step < 3 && target && QUALIFIED.includes(target.type); step += 1) {
    named = target.at('Properties', 'FunctionName');
    target = template.target(named);
  }
  if (target) return target.type === FUNCTION && template.pointsTo(named, target, 'FunctionName') ? target : undefined;
  return template.find(named, FUNCTION, 'FunctionName');
}

/** Seconds that one run may take. */
export function timeoutOf(handler: Resource): number | undefined {
  return handler.at('Properties', 'Timeout').number(DEFAULT_FUNCTION_SECONDS);
}

/** The place of a function's reserved concurrency. */
export function reservedOf(handler: Resource): Value {
  return handler.at('Properties', 'ReservedConcurrentExecutions');
}

/** A Lambda event source mapping, with the function that it calls when the template has it. */
export interface Mapping {
  readonly mapping: Resource;
  readonly source: Value;
  readonly handler: Resource | undefined;
}

/** Every event source mapping. */
export const mappings = oncePer((template: Template): readonly Mapping[] =>
  template.ofType('AWS::Lambda::EventSourceMapping').map((mapping) => ({
    mapping,
    source: mapping.at('Properties', 'EventSourceArn'),
    handler: functionAt(template, mapping.at('Properties', 'FunctionName')),
  })),
);

/** The mappings that call this function. */
export function mappingsInto(template: Template, handler: Resource): readonly Mapping[] {
  return mappedTo(template).get(handler) ?? [];
}

const mappedTo = oncePer((template: Template) =>
  grouped(mappings(template).map((mapping) => [mapping.handler, mapping] as const)),
);

/** Whether the resource exists and is active for every choice of the deployer. */
export function isActive(mapping: Resource): boolean {
  return mapping.at('Condition').absent && mapping.at('Properties', 'Enabled').flag(true) === true;
}

/** Whether a mapping is switched off, for certain. */
export function isOff(mapping: Resource): boolean {
  return mapping.at('Properties', 'Enabled').flag(true) === false;
}

const SERVICES: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'sqs',
  'AWS::Kinesis::Stream': 'kinesis',
  'AWS::Kinesis::StreamConsumer': 'kinesis',
  'AWS::DynamoDB::Table': 'dynamodb',
  'AWS::DynamoDB::GlobalTable': 'dynamodb',
  'AWS::MSK::Cluster': 'kafka',
  'AWS::MSK::ServerlessCluster': 'kafka',
};

/** The service that an ARN belongs to, as ARNs spell it; undefined when that is not decided. */
export function serviceOf(template: Template, arn: Value): string | undefined {
  const { resolved } = arn;
  if (resolved instanceof Reference) return own(SERVICES, template.resource(resolved.name)?.type ?? '');
  const parts = resolved instanceof Composite ? resolved.parts : [resolved];
  const text = parts.map((part) => (typeof part === 'string' ? part : '?')).join('');
  return /^arn:[^:]*:([a-z0-9-]+):/.exec(text)?.[1];
}
