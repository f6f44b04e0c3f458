/** Synthesizes the constructs of cases 4, 7 and 9 on Kubernetes, or the same objects written by hand. */
import { deepStrictEqual } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Chart } from 'cdk8s';
import type { Side } from '../build';
import { k8sMerging } from './k8s-merging';
import { NAMESPACE } from './k8s-parts';
import { k8sRates } from './k8s-rates';
import { k8sSchedule } from './k8s-schedule';
import type { WhenSubject } from './subject';

interface Rivals<K> {
  readonly known: (chart: Chart) => K;
  readonly ours: (chart: Chart, number: number) => unknown;
  readonly byHand: (chart: Chart, number: number, known: K) => void;
}

type Maker = (chart: Chart, number: number) => unknown;

const chartOf = (app: App) => new Chart(app, 'shop', { namespace: NAMESPACE });

/** What the hand-written side needs is known in advance, so that only writing is timed. */
function makers<K>({ known, ours, byHand }: Rivals<K>): (side: Side) => Maker {
  return (side) => {
    const numbers = known(chartOf(new App()));
    return side === 'ours' ? ours : (chart, number) => byHand(chart, number, numbers);
  };
}

const MAKERS: Readonly<Record<WhenSubject, (side: Side) => Maker>> = {
  schedule: makers(k8sSchedule),
  rates: makers(k8sRates),
  merging: makers(k8sMerging),
};

/** CPU seconds of an app with so many of them, written as `cdk8s synth` does. */
export function synthesizeWhenK8s(subject: WhenSubject, side: Side, count: number): { seconds: number } {
  const make = MAKERS[subject](side);
  const outdir = mkdtempSync(join(tmpdir(), 'backpressure-bench-'));
  try {
    const before = process.cpuUsage();
    const app = new App({ outdir });
    const chart = chartOf(app);
    for (let number = 0; number < count; number += 1) make(chart, number);
    app.synth();
    const { user, system } = process.cpuUsage(before);
    return { seconds: (user + system) / 1e6 };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

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
