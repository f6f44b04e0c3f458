/** Constructs whose claims no server here can judge, and why. docs/proof.md lists them. */

/** A construct of a case that has no row in the proof. */
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
    case: 7,
    construct: 'gcp.RateLimitedSender',
    reason:
      'There is no emulator of Cloud Tasks: its bound, what it saves of a fifth of a second included, is judged by the simulation alone. The handler is run, as the rows of sender-tasks say.',
  },
  {
    case: 11,
    construct: 'aws.ArchiveBucket',
    reason:
      'The local AWS keeps every object in one storage class: it runs no lifecycle rule and has no bill to compare with.',
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
    case: 18,
    construct: 'k8s.KafkaQuotas',
    reason:
      "Strimzi's operator is not on this machine; the quotas that it would set are those that case 18 on AWS holds against a real Kafka.",
  },
];
