/** Kubernetes manifests in tests: what a chart writes, and one object of it. */
import { Chart, Testing } from 'cdk8s';

/** A manifest: any object, read loosely. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach deep into documents whose shape they assert.
export type Manifest = any;

/** What a chart writes. */
export interface Written {
  readonly manifests: Manifest[];
  /** As the property on random props reads it. */
  readonly template: { toJSON(): unknown };
}

/** An empty chart in a namespace of its own. */
export function emptyChart(namespace = 'shop'): Chart {
  return new Chart(Testing.app(), 'shop', { namespace });
}

/** Everything in a chart. */
export function written(chart: Chart): Written {
  const manifests = Testing.synth(chart);
  return { manifests, template: { toJSON: () => manifests } };
}

/** Every object of a kind. */
export function every({ manifests }: Written, kind: string): Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}

/** The one object of a kind. */
export function one(chart: Written, kind: string): Manifest {
  const found = every(chart, kind);
  expect(found).toHaveLength(1);
  return found[0];
}
