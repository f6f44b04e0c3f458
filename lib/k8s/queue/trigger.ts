/** What a trigger brings along and what it leaves behind. Internal: users pick a trigger, they don't write one. */
import type { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import type { Knob, Plan } from '../../flow/plan';
import type { Consumer, Workload } from '../../flow/queue/workload';
import type { Alert } from '../alert-rules';
import type { Egress } from '../network-policy';
import type { KedaTrigger } from '../operators/keda';
import type { SecretKey } from '../secret-key';

/** A queue as the worker sees it. */
export interface Trigger {
  /** What is wrong with its props. */
  readonly checks: readonly Check[];
  /** What is known about the consumer because of it: how old the depth is that is seen, how many may read at once. */
  readonly consumer: Consumer;
  /** What the service account of the worker must say to be let in. */
  readonly serviceAccountAnnotations?: Readonly<Record<string, string>>;
  /** Makes what belongs to it. */
  bind(context: TriggerContext): TriggerBinding;
}

/** What a trigger gets. */
export interface TriggerContext {
  readonly scope: Construct;
  readonly plan: Plan;
  readonly workload: Workload;
  /** Items for each replica. */
  readonly target: number;
  /** Whether each item gets a job of its own. */
  readonly perItem: boolean;
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
  readonly knobs: readonly Knob[];
  readonly alerts: readonly Alert[];
  /** PromQL of the items that were set aside, if they can be seen. */
  readonly deadLetters?: string;
}
