import {
  AwsLogDriverMode,
  type ContainerDefinition,
  LogDriver,
  type LogDriverConfig,
  LogDrivers,
  type TaskDefinition,
} from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import type { LogDeliveryPlan } from '../../flow/logs/delivery/workload';
import type { LogRouter } from './log-router';
import { serve } from './router-task';

/** The log driver of a container whose lines go to the router of its task, which is added with the first of them. */
export class ShippedLogs extends LogDriver {
  constructor(
    private readonly plan: LogDeliveryPlan,
    private readonly mode: AwsLogDriverMode,
    private readonly addTo: (taskDefinition: TaskDefinition) => LogRouter,
  ) {
    super();
  }

  public bind(scope: Construct, container: ContainerDefinition): LogDriverConfig {
    const { taskDefinition } = container;
    // A load balancer asks for the first essential container, and the router would be it.
    if (container.essential) taskDefinition.defaultContainer ??= container;
    serve(container, this.addTo(taskDefinition));
    // Settings of the driver, which is before the router; those of an output would not be read.
    const options = {
      mode: this.mode,
      'log-driver-buffer-limit': String(this.plan.value('driverBufferLines')),
      ...(this.mode === AwsLogDriverMode.NON_BLOCKING
        ? { 'max-buffer-size': String(this.plan.value('driverBufferBytes')) }
        : {}),
    };
    return LogDrivers.firelens({ options }).bind(scope, container);
  }
}
