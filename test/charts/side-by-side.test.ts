/** Two installations of one chart on one cluster, under one Prometheus and one Grafana: neither meets the other. */
import { type ChartProps, Testing } from 'cdk8s';
import { REFERENCE_CHARTS } from '../../charts/reference';
import { every, type Manifest, type Written, written } from '../support/manifest';
import { disjoint, type Selector, selectorsOf } from '../support/promql';

/** What an installation is given beside its namespace: its place on what both share. */
const PLACE: Readonly<Record<string, (name: string) => object>> = {
  // Two on one broker need a virtual host each.
  'order-processing': (vhost) => ({ vhost }),
  // Strimzi's operators of one cluster watch one namespace.
  'streaming-tenants': (name) => ({ clusterNamespace: `kafka-${name}` }),
  webhooks: (name) => ({ clusterNamespace: `kafka-${name}` }),
  // Both are on every node.
  'log-shipping': (name) => ({ logFolder: `/var/log/app/${name}` }),
  // Queues and namespaces of tenants belong to the cluster.
  'batch-pricing': (cohort) => ({ cohort }),
  // A name is given once in an organization.
  delivery: (runnerSetName) => ({ runnerSetName }),
};

const CLUSTER_WIDE = ['Namespace', 'PriorityClass', 'ClusterQueue', 'Cohort', 'ResourceFlavor'];

function install(chart: string, namespace: string): Written {
  const props: ChartProps = { namespace, ...PLACE[chart]?.(namespace) };
  return written(new REFERENCE_CHARTS[chart](Testing.app(), chart, props));
}

function rulesOf(installation: Written): Manifest[] {
  return every(installation, 'PrometheusRule').flatMap(({ spec }) =>
    spec.groups.flatMap(({ rules }: Manifest) => rules),
  );
}

function dashboardsOf(installation: Written): Record<string, Manifest> {
  const files = every(installation, 'ConfigMap')
    .filter(({ metadata }) => metadata.labels?.grafana_dashboard === '1')
    .flatMap(({ data }) => Object.entries<string>(data));
  return Object.fromEntries(files.map(([name, text]) => [name, JSON.parse(text)]));
}

function expressionsOf(installation: Written): string[] {
  const graphs = Object.values(dashboardsOf(installation)).flatMap(({ panels }) =>
    panels.flatMap(({ targets }: Manifest) => targets.map(({ expr }: Manifest) => expr)),
  );
  return [...rulesOf(installation).map(({ expr }) => expr), ...graphs];
}

const shown = ({ metric, matchers }: Selector) =>
  `${metric}{${matchers.map(({ label, operator, value }) => `${label}${operator}"${value}"`).join(',')}}`;

describe.each(Object.keys(REFERENCE_CHARTS))('two installations of %s', (chart) => {
  const [staging, production] = ['staging', 'production'].map((namespace) => install(chart, namespace));

  test('no expression of the one selects a series of the other', () => {
    const [ours, theirs] = [staging, production].map((one) => expressionsOf(one).flatMap(selectorsOf));
    expect(ours.length).toBeGreaterThan(5);
    const shared = ours.filter((one) => theirs.some((other) => !disjoint(one, other)));
    expect([...new Set(shared.map(shown))]).toEqual([]);
  });

  test('every alert says in which namespace it is, so that Alertmanager can route by it', () => {
    for (const [namespace, installation] of Object.entries({ staging, production })) {
      // Where the series are of several namespaces, each alert keeps that of its own.
      const ofOne = rulesOf(installation).filter(({ expr }) => !/\bby \([^)]*\bnamespace\b/.test(expr));
      expect(ofOne.length).toBeGreaterThan(3);
      expect(new Set(ofOne.map(({ labels }) => labels.namespace))).toEqual(new Set([namespace]));
    }
  });

  test('no object of the one is an object of the other', () => {
    const identities = ({ manifests }: Written) =>
      manifests.map(({ kind, metadata }) => `${metadata.namespace ?? 'the cluster'}: ${kind}/${metadata.name}`);
    const theirs = identities(production);
    expect(identities(staging).filter((one) => theirs.includes(one))).toEqual([]);
  });

  test('what belongs to the cluster is in no namespace, and everything else is in one', () => {
    for (const { kind, metadata } of staging.manifests)
      expect([kind, metadata.namespace]).toEqual([kind, CLUSTER_WIDE.includes(kind) ? undefined : expect.any(String)]);
  });

  test('no folder of a node belongs to both', () => {
    const folders = (installation: Written) =>
      every(installation, 'DaemonSet').flatMap(({ spec }) =>
        spec.template.spec.volumes.flatMap(({ hostPath }: Manifest) => hostPath?.path ?? []),
      );
    const theirs = folders(production);
    expect(folders(staging).filter((folder) => theirs.includes(folder))).toEqual([]);
  });

  test('each has a dashboard of its own, also in a folder that Grafana fills from every namespace', () => {
    const [ours, theirs] = [staging, production].map(dashboardsOf);
    expect(Object.keys(ours).length).toBeGreaterThan(0);
    expect(Object.keys(ours).filter((file) => file in theirs)).toEqual([]);
    const titles = Object.values(theirs).map(({ title }) => title);
    expect(Object.values(ours).filter(({ title }) => titles.includes(title))).toEqual([]);
  });
});

describe('the judge of two selectors', () => {
  const one = (expr: string) => selectorsOf(expr)[0];
  test.each<[string, string, boolean]>([
    ['a{x="1"}', 'b{x="1"}', true],
    ['a{x="1"}', 'a{x="2"}', true],
    ['a{x="1"}', 'a{y="2"}', false],
    ['a{x="1",y="1"}', 'a{x="1",y="2"}', true],
    ['a{x=~"1|2"}', 'a{x=~"2|3"}', false],
    ['a{x=~"1|2"}', 'a{x=~"3|4"}', true],
    ['a{x=~"s-[0-9]+"}', 'a{x="s-12"}', false],
    ['a{x=~"s-[0-9]+"}', 'a{x="s-x"}', true],
    ['a{x=~"s-[0-9]+"}', 'a{x=~"t-[0-9]+"}', false],
    ['a', 'a{x="1"}', false],
    ['a{x="1",y!="z"}', 'a{x="2",y!="z"}', true],
    ['a{x="1",y!="z"}', 'a{x="1",y="z"}', false],
  ])('%s and %s are disjoint: %s', (ours, theirs, expected) => {
    expect(disjoint(one(ours), one(theirs))).toBe(expected);
    expect(disjoint(one(theirs), one(ours))).toBe(expected);
  });

  test('finds each selector of an expression, and metrics without labels', () => {
    const expr = 'max by (x) (rate(a{x="}\\""}[5m])) > 3 and on (y) (b or sum(c{y=~"1|2"})) unless vector(1)';
    expect(selectorsOf(expr).map(({ metric }) => metric)).toEqual(['a', 'c', 'b']);
  });
});
