/** Inputs and results of a trigger. Internal: users pick a trigger, or describe one with `QueueTrigger.custom`. */

import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import type { BrokerName } from '../../flow/queue/brokers/facts';
import type { QueueSettings } from '../../flow/queue/existing';
import type { BrokerChoices } from '../../flow/queue/question';
import type { QueuePlan } from '../../flow/queue/workload';
import type { Alert } from '../alert-rules';
import type { Egress } from '../network-policy';
import type { KedaTrigger } from '../operators/keda';
import type { SecretKey } from '../secret-key';
import type { RabbitMqTopology } from './rabbitmq-topology';

/** A queue, from the worker's side. */
export interface Trigger {
  /** Checks on its props. */
  readonly checks: readonly Check[];
  /** The broker and its settings. */
  readonly question: BrokerChoices & { readonly broker: BrokerName };
  /** What is known of a queue of SQS, which exists already: the plan has no other settings of it. */
  readonly settings?: QueueSettings;
  /** Knobs of settings that an existing queue may have and that are not known. */
  readonly unknown?: readonly string[];
  /** What the plan says of it beside its knobs. */
  remarks?(plan: QueuePlan): string[];
  /** Attempts at an item before the queue sets it aside. */
  readonly maxAttempts?: number;
  /** The most instances that it can serve. */
  readonly instanceLimit?: number;
  /** Annotations that the worker's service account needs to sign in. */
  readonly serviceAccountAnnotations?: Readonly<Record<string, string>>;
  /** Makes its objects. */
  bind(context: TriggerContext): TriggerBinding;
}

/** Inputs of a trigger. */
export interface TriggerContext {
  readonly scope: Construct;
  readonly plan: QueuePlan;
  /** Items for each replica. */
  readonly target: number;
}

/** How the scaler runs a worker. */
export interface WorkerShape {
  /** Whether each item gets its own job. */
  readonly perItem: boolean;
  /** Whether the last pod stops when the queue is empty. */
  readonly sleeps: boolean;
  /** Whether nothing else runs while the queue cannot be read. */
  readonly blind: boolean;
}

/** Results of a trigger. */
export interface TriggerBinding {
  /** The scaler triggers that count outstanding items; if there are several, they have names and are added up. */
  readonly triggers: readonly KedaTrigger[];
  /** Variables of the worker. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables of the worker that come from Secrets. */
  readonly secrets: Readonly<Record<string, SecretKey>>;
  readonly egress: readonly Egress[];
  readonly alerts: readonly Alert[];
  /** PromQL of the dead letters, if they can be counted. */
  readonly deadLetters?: string;
  /** The `TriggerAuthentication`. */
  readonly authentication?: ApiObject;
  /** Objects of the queue. */
  readonly topology?: RabbitMqTopology;
}
