import type { Stack, StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { BatchPricingStack } from './batch-pricing';
import { ColdDataStack } from './cold-data';
import { DeliveryStack } from './delivery';
import { ImageProcessingStack } from './image-processing';
import { MessageProcessingStack } from './message-processing';
import { NotificationsStack } from './notifications';
import { ObservabilityStack } from './observability';
import { LOCAL_INTAKE, OrderIntakeStack } from './order-intake';
import { TelemetryStack } from './telemetry';
import { WebTierStack } from './web-tier';

/** A reference environment: a stack that deploys as it is. */
export type ReferenceStack = new (scope: Construct, id: string, props?: StackProps) => Stack;

/** Every reference environment by the name of its stack, as the app makes it and the judges read it. */
export const REFERENCE_STACKS: Readonly<Record<string, ReferenceStack>> = {
  BatchPricing: BatchPricingStack,
  ColdData: ColdDataStack,
  Delivery: DeliveryStack,
  ImageProcessing: ImageProcessingStack,
  MessageProcessing: MessageProcessingStack,
  Notifications: NotificationsStack,
  Observability: ObservabilityStack,
  OrderIntake: OrderIntakeStack,
  Telemetry: TelemetryStack,
  WebTier: WebTierStack,
};

/** Environments whose main parts the local emulator supports; it has no Kafka. */
export const LOCAL_STACKS: readonly string[] = ['OrderIntake'];

/** The environment of that name as the local run deploys it: sized for one machine. */
export function localStack(scope: Construct, id: string): Stack {
  return id === 'OrderIntake'
    ? new OrderIntakeStack(scope, id, { intake: LOCAL_INTAKE })
    : new REFERENCE_STACKS[id](scope, id);
}
