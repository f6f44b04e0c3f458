import { least } from '../extremes';
import type { Rule } from '../rule';
import type { Manifests } from './read/manifests';
import { endpoints, prometheusRules, rateWindows } from './read/prometheus-config';
import { plain } from './read/quantities';

/** Two samples have to lie within the look-back of five minutes, one of which may be missed. */
const LONGEST_INTERVAL_SECONDS = 120;

/** Scrapes within the window of a rate, so that one missed scrape does not leave it without two samples. */
const SCRAPES_IN_WINDOW = 4;

/** Series that the exporters of a cluster bring, and selectors of their jobs. */
const FOREIGN =
  /\b(kube|node|container|kubelet|apiserver|etcd|coredns|cadvisor|machine|scheduler|workqueue|rest_client)_\w+|\bjob=~?"[^"]*(kube|node|kubelet|apiserver|cadvisor)/;

/** Labels that say which pod a sample is of. */
const POD_LABELS = ['pod', 'pod_name', 'kubernetes_pod_name', 'instance'];

/** The lag that a replica reports itself, by mysqld_exporter. */
const BEHIND = /\bmysql_(?:slave|replica)_status_seconds_behind_(?:master|source)\b/;
/** What tells a replica that stands still from one that keeps up. */
const STANDS_STILL = /(?:sql|io)_running\b|\babsent(?:_over_time)?\s*\([^)]*seconds_behind|\bmysql_heartbeat_/;

/** Rules about what Prometheus scrapes and records. */
export const PROMETHEUS_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-PROM-001',
    title: 'Scraped less often than the look-back allows',
    why: 'A query sees samples of the last five minutes. When one scrape of a slow series is missed, no sample is left: graphs have gaps, and alerts resolve by themselves.',
    source: 'Prometheus, Querying basics, "Staleness": the look-back is five minutes',
    severity: 'warning',
    cases: [19],
    *check(manifests) {
      for (const { name, interval, seconds } of endpoints(manifests)) {
        if (seconds === undefined || seconds <= LONGEST_INTERVAL_SECONDS) continue;
        yield {
          at: interval,
          message: `${name} is scraped every ${plain(seconds)} s, above ${LONGEST_INTERVAL_SECONDS} s: one missed scrape leaves the look-back of 300 s empty`,
          fix: 'scrape every 2m at most, and drop or aggregate series instead',
        };
      }
    },
  },
  {
    id: 'BP-PROM-002',
    title: 'A rate over a window with too few scrapes',
    why: 'A rate needs two samples in its window. When the window is hardly longer than the scrape interval, one late or missed scrape leaves a gap, and an alert on it does not fire.',
    source: 'Grafana, Prometheus data source: $__rate_interval is at least four times the scrape interval',
    severity: 'warning',
    cases: [19],
    *check(manifests) {
      const intervals = endpoints(manifests).map(({ seconds }) => seconds);
      // The endpoint of a series is not known: only windows too short for all endpoints are reported.
      if (intervals.length === 0 || intervals.includes(undefined)) return;
      const shortest = SCRAPES_IN_WINDOW * least(intervals.map((seconds) => seconds!));
      for (const { at, expression } of prometheusRules(manifests)) {
        const window = least(rateWindows(expression));
        // Series of the cluster and of other jobs are scraped by what is not among these files.
        if (window >= shortest || FOREIGN.test(expression)) continue;
        yield {
          at,
          message: `a rate over ${plain(window)} s, while no target is scraped more often than every ${plain(shortest / SCRAPES_IN_WINDOW)} s: below ${SCRAPES_IN_WINDOW} scrapes (${plain(shortest)} s)`,
          fix: `take the rate over ${plain(shortest)} s or more`,
        };
      }
    },
  },
  {
    id: 'BP-PROM-003',
    title: 'A recorded name does not name its aggregation',
    why: '`level:metric:operations` shows the remaining labels and whether it is a rate. Without them the recorded series may be aggregated again, wrongly.',
    source: 'Prometheus, Recording rules, "Naming": level:metric:operations',
    severity: 'warning',
    cases: [19],
    *check(manifests) {
      for (const { at, record, expression } of prometheusRules(manifests)) {
        // A rate that is recorded under a name without operations is taken for the counter it was made of.
        const colons = record?.split(':').length ?? 0;
        if (record === undefined || colons > 2 || !/\b(rate|irate|increase|delta)\s*\(/.test(expression)) continue;
        yield {
          at,
          message: `${record} records a rate under ${colons === 2 ? 'one colon' : 'no colon'}, not the two of level:metric:operations`,
          fix: 'name it after the remaining labels, the metric and the operations, as in job:http_requests:rate5m',
        };
      }
    },
  },
  {
    id: 'BP-PROM-004',
    title: 'Samples of some pods are dropped after they were scraped',
    why: 'The pods did the work and were scraped, but their counters are missing from every sum, which is too low by an unknown amount.',
    source: 'Prometheus, Configuration: relabel_configs act before the scrape, metric_relabel_configs on every sample',
    severity: 'error',
    cases: [19],
    *check(manifests) {
      for (const { name, samples, foreignLabels } of endpoints(manifests)) {
        if (foreignLabels) continue;
        for (const { at, action, labels, regex } of samples) {
          if (action !== 'drop' || labels.length === 0 || !labels.every((label) => POD_LABELS.includes(label)))
            continue;
          yield {
            at,
            message: `samples of pods that match ${regex ?? 'a pattern'} are dropped after ${name} was scraped: sums lack their counts, and no scrape is saved`,
            fix: 'drop the target before the scrape (relabelings, relabel_configs), or record a sum over pods and keep that one longer',
          };
        }
      }
    },
  },
  {
    id: 'BP-PROM-005',
    title: 'Series of several pods become one',
    why: 'Without the labels of the pod and of the instance the counters of all pods have one name. Prometheus refuses what is out of order and takes the rest in turns: every rate over them is wrong.',
    source: 'Prometheus, Configuration, metric_relabel_configs: "labeldrop … metrics must still be uniquely labeled"',
    severity: 'error',
    cases: [19],
    *check(manifests) {
      for (const { name, samples, foreignLabels } of endpoints(manifests)) {
        if (foreignLabels) continue;
        const drops = samples.filter(({ action }) => action === 'labeldrop');
        const dropped = TELLING.map((label) => drops.find(({ regex }) => droppedBy(regex, label)));
        const [first] = dropped;
        if (first === undefined || dropped.includes(undefined)) continue;
        yield {
          at: first.at,
          message: `labeldrop of ${TELLING.join(' and ')} after ${name} was scraped: the counters of all its pods become one series, which jumps between them`,
          fix: 'keep one of the two labels, and sum without it in a recording rule',
        };
      }
    },
  },
  {
    id: 'BP-PROM-008',
    title: 'An alert on the lag of a replica is silent when replication stops',
    why: 'Seconds_Behind_Source is NULL while a thread of the replica stands still, and the exporter then has no series: an alert above a bound does not fire, although the lag grows by a second each second.',
    source: 'MySQL Reference Manual, SHOW REPLICA STATUS, Seconds_Behind_Source: NULL if the applier is not running',
    severity: 'warning',
    cases: [8],
    *check(manifests) {
      const rules = prometheusRules(manifests);
      // An expression that is not decided may be the one that asks.
      if (rules.some(({ expression }) => expression === '' || STANDS_STILL.test(expression))) return;
      for (const { at, record, expression } of rules) {
        const [metric] = BEHIND.exec(expression) ?? [];
        if (record !== undefined || metric === undefined) continue;
        yield {
          at,
          message: `it compares ${metric}, which has no value while replication stands still, and no rule asks for that`,
          fix: 'add an alert on mysql_slave_status_slave_sql_running == 0 or absent() of the metric, or measure the lag with a heartbeat',
        };
      }
    },
  },
  {
    id: 'BP-PROM-006',
    title: 'The last bucket of histograms is dropped',
    why: 'A quantile is computed from all values, which only the bucket of +Inf counts. Without it `histogram_quantile` gives NaN: graphs are empty, and alerts on them are silent.',
    source: 'Prometheus, Query functions, histogram_quantile: "the highest bucket must have an upper bound of +Inf"',
    severity: 'error',
    cases: [19],
    *check(manifests) {
      for (const { name, samples } of endpoints(manifests)) {
        for (const { at, action, labels, regex } of samples) {
          if (regex === undefined || labels.at(-1) !== 'le' || !['drop', 'keep'].includes(action ?? '')) continue;
          const bounds = ofLastLabel(regex, labels.length);
          if (bounds === undefined || matches(bounds, '+Inf') !== (action === 'drop')) continue;
          yield {
            at,
            message: `${action} by le with ${regex} after ${name} was scraped removes the buckets of le="+Inf": histogram_quantile over them has no result`,
            fix:
              action === 'drop'
                ? 'name the bounds to drop one by one, such as 0\\.005|0\\.01, and leave +Inf'
                : 'drop the bounds that may go instead: keep also removes every series without le',
          };
        }
      }
    },
  },
  {
    id: 'BP-PROM-007',
    title: 'A rule needs buckets that are converted',
    why: 'A histogram that is stored as a native one has no series _bucket, _sum and _count. A rule on them has no data, and its alert does not fire.',
    source:
      'Prometheus, Configuration, convert_classic_histograms_to_nhcb; Native histograms, "Migration considerations"',
    severity: 'warning',
    cases: [19],
    *check(manifests) {
      const scraped = endpoints(manifests);
      // Which endpoint a series is from is not known: only where none keeps its classic histograms.
      if (scraped.length === 0 || !scraped.every(({ converts }) => converts)) return;
      for (const { at, expression } of prometheusRules(manifests)) {
        const [, bucket] = /\b([a-zA-Z_:][\w:]*)_bucket\b/.exec(withoutTexts(expression)) ?? [];
        if (bucket === undefined || bucket.includes(':') || FOREIGN.test(expression)) continue;
        yield {
          at,
          message: `${bucket}_bucket is queried, and every endpoint here converts its histograms: there is only ${bucket}`,
          fix: `write it as histogram_quantile(0.99, sum(rate(${bucket}[5m]))), or set scrapeClassicHistograms until the rules are changed`,
        };
      }
    },
  },
];

/** The part of a pattern that the last of several joined labels has to match; undefined when that is not told apart. */
function ofLastLabel(regex: string, labels: number): string | undefined {
  if (labels === 1) return regex;
  const at = regex.lastIndexOf(';');
  return at < 0 ? undefined : regex.slice(at + 1);
}

function matches(pattern: string, text: string): boolean | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`).test(text);
  } catch {
    return undefined;
  }
}

function withoutTexts(expression: string): string {
  return expression.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
}

/** The labels of which one has to stay. */
const TELLING = ['instance', 'pod'];

/** Whether an expression, which Prometheus anchors, is this label, or one of several with it. */
function droppedBy(regex: string | undefined, label: string): boolean {
  const words = (regex ?? '').replace(/^\^?\(?(?:\?:)?|\)?\$?$/g, '').split('|');
  return words.includes(label);
}
