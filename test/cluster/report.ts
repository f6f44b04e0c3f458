/** The page that a run on the cluster leaves behind: predicted beside measured. */
import { figure } from '../../lib/flow/figures';
import type { Consumer, Objective, QueuePlan, Workload } from '../../lib/flow/queue/workload';

/** Predicted and measured, by what is compared. */
export type Rows = Readonly<Record<string, readonly [number, number]>>;

/** A run as a page of Markdown. */
export function reportOf(
  { workload, objective, consumer }: { workload: Workload; objective: Objective; consumer: Consumer },
  plan: QueuePlan,
  rows: Rows,
  orders: number,
): string {
  const given = Object.entries({ ...workload, ...objective, ...consumer }).map(([name, value]) => `${name} ${value}`);
  const table = Object.entries(rows).map(([name, [predicted, measured]]) => {
    const off = Math.round(100 * (measured / predicted - 1));
    return `| ${name} | ${figure(predicted)} | ${figure(measured)} | ${off > 0 ? '+' : ''}${off} % |`;
  });
  return [
    '# Order processing, measured',
    '',
    'Written by `RECORD=1 npm run test:cluster`: a real Kubernetes API server, autoscaler, KEDA and RabbitMQ; the pods are',
    'local processes, as many as the Deployment has ready replicas.',
    '',
    `${orders} orders; ${given.join(', ')}.`,
    '',
    `Derived: ${['minInstances', 'maxInstances', 'targetPerReplica', 'prefetch'].map((name) => `${name} ${figure(plan.value(name))}`).join(', ')}; reaction ${figure(plan.predictions.reactionSeconds)} s.`,
    '',
    '| | predicted | measured | |',
    '|---|---:|---:|---:|',
    ...table,
    '',
  ].join('\n');
}
