/** Every proof: a run that holds claims of cases against a real server, and reports them as rows. */
import type { SuiteName } from './suites';

/** One run. */
export interface Proof {
  readonly name: string;
  /** The cases that it has rows for. */
  readonly cases: readonly number[];
  /** What makes its servers ready; `local` deploys to the local AWS instead. */
  readonly suite: SuiteName | 'local';
  /** The test file. */
  readonly file?: string;
  /** What it shows, in a few words. */
  readonly title: string;
}

/** In the order in which they run. */
export const PROOFS: readonly Proof[] = [
  {
    name: 'log-shipping',
    cases: [1],
    suite: 'engines',
    file: 'test/engines/log-shipping.test.ts',
    title: 'Filebeat, logrotate and a Kafka that stands still',
  },
  {
    name: 'full-disk',
    cases: [1, 15],
    suite: 'engines',
    file: 'test/engines/full-disk.test.ts',
    title: 'disks that fill under the queue of Filebeat and under a Kafka',
  },
  {
    name: 'streaming-etl',
    cases: [3],
    suite: 'engines',
    file: 'test/engines/streaming-etl.test.ts',
    title: 'the shipped job on Kafka, Spark and Delta Lake, killed in a MERGE',
  },
  {
    name: 'ttl-collection',
    cases: [16],
    suite: 'engines',
    file: 'test/engines/ttl-collection.test.ts',
    title: "backfill and expiry in a server that speaks MongoDB's protocol",
  },
  {
    name: 'ttl-documentdb',
    cases: [16],
    suite: 'engines',
    file: 'test/engines/ttl-documentdb.test.ts',
    title: 'backfill for DocumentDB with a lease, killed half-way and started twice',
  },
  {
    name: 'ttl-table',
    cases: [16],
    suite: 'engines',
    file: 'test/engines/ttl-table.test.ts',
    title: 'backfill of a table of DynamoDB on the local AWS, killed half-way',
  },
  {
    name: 'compaction',
    cases: [17],
    suite: 'engines',
    file: 'test/engines/compaction.test.ts',
    title: 'the scripts of compaction on Delta tables of delta-rs',
  },
  {
    name: 'compaction-spark',
    cases: [17],
    suite: 'engines',
    file: 'test/engines/compaction-spark.test.ts',
    title: 'the script for Spark with the arguments of its manifest, on Delta tables',
  },
  {
    name: 'sender',
    cases: [7],
    suite: 'engines',
    file: 'test/engines/sender.test.ts',
    title: '24 senders on one bucket in a real Redis',
  },
  {
    name: 'sender-limits',
    cases: [7],
    suite: 'engines',
    file: 'test/engines/sender-limits.test.ts',
    title: 'limits from 0.2 to 10,000 a second, a full day and a second provider',
  },
  {
    name: 'sender-tasks',
    cases: [7],
    suite: 'engines',
    file: 'test/engines/sender-tasks.test.ts',
    title: '24 processes of the handler of Cloud Tasks on one bucket in a real Redis',
  },
  {
    name: 'k8s-sender',
    cases: [7],
    suite: 'engines',
    file: 'test/engines/k8s-sender.test.ts',
    title: 'the pods of notifications on a real Redis and an SMTP server',
  },
  {
    name: 'coalescer',
    cases: [9],
    suite: 'engines',
    file: 'test/engines/coalescer.test.ts',
    title: '100,000 events in a minute, merged from a real Redis',
  },
  {
    name: 'coalescer-kinesis',
    cases: [9],
    suite: 'engines',
    file: 'test/engines/coalescer-kinesis.test.ts',
    title: 'the merger behind a stream of the local AWS',
  },
  {
    name: 'jvm',
    cases: [10],
    suite: 'engines',
    file: 'test/engines/jvm.test.ts',
    title: 'flags and heaps on JVMs of Java 17, 21 and 25',
  },
  {
    name: 'bounded-service',
    cases: [12],
    suite: 'engines',
    file: 'test/engines/bounded-service.test.ts',
    title: 'a gate before a real HTTP server, at half to five times its capacity',
  },
  {
    name: 'bounded-service-limit',
    cases: [12],
    suite: 'engines',
    file: 'test/engines/bounded-service-limit.test.ts',
    title: 'a gate whose limit follows a real HTTP server that loses half of its processors, and one with fixed slots',
  },
  {
    name: 'bounded-service-k6',
    cases: [12],
    suite: 'engines',
    file: 'test/engines/bounded-service-k6.test.ts',
    title: 'the script for k6 as it is shipped, against the gate before a real HTTP server',
  },
  {
    name: 'bounded-pool',
    cases: [12],
    suite: 'engines',
    file: 'test/engines/bounded-pool.test.ts',
    title: 'a thread pool of Java with the threads and the queue of the plan, and with one too long',
  },
  {
    name: 'bounded-python',
    cases: [12],
    suite: 'engines',
    file: 'test/engines/bounded-python.test.ts',
    title: "anyio's limiter with the slots and the queue of the plan, and clients with its attempts and its breaker",
  },
  {
    name: 'replica-lag',
    cases: [8],
    suite: 'engines',
    file: 'test/engines/replica-lag.test.ts',
    title: 'a pair of MariaDB in a peak of writes, without and with the guard',
  },
  {
    name: 'metrics-sampling',
    cases: [19],
    suite: 'engines',
    file: 'test/engines/metrics-sampling.test.ts',
    title: 'two thousand series a target, relabelled by Prometheus 2 and 3',
  },
  {
    name: 'partitioned-stream',
    cases: [5],
    suite: 'engines',
    file: 'test/engines/partitioned-stream.test.ts',
    title: 'consumers of a Kafka that fall behind, keep up, and are killed',
  },
  {
    name: 'stream-lag',
    cases: [5],
    suite: 'cluster',
    file: 'test/cluster/stream-lag.test.ts',
    title: 'KEDA in a real control plane follows the lag of a stream',
  },
  {
    name: 'kafka-quotas',
    cases: [18],
    suite: 'engines',
    file: 'test/engines/kafka-quotas.test.ts',
    title: 'a tenant that wants sixteen times its share of a Kafka',
  },
  {
    name: 'webhook-receiver',
    cases: [15],
    suite: 'engines',
    file: 'test/engines/webhook-receiver.test.ts',
    title: 'the receiver of Google Cloud in front of a Pub/Sub emulator',
  },
  {
    name: 'pubsub-worker',
    cases: [6],
    suite: 'engines',
    file: 'test/engines/pubsub-worker.test.ts',
    title: 'the loop of a worker pool on a Pub/Sub emulator, killed and stopped',
  },
  {
    name: 'kafka-webhook',
    cases: [15],
    suite: 'engines',
    file: 'test/engines/kafka-webhook.test.ts',
    title: 'the receiver and the consumer of Kubernetes on a real Kafka, in a flood',
  },
  {
    name: 'order-intake',
    cases: [14, 15],
    suite: 'local',
    title: 'a flood of webhooks into the stack on a local AWS',
  },
  {
    name: 'spread-schedule',
    cases: [4],
    suite: 'cluster',
    file: 'test/cluster/spread-schedule.test.ts',
    title: 'jobs at their minutes, by a real CronJob controller',
  },
  {
    name: 'order-processing',
    cases: [2, 14],
    suite: 'cluster',
    file: 'test/cluster/order-processing.test.ts',
    title: 'an order peak on KEDA, autoscaler and RabbitMQ',
  },
  {
    name: 'rabbitmq-topology',
    cases: [2],
    suite: 'engines',
    file: 'test/engines/rabbitmq-topology.test.ts',
    title: 'the objects of a queue, declared and repaired on a real RabbitMQ',
  },
  {
    name: 'rabbitmq-worker',
    cases: [2],
    suite: 'engines',
    file: 'test/engines/rabbitmq-worker.test.ts',
    title: 'a peak of orders on a real RabbitMQ, with tasks that are killed',
  },
  {
    name: 'scaled-job',
    cases: [6],
    suite: 'cluster',
    file: 'test/cluster/scaled-job.test.ts',
    title: 'a job for each item, on KEDA with RabbitMQ and Redis',
  },
  {
    name: 'fair-share',
    cases: [20],
    suite: 'cluster',
    file: 'test/cluster/fair-share.test.ts',
    title: 'quotas of tenants at a real API server',
  },
];
