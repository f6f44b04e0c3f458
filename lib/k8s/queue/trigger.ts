/** What a trigger brings along and what it leaves behind. Internal: users pick a trigger, they don't write one. */

import type { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import type { BrokerName } from '../../flow/queue/brokers/facts';
import type { BrokerChoices } from '../../flow/queue/question';
import type { QueuePlan } from '../../flow/queue/workload';
import type { Alert } from '../alert-rules';
import type { Egress } from '../network-policy';
import type { KedaTrigger } from '../operators/keda';
import type { SecretKey } from '../secret-key';

/** A queue as the worker sees it. */
export interface Trigger {
  /** What is wrong with its props. */
  readonly checks: readonly Check[];
  /** The broker, and what was chosen of it. */
  readonly question: BrokerChoices & { readonly broker: BrokerName };
  /** What the service account of the worker must say to be let in. */
  readonly serviceAccountAnnotations?: Readonly<Record<string, string>>;
  /** Makes what belongs to it. */
  bind(context: TriggerContext): TriggerBinding;
}

/** What a trigger gets. */
export interface TriggerContext {
  readonly scope: Construct;
  readonly plan: QueuePlan;
  /** Items for each replica. */
  readonly target: number;
}

/** What the scaler makes of a worker. */
export interface WorkerShape {
  /** Whether each item gets a job of its own. */
  readonly perItem: boolean;
  /** Whether the last pod stops when the queue is empty. */
  readonly sleeps: boolean;
}

/** What a trigger leaves behind. */
export interface TriggerBinding {
  /** What is outstanding; several have names, and what they count is added up. */
  readonly triggers: readonly KedaTrigger[];
  /** Variables of the worker. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables of the worker that come from Secrets. */
  readonly secrets: Readonly<Record<string, SecretKey>>;
  readonly egress: readonly Egress[];
  readonly alerts: readonly Alert[];
  /** PromQL of the items that were set aside, if they can be seen. */
  readonly deadLetters?: string;
}
