/**
 * Who serves a queue: what decides how many instances run, how often it looks at the queue and how long a start takes
 * follow from it.
 */
export enum QueuePlatform {
  /** A Lambda function: 5 invocations at a time, 300 more a minute, 1,000 at most. */
  LAMBDA = 'lambda',
  /** A Lambda function with pollers that are always there: for promises shorter than Lambda's own ramp. */
  LAMBDA_PROVISIONED = 'lambda-provisioned',
  /** Fargate tasks, scaled on backlog per task: metrics once a minute, three of them, and the start of a task. */
  FARGATE = 'fargate',
  /** Pods on Kubernetes that KEDA scales. */
  KEDA = 'keda',
  /** Something else that scales on the backlog: every 30 s, decided within 15 s, started within 30 s. */
  OTHER = 'other',
}
