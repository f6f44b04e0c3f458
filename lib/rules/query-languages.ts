/**
 * In which language an expression is: dashboards, alerts and scalers say of which data source it asks. What says nothing, or
 * names a source whose type is not known here, is read as PromQL, because it may be.
 *
 * Source: Grafana, dashboard JSON model; KEDA, scalers.
 */
import { isMapping } from './resolved';

/** Types of data sources, and of triggers of KEDA, whose queries are no PromQL. */
const OTHERS = new Set(
  `loki tempo jaeger zipkin parca grafana-pyroscope-datasource pyroscope phlare alertmanager graphite influxdb opentsdb
  elasticsearch opensearch grafana-opensearch-datasource cloudwatch aws-cloudwatch grafana-azure-monitor-datasource
  azure-monitor azure-log-analytics azure-data-explorer datadog grafana-datadog-datasource new-relic mysql mssql postgres
  postgresql grafana-postgresql-datasource grafana-clickhouse-datasource vertamedia-clickhouse-datasource
  grafana-bigquery-datasource grafana-snowflake-datasource grafana-athena-datasource grafana-redshift-datasource
  grafana-timestream-datasource grafana-x-ray-datasource grafana-splunk-datasource grafana-mongodb-datasource mongodb
  arangodb cassandra couchdb etcd dynamodb victoriametrics-logs-datasource grafana-github-datasource
  grafana-testdata-datasource testdata yesoreyeram-infinity-datasource`.split(/\s+/),
);
/** No query at all: Grafana's own arithmetic on the results of others, such as `$A > 5`, and the type that a variable names. */
export const NO_QUERY = '__expr__';

/** Whose queries are read at a place of a document. */
export interface DataSource {
  /** Its type; none where it is not known. */
  readonly kind?: string;
  /** Types of the variables that stand for a data source, by name. */
  readonly variables: ReadonlyMap<string, string>;
}

/** Outside of every dashboard. */
export const ANY_SOURCE: DataSource = { variables: new Map() };

/** The type of the data source where it is known that its queries are no PromQL. */
export function otherLanguage({ kind }: DataSource): string | undefined {
  return kind !== undefined && (OTHERS.has(kind) || kind === NO_QUERY) ? kind : undefined;
}

/** The data source of what is in a mapping: its own, else that around it. */
export function sourceIn(value: Readonly<Record<string, unknown>>, around: DataSource): DataSource {
  const own = variablesOf(value);
  const variables = own.length === 0 ? around.variables : new Map([...around.variables, ...own]);
  const stated = statedKind(value, variables);
  return stated === undefined ? { ...around, variables } : { kind: stated || undefined, variables };
}

/** Variables of a dashboard that stand for a data source, and inputs of an exported one. */
function variablesOf({ templating, variables, __inputs }: Readonly<Record<string, unknown>>): [string, string][] {
  const lists = [isMapping(templating) ? templating.list : undefined, variables, __inputs];
  return lists
    .flatMap((list): unknown[] => (Array.isArray(list) ? list : []))
    .flatMap((one): [string, string][] => {
      if (!isMapping(one)) return [];
      const inner = one.kind === 'DatasourceVariable' ? { ...asMapping(one.spec), type: 'datasource' } : one;
      const { type, name, query, pluginId = query } = asMapping(inner);
      return type === 'datasource' && typeof name === 'string' && typeof pluginId === 'string'
        ? [[name, pluginId]]
        : [];
    });
}

function asMapping(value: unknown): Readonly<Record<string, unknown>> {
  return isMapping(value) ? value : {};
}

/** The type that a mapping states; empty where it states a source without a known type, undefined where it states none. */
function statedKind(
  { datasource, datasourceUid, kind, group, metadata, type }: Readonly<Record<string, unknown>>,
  variables: DataSource['variables'],
): string | undefined {
  if (type === 'datasource') return NO_QUERY;
  if (datasourceUid === NO_QUERY || datasourceUid === '-100') return NO_QUERY;
  if (kind === 'DataQuery' && typeof group === 'string') return group;
  // A trigger of KEDA.
  if (isMapping(metadata) && typeof type === 'string') return type;
  if (datasource === undefined || datasource === null) return undefined;
  if (!isMapping(datasource)) return ofVariable(datasource, variables);
  // The type `datasource` is that of Grafana's own sources, such as "-- Mixed --".
  return typeof datasource.type === 'string' && datasource.type !== 'datasource'
    ? datasource.type
    : ofVariable(datasource.uid, variables);
}

function ofVariable(text: unknown, variables: DataSource['variables']): string {
  const [, plain, old] = /^(?:\$\{?(\w+)|\[\[(\w+))/.exec(String(text)) ?? [];
  return variables.get(plain ?? old ?? '') ?? '';
}
