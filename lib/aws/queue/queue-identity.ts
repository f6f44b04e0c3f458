/** Which queue a construct or an ARN stands for: two imports of one queue are one queue. */
import { type CfnResource, Reference, Stack, Token, Tokenization } from 'aws-cdk-lib';
import { CfnQueue, type IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { Check } from '../../flow/errors';

/** What is known of a queue at synthesis. */
export interface Identity {
  /** The resource, where it is of this app. */
  readonly resource?: CfnQueue;
  /** Its ARN, where all of it but the partition is known. */
  readonly arn?: string;
  /** An ARN that only the deployment knows, such as an export, with where it is resolved. */
  readonly expression?: string;
}

/** The resource of a queue of this app, also of one that is imported by the resource's own ARN. */
export function resourceOf(queue: IQueue): CfnQueue | undefined {
  const resource = queue.node.defaultChild;
  return resource instanceof CfnQueue ? resource : referenced(queue.queueArn);
}

/** The queue that a construct stands for. */
export function identityOf(queue: IQueue): Identity {
  const resource = resourceOf(queue);
  return resource === undefined ? identityOfArn(queue, queue.queueArn) : ofResource(resource);
}

/** The queue that an ARN in the stack of `scope` stands for. */
export function identityOfArn(scope: IConstruct, arn: unknown): Identity {
  const resource = referenced(arn);
  if (resource !== undefined) return ofResource(resource);
  const stack = Stack.of(scope);
  const resolved: unknown = stack.resolve(arn);
  if (resolved === undefined || resolved === null) return {};
  const named = resourceNamed(stack, resolved);
  if (named !== undefined) return ofResource(named);
  const known = knownArn(stack, resolved);
  return known === undefined ? { expression: `${placeOf(stack)} ${JSON.stringify(resolved)}` } : { arn: known };
}

/** Whether both are one queue for certain. */
export function isSame(one: Identity, other: Identity): boolean {
  const keys = new Set(keysOf(one));
  return keysOf(other).some((key) => keys.has(key));
}

/** Whether they are two queues for certain. */
export function isDifferent(one: Identity, other: Identity): boolean {
  if (isSame(one, other)) return false;
  const both = (name: keyof Identity) => one[name] !== undefined && other[name] !== undefined;
  return both('resource') || both('arn');
}

/** What is noted of queues, by queue and app. */
export class QueueRegister<T> {
  private readonly apps = new WeakMap<IConstruct, Map<string, T>>();

  public get(queue: IQueue): T | undefined {
    const noted = this.apps.get(queue.node.root);
    if (noted === undefined) return undefined;
    const key = keysOf(identityOf(queue)).find((one) => noted.has(one));
    return key === undefined ? undefined : noted.get(key);
  }

  public set(queue: IQueue, value: T): void {
    const noted = this.apps.get(queue.node.root) ?? new Map<string, T>();
    this.apps.set(queue.node.root, noted);
    for (const key of keysOf(identityOf(queue))) noted.set(key, value);
  }
}

/** The subject of the worker that reads a queue: a `QueueWorker`, or a construct with a mapping of its own. */
export const workers = new QueueRegister<string>();

/** A message goes to one of two workers, and the plan of each counts on all messages. */
export function oneWorkerCheck(queue: IQueue | undefined): Check {
  const worker = queue && workers.get(queue);
  return {
    refused: worker !== undefined,
    message: `queue already has the worker ${worker}, which gets all messages of ${queue?.node.path} in its plan; one queue has one worker`,
  };
}

/** The properties of a resource as the template has them, with overrides. */
export function renderedProperties(resource: CfnResource): Readonly<Record<string, unknown>> {
  const { Resources = {} } = Stack.of(resource).resolve(resource._toCloudFormation());
  return Object.values<{ Properties?: Record<string, unknown> }>(Resources)[0]?.Properties ?? {};
}

/** The last part of an ARN, its name or the end of it; undefined where only the deployment knows it. */
export function endOfArn(queue: IQueue): string | undefined {
  const last = partsOf(Stack.of(queue).resolve(queue.queueArn)).at(-1);
  return typeof last === 'string' ? last : undefined;
}

function keysOf({ resource, arn, expression }: Identity): string[] {
  return [resource?.node.addr, arn, expression].filter((key) => key !== undefined);
}

function ofResource(resource: CfnQueue): Identity {
  const { queueName } = resource;
  if (queueName === undefined || Token.isUnresolved(queueName)) return { resource };
  const stack = Stack.of(resource);
  const named = stack.resolve(stack.formatArn({ service: 'sqs', resource: queueName }));
  const arn = knownArn(stack, named);
  return arn === undefined ? { resource, expression: `${placeOf(stack)} ${JSON.stringify(named)}` } : { resource, arn };
}

/** The queue that the value, a reference and nothing else, refers to. */
function referenced(value: unknown): CfnQueue | undefined {
  const token = Tokenization.reverse(value, { failConcat: false });
  if (token === undefined || !Reference.isReference(token)) return undefined;
  return token.target instanceof CfnQueue ? token.target : undefined;
}

/** The queue of a stack that an intrinsic function written by hand names. */
function resourceNamed(stack: Stack, resolved: unknown): CfnQueue | undefined {
  const attribute = typeof resolved === 'object' && resolved !== null && 'Fn::GetAtt' in resolved;
  if (!attribute) return undefined;
  const [id] = [resolved['Fn::GetAtt']].flat();
  const logicalId = typeof id === 'string' ? id.split('.')[0] : undefined;
  return stack.node
    .findAll()
    .filter((node) => node instanceof CfnQueue)
    .find((queue) => Stack.of(queue) === stack && stack.resolve(queue.logicalId) === logicalId);
}

/** An ARN with the account and region of the stack filled in; a queue's account and region say its partition. */
function knownArn(stack: Stack, resolved: unknown): string | undefined {
  const pseudo: Record<string, string> = {
    'AWS::Partition': 'aws',
    'AWS::Region': stack.region,
    'AWS::AccountId': stack.account,
  };
  const texts = partsOf(resolved).map((part) => {
    const text = typeof part === 'string' ? part : pseudo[String((part as { Ref?: unknown } | null)?.Ref)];
    return text === undefined || Token.isUnresolved(text) ? undefined : text;
  });
  return texts.includes(undefined) ? undefined : texts.join('').replace(/^arn:[^:]*:/, 'arn:aws:');
}

/** The parts of a text that `Fn::Join` puts together, or the one that it is. */
function partsOf(resolved: unknown): readonly unknown[] {
  const join = typeof resolved === 'object' && resolved !== null && 'Fn::Join' in resolved ? resolved['Fn::Join'] : [];
  const [delimiter, parts] = Array.isArray(join) ? join : [];
  return delimiter === '' && Array.isArray(parts) ? parts : [resolved];
}

/** Where an expression means one thing: in an account and region, or in the stack where they are not known. */
function placeOf(stack: Stack): string {
  const known = !Token.isUnresolved(stack.account) && !Token.isUnresolved(stack.region);
  return known ? stack.environment : stack.node.addr;
}
