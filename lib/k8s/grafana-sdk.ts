/** The parts of Grafana's SDK that dashboards are built from; in the package this file has their code inside. */
export { DashboardBuilder, DatasourceVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
export { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
export { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
