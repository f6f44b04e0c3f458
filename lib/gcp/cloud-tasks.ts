/** A queue of Cloud Tasks and the private service that its tasks call, with the numbers of a plan. */
import * as cloudrunv2 from '@pulumi/gcp/cloudrunv2';
import * as cloudtasks from '@pulumi/gcp/cloudtasks';
import * as serviceaccount from '@pulumi/gcp/serviceaccount';
import type * as pulumi from '@pulumi/pulumi';
import type { Plan } from '../flow/plan';
import { INSTANCE_MEMORY } from './instance';
import { createService, memberOf, type RunNetwork, type SecretVariable } from './run-service';
import { duration } from './watch';

/** Where queue and service are. */
export interface TasksPlace {
  readonly location: pulumi.Input<string>;
  readonly project?: pulumi.Input<string>;
}

/** Inputs of the service. */
export interface TaskServiceArgs extends TasksPlace {
  readonly name: string;
  /** The account that it runs as. */
  readonly account: serviceaccount.Account;
  readonly image: pulumi.Input<string>;
  readonly description: string;
  readonly plan: Plan;
  /** Default: 512Mi. */
  readonly memory?: string;
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  readonly secretVariables?: readonly SecretVariable[];
  readonly network?: RunNetwork;
  readonly dependsOn?: readonly pulumi.Resource[];
}

/** A Cloud Run service that only tasks of the same project reach, which counts as internal. */
export function createTaskService(parent: pulumi.Resource, args: TaskServiceArgs): cloudrunv2.Service {
  const { plan, memory = INSTANCE_MEMORY, environment = {} } = args;
  return createService(parent, {
    ...args,
    memory,
    environment,
    ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
    concurrency: plan.value('slotsPerInstance'),
    minInstances: plan.value('minInstances'),
    maxInstances: plan.value('maxInstances'),
    timeoutSeconds: plan.value('requestTimeoutSeconds'),
  });
}

/** A queue whose rates and retries are those of the plan. */
export function createTaskQueue(
  name: string,
  plan: Plan,
  { location, project }: TasksPlace,
  options: pulumi.CustomResourceOptions,
): cloudtasks.Queue {
  return new cloudtasks.Queue(
    name,
    {
      location,
      project,
      rateLimits: {
        maxConcurrentDispatches: plan.value('maxConcurrentDispatches'),
        maxDispatchesPerSecond: plan.value('maxDispatchesPerSecond'),
      },
      retryConfig: {
        maxAttempts: plan.value('maxAttempts'),
        minBackoff: duration(plan.value('minBackoffSeconds')),
        maxBackoff: duration(plan.value('maxBackoffSeconds')),
        maxDoublings: plan.value('maxDoublings'),
        maxRetryDuration: duration(plan.value('maxRetrySeconds')),
      },
      // Every attempt: a task that is deleted leaves no other trace.
      stackdriverLoggingConfig: { samplingRatio: 1 },
    },
    options,
  );
}

/** The queue, the service, and the account that tasks call it as. */
export interface TaskParts extends TasksPlace {
  readonly queue: cloudtasks.Queue;
  readonly service: cloudrunv2.Service;
  readonly taskAccount: serviceaccount.Account;
}

/** Lets tasks invoke the service. */
export function grantInvoke(
  name: string,
  { service, taskAccount, location, project }: TaskParts,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource {
  return new cloudrunv2.ServiceIamMember(
    name,
    { name: service.name, location, project, role: 'roles/run.invoker', member: memberOf(taskAccount) },
    options,
  );
}

/** Lets a member put tasks into the queue, and let them call as the account of tasks. */
export function grantEnqueue(
  name: string,
  member: pulumi.Input<string>,
  { queue, taskAccount, location, project }: TaskParts,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  return [
    new cloudtasks.QueueIamMember(
      name,
      { name: queue.name, location, project, role: 'roles/cloudtasks.enqueuer', member },
      options,
    ),
    new serviceaccount.IAMMember(
      name,
      { serviceAccountId: taskAccount.name, role: 'roles/iam.serviceAccountUser', member },
      options,
    ),
  ];
}
