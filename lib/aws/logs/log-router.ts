import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { FirelensLogRouter } from 'aws-cdk-lib/aws-ecs';

/**
 * The router of one task definition.
 */
export interface LogRouter {
  /** The container of Fluent Bit. */
  readonly container: FirelensLogRouter;

  /**
   * Fires when less of a task's disk is free than the buffer may still need. A larger disk of the task definition moves its
   * threshold, unless its size is a token.
   *
   * @default - none without `cluster`, and on hosts
   */
  readonly diskAlarm?: Alarm;
}
