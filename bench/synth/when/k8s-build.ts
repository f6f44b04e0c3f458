/** Synthesizes the constructs of all subjects but queues on Kubernetes, or the same objects written by hand. */
import { deepStrictEqual } from 'node:assert';
import { App, Chart } from 'cdk8s';
import type { Side } from '../build';
import { inEmptyFolder, timed } from '../timed';
import { k8sCompaction } from './k8s-compaction';
import { k8sEtl } from './k8s-etl';
import { k8sJvm } from './k8s-jvm';
import { k8sMerging } from './k8s-merging';
import { NAMESPACE } from './k8s-parts';
import { k8sRates } from './k8s-rates';
import { k8sReplication } from './k8s-replication';
import { k8sSchedule } from './k8s-schedule';
import { k8sServices } from './k8s-services';
import { k8sStreams } from './k8s-streams';
import { type Maker, makers } from './rivals';
import type { WhenSubject } from './subject';

const chartOf = (app: App) => new Chart(app, 'shop', { namespace: NAMESPACE });

const root = () => chartOf(new App());

const MAKERS: Readonly<Record<WhenSubject, (side: Side) => Maker<Chart>>> = {
  schedule: makers(k8sSchedule, root),
  rates: makers(k8sRates, root),
  merging: makers(k8sMerging, root),
  jvm: makers(k8sJvm, root),
  compaction: makers(k8sCompaction, root),
  streams: makers(k8sStreams, root),
  etl: makers(k8sEtl, root),
  services: makers(k8sServices, root),
  replication: makers(k8sReplication, root),
};

/** CPU seconds of an app with so many of them, written as `cdk8s synth` does. */
export function synthesizeWhenK8s(subject: WhenSubject, side: Side, count: number): { seconds: number } {
  const make = MAKERS[subject](side);
  return inEmptyFolder((outdir) =>
    timed(() => {
      const app = new App({ outdir });
      const chart = chartOf(app);
      for (let number = 0; number < count; number += 1) make(chart, number);
      app.synth();
    }),
  );
}

/** Those whose numbers the library can be asked for without their construct. */
export const PLANNED: readonly WhenSubject[] = ['jvm', 'compaction', 'streams', 'etl', 'services', 'replication'];

/** A ratio is valid only if both sides make the same. */
export function assertSameWhenK8s(subject: WhenSubject): void {
  const [ours, byHand] = (['ours', 'by-hand'] as const).map((side) => {
    const make = MAKERS[subject](side);
    const chart = chartOf(new App());
    for (let number = 0; number < 2; number += 1) make(chart, number);
    return (chart.toJson() as Named[]).map(withKey).sort(([one], [other]) => (one < other ? -1 : 1));
  });
  deepStrictEqual(byHand, ours, `the two sides of ${subject} write different objects`);
}

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

const withKey = (object: Named) => [`${object.kind} ${object.metadata.name}`, object] as const;
