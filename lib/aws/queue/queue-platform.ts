/**
 * Where a queue's worker runs. It determines what scales the worker, how often that polls the queue and how long a
 * start takes.
 */
export enum QueuePlatform {
  /** A Lambda function: 5 invocations at a time, 300 more a minute, 1,000 at most. */
  LAMBDA = 'lambda',
  /** A Lambda function with provisioned pollers: for promises shorter than Lambda's own ramp. */
  LAMBDA_PROVISIONED = 'lambda-provisioned',
  /** Fargate tasks, scaled on backlog per task: metrics once a minute, three of them, and the start of a task. */
  FARGATE = 'fargate',
  /** Pods on Kubernetes that KEDA scales: for items that a drained node waits for, up to 10 minutes. */
  KEDA = 'keda',
  /** A Kubernetes job for each item, started by KEDA: for longer items, for which a `QueueWorker` there makes jobs too. */
  KEDA_JOB = 'keda-job',
  /** Another scaler on the backlog: it polls every 30 s, decides within 15 s and starts an instance within 30 s. */
  OTHER = 'other',
}
