/** Kinds of values that arguments of Google Cloud components are. */
import * as pulumi from '@pulumi/pulumi';
import { having, kindOf } from '../flow/kinds';

/** A text, now or once the deployment knows it. */
export const INPUT = kindOf(
  (value) =>
    typeof value === 'string' || (typeof value === 'object' && value !== null && 'then' in value) || isOutput(value),
  'text, or an Output of it',
);
/** Texts, now or once the deployment knows them. */
export const INPUT_LIST = kindOf(
  (value) =>
    Array.isArray(value) || (typeof value === 'object' && value !== null && 'then' in value) || isOutput(value),
  'a list of texts, or an Output of one',
);
export const ACCOUNT = having(
  ['email', 'accountId'],
  'a serviceaccount.Account; Account.get() finds one that is there',
);
export const SERVICE = having(['uri', 'template'], 'a cloudrunv2.Service; Service.get() finds one that is there');
export const POOL = having(
  ['instanceSplits', 'template'],
  'a cloudrunv2.WorkerPool; WorkerPool.get() finds one that is there',
);
export const TOPIC = having(
  ['messageStoragePolicy', 'kmsKeyName'],
  'a pubsub.Topic; Topic.get() finds one that is there',
);
export const PLAN = having(['knobs', 'value'], 'a plan: RedriveQueue.planOf(name, args)');

function isOutput(value: unknown): boolean {
  return pulumi.Output.isInstance(value);
}
