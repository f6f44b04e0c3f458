/** Constructs whose claims no server here can judge, wholly or in part, and why. docs/proof.md lists them. */

/** A construct of a case that has no row in the proof, or none of what decides the case. */
export interface NotRun {
  /** Number of the case. */
  readonly case: number;
  /** The construct with its engine. */
  readonly construct: string;
  /** What is missing. Ends in a full stop. */
  readonly reason: string;
}

/** In the order of the cases. A test holds that a construct has either rows or a reason. */
export const NOT_RUN: readonly NotRun[] = [
  {
    case: 1,
    construct: 'aws.LogShipping',
    reason:
      'No registry here has Fluent Bit, and tasks do not run. Each line of its configuration is held against the parameters of Fluent Bit, and the buffer against the simulation of chunks, tries and waits.',
  },
  {
    case: 2,
    construct: 'gcp.QueueWorker',
    reason:
      'There is no emulator of Cloud Run, its autoscaler or Cloud Monitoring; how late the scaler is, is assumed. The loop of the worker is the one that case 6 claims.',
  },
  {
    case: 3,
    construct: 'aws.StreamingEtl',
    reason:
      'Neither EMR Serverless nor a managed delivery runs in the local AWS. The job is the one that case 3 claims on Kubernetes, and the keeper of its run is held against a service in memory.',
  },
  {
    case: 4,
    construct: 'aws.SpreadSchedule',
    reason:
      'The local AWS was not tried with EventBridge Scheduler; the minutes are those that case 4 claims on Kubernetes.',
  },
  {
    case: 4,
    construct: 'gcp.SpreadSchedule',
    reason: 'There is no emulator of Cloud Scheduler or Cloud Tasks; the component is asserted under mocks.',
  },
  {
    case: 5,
    construct: 'aws.PartitionedStream',
    reason:
      'The rules of the local AWS have no action for Amazon Kinesis, and its mappings deliver no part of a batch again; it has no brokers and no tasks. The loop of the consumers on Kubernetes, which tasks on Amazon MSK run as well, is judged on a real Kafka.',
  },
  {
    case: 6,
    construct: 'aws.QueueWorker',
    reason:
      'Neither Fargate nor Application Auto Scaling runs in the local AWS; how it decides is judged by the simulation alone.',
  },
  {
    case: 7,
    construct: 'aws.RateLimitedSender',
    reason:
      'Neither SES nor its limits run here, and the bucket in DynamoDB was not tried against a server; the same senders were, with their bucket in Redis.',
  },
  {
    case: 8,
    construct: 'aws.ReplicaLagGuard',
    reason:
      'Neither RDS nor tasks of ECS run in the local AWS; heartbeat, throttle and writers are those of the guard on Kubernetes, which was run on a real pair of MariaDB.',
  },
  {
    case: 10,
    construct: 'aws.JvmService',
    reason:
      'Fargate does not run here. Flags, heap and what is read of the log are those that case 10 claims on Kubernetes; the program is started from the task definition in test/aws/jvm.',
  },
  {
    case: 11,
    construct: 'aws.ArchiveBucket',
    reason:
      'The local AWS keeps every object in one storage class: it runs no lifecycle rule and has no bill to compare with.',
  },
  {
    case: 11,
    construct: 'gcp.ArchiveBucket',
    reason:
      'There is no emulator of Cloud Storage with a lifecycle, Autoclass or a bill; the component is asserted under mocks.',
  },
  {
    case: 12,
    construct: 'aws.BoundedService',
    reason:
      'Neither a load balancer nor its Target Optimizer runs here; slots, queue and what is refused are those that case 12 claims on Kubernetes.',
  },
  {
    case: 13,
    construct: 'aws.CiConcurrency',
    reason:
      'Neither GitHub nor CodeBuild runs here; the workflows are judged by actionlint, and their scripts run in a real repository.',
  },
  {
    case: 13,
    construct: 'k8s.CiConcurrency',
    reason: 'Actions Runner Controller needs GitHub, which does not run here; its alerts are judged by promtool.',
  },
  {
    case: 14,
    construct: 'gcp.RedriveQueue',
    reason:
      "The emulator of Pub/Sub has no minimum backoff and no push; what it has, dead letters, is claimed by case 15's receiver.",
  },
  {
    case: 17,
    construct: 'aws.ContinuousCompaction',
    reason:
      'Neither AWS Glue nor S3 Tables runs here. What decides which partitions are rewritten is the same program as on Kubernetes, whose claims are below; the function that asks for the optimizers is tested with answers written by hand, and its signature against the clients of AWS.',
  },
  {
    case: 18,
    construct: 'k8s.KafkaQuotas',
    reason:
      "Strimzi's operator is not on this machine; the quotas that it would set are those that case 18 on AWS holds against a real Kafka.",
  },
  {
    case: 19,
    construct: 'aws.MetricsSampling',
    reason:
      'There is no emulator of Amazon Managed Service for Prometheus; the relabelling that its plan gives to a Prometheus is of the same function as on Kubernetes.',
  },
  {
    case: 20,
    construct: 'aws.FairShare',
    reason:
      'AWS Batch does not run here, and the local AWS has none; its scheduler is simulated by its documented formulas, and the template is judged by cfn-lint.',
  },
];

/** Constructs that have rows, and a part that decides the case and has none. In the order of the cases. */
export const IN_PART: readonly NotRun[] = [
  {
    case: 7,
    construct: 'gcp.RateLimitedSender',
    reason:
      'Its handler ran before a real Redis, behind a program that dispatches as Cloud Tasks is documented to. There is no emulator of Cloud Tasks: the limit of a queue without Redis, what it saves of a fifth of a second included, is judged by the simulation alone.',
  },
  {
    case: 20,
    construct: 'k8s.FairShare',
    reason:
      'A real API server took its quotas, limits and classes, and the objects of Kueue by their schema. Kueue does not run here: which job is admitted next, what is borrowed and what is reclaimed are judged by the simulation alone.',
  },
];
