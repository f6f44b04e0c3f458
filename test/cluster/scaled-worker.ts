/** A `QueueWorker` on the cluster, and what KEDA and the autoscaler make of it. */
import { Duration, Yaml } from 'cdk8s';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import type { QueueWorkerProps } from '../../lib/k8s/queue/queue-worker-props';
import { emptyChart, type Manifest, one, written } from '../support/manifest';
import { conditions, outstanding, published, replicas, wanted } from './keda';
import { kubectl } from './kubernetes';
import { type Queue, secretOf } from './queue';
import type { SqsQueue } from './sqs';

/** Kinds of operators that nothing here needs. */
const ABSENT = ['PrometheusRule', 'Queue', 'Exchange', 'Binding', 'Policy'];

/** Six or seven replicas at its peak; the autoscaler of the tests looks every few seconds, and nobody waits for a cool-down. */
export const SIZE = {
  workload: { steadyPerSecond: 4, peakPerSecond: 20, peakSeconds: 60, serviceSeconds: 0.2 },
  objective: { latencySeconds: 100 },
  image: 'shop/orders:1.4.2',
  consumer: { pollSeconds: 2, startSeconds: 1 },
  cooldown: Duration.seconds(10),
};

/** A worker and its manifests. */
export class ScaledWorker {
  public readonly worker: QueueWorker;
  public readonly manifests: Manifest[];
  /** Name of the ScaledObject or ScaledJob. */
  public readonly scaler: string;
  /** The depth that its alerts watch where the scrape honours KEDA's labels, as PromQL. */
  public readonly depth: string;

  constructor(
    id: string,
    queue: Queue,
    public readonly namespace: string,
    props: Partial<QueueWorkerProps> = {},
  ) {
    const chart = emptyChart(namespace);
    this.worker = new QueueWorker(chart, id, { ...SIZE, trigger: queue.trigger, ...props });
    (queue as Partial<SqsQueue>).redirect?.(this.worker);
    this.scaler = this.worker.scaler.name;
    const all = written(chart);
    this.manifests = all.manifests;
    const [{ expr }] = one(all, 'PrometheusRule').spec.groups[0].rules;
    this.depth = /^max\((\S+) or \S+\) > \d+$/.exec(expr)?.[1] ?? expr;
  }

  public value(knob: string): number {
    return this.worker.plan.value(knob);
  }

  /** Replicas that so many items ask for. */
  public replicasFor(items: number): number {
    return Math.min(this.value('maxInstances'), Math.ceil(items / this.value('targetPerReplica')));
  }

  public async ready(): Promise<boolean> {
    return (await conditions('scaledobject', this.scaler, this.namespace)).includes('Ready');
  }

  /** Whether the autoscaler gets a number when it asks. */
  public async sees(): Promise<boolean> {
    return (await conditions('hpa', `keda-hpa-${this.scaler}`, this.namespace)).includes('ScalingActive');
  }

  public outstanding(): Promise<number> {
    return outstanding(this.scaler, this.namespace);
  }

  public wanted(): Promise<number | undefined> {
    return wanted(this.scaler, this.namespace);
  }

  public published(): Promise<number[]> {
    return published(this.depth);
  }

  public replicas(): Promise<number> {
    return replicas(this.worker.deployment?.name ?? '', this.namespace);
  }
}

/** Makes the namespace with the queue's Secret and the workers in it, field for field. */
export async function apply(queue: Queue, namespace: string, workers: readonly ScaledWorker[]): Promise<void> {
  const manifests = workers.flatMap(({ manifests }) => manifests).filter(({ kind }) => !ABSENT.includes(kind));
  await kubectl(['create', 'namespace', namespace]);
  await kubectl(['apply', '--validate=strict', '-f', '-'], Yaml.stringify(secretOf(queue, namespace), ...manifests));
}

/** Lets go of both; the cluster goes on. */
export async function remove(queue: Queue | undefined, namespace: string): Promise<void> {
  await kubectl(['delete', 'namespace', namespace, '--wait=false']).catch(() => {});
  await queue?.stop();
}
