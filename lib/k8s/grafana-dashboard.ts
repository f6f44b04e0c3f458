/** A Grafana dashboard in a ConfigMap, where Grafana's sidecar finds it by its label. */
import * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { DashboardBuilder, DataqueryBuilder, DatasourceVariableBuilder, PanelBuilder } from './grafana-sdk';
import { namespaceOf } from './promql';

/** One graph: lines over time in one unit. */
export interface Graph {
  readonly title: string;
  /** Unit in Grafana's notation: `short`, `s`, `bytes`, `percentunit`. */
  readonly unit: string;
  readonly lines: readonly { readonly legend: string; readonly expr: string }[];
}

const HEIGHT = 8;
const WIDTH = 12;

/** The label by which the sidecar of the Grafana chart finds dashboards. */
const SIDECAR_LABEL = { grafana_dashboard: '1' };

/**
 * A dashboard with these graphs, two a row. File and title contain the namespace: Grafana's sidecar writes the files of
 * all namespaces into one folder, where titles must be unique.
 */
export function grafanaDashboard(
  scope: Construct,
  id: string,
  name: string,
  graphs: readonly Graph[],
): kplus.ConfigMap {
  const namespace = namespaceOf(scope);
  const title = namespace === undefined ? name : `${name}, ${namespace}`;
  const builder = new DashboardBuilder(title)
    .tags(['backpressure'])
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const graph of graphs) builder.withPanel(panel(graph));
  const file = `${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.json`;
  return new kplus.ConfigMap(scope, id, {
    metadata: { labels: SIDECAR_LABEL },
    data: { [file]: JSON.stringify(builder.build(), null, 1) },
  });
}

function panel({ title, unit, lines }: Graph): PanelBuilder {
  const builder = new PanelBuilder()
    .title(title)
    .unit(unit)
    .min(0)
    .height(HEIGHT)
    .span(WIDTH)
    .datasource({ type: 'prometheus', uid: '$datasource' });
  for (const { legend, expr } of lines) builder.withTarget(new DataqueryBuilder().expr(expr).legendFormat(legend));
  return builder;
}
