/** What a page says of costs follows from its example and the price list, and leaves nothing out in silence. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { atRest, resourceOf } from '../../docs/costs/aws';
import { exampleOf } from '../../docs/costs/example';
import { requestsTable } from '../../docs/costs/k8s';
import { costSection } from '../../docs/costs/section';

const FOLDER = join(__dirname, '..', '..', 'docs', 'constructs');
const pages = readdirSync(FOLDER).filter((name) => name !== 'from-chart.md');
const page = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

test.each(pages)('%s says what its example costs, and what it says is written', (name) => {
  const [, written] = /^## What it costs\n\n<!-- cost:begin -->\n(.*?)<!-- cost:end -->/ms.exec(page(name)) ?? [];
  expect(written?.trim()).toMatch(/^(\| |No pods)/);
});

describe('on AWS', () => {
  const stack = () => new Stack(new App(), 'S');

  test('a type that is neither priced nor known to be free is an error', () => {
    const nat = new CfnResource(stack(), 'Nat', { type: 'AWS::EC2::NatGateway' });
    expect(() => atRest([resourceOf(nat)], [])).toThrow('AWS::EC2::NatGateway');
  });

  test('an alarm costs as much as the metrics it reads, and those that are not of AWS cost besides', () => {
    const metric = (namespace: string, metricName: string) => new Metric({ namespace, metricName });
    const [own, theirs] = [metric('Shop', 'Refused'), metric('AWS/SQS', 'NumberOfMessagesSent')];
    const alarm = (of: Metric, id: string, scope: Stack) =>
      new Alarm(scope, id, { metric: of, threshold: 1, evaluationPeriods: 1 }).node.defaultChild as CfnResource;
    const scope = stack();
    // Two alarms on one own metric: two alarms, one metric.
    const alarms = [alarm(own, 'A', scope), alarm(own, 'B', scope), alarm(theirs, 'C', scope)];
    const charges = atRest(alarms.map(resourceOf), []);
    expect(charges).toEqual([
      { what: '3 alarms on 3 metrics', dollars: expect.closeTo(0.3) },
      { what: '1 custom metric that they read', dollars: expect.closeTo(0.3) },
    ]);
  });

  test('messages of the first page: 40 a second, and half an hour a day of 400', () => {
    const { made } = exampleOf(page('redrive-queue.md'));
    expect(made.map(({ name }) => name)).toEqual(['RedriveQueue']);
    // (40 × 730 h × 3,600 s + 360 × 1,800 s × 365 ÷ 12 days) × 3 requests × 0.40 USD a million
    const dollars = ((40 * 730 * 3600 + 360 * 1800 * (365 / 12)) * 3 * 0.4) / 1e6;
    expect(costSection('redrive-queue.md', page('redrive-queue.md'))).toContain(
      `| ${Number(dollars.toPrecision(3))} USD a month |`,
    );
  });

  test('a load twice as high costs twice as much', () => {
    const text = page('redrive-queue.md').replace(
      'steadyPerSecond: 40, peakPerSecond: 400',
      'steadyPerSecond: 80, peakPerSecond: 800',
    );
    expect(costSection('redrive-queue.md', text)).toContain('| 300 USD a month |');
  });
});

describe('on Kubernetes', () => {
  const pod = (spec: object) => ({
    containers: [{ resources: { requests: { cpu: '250m', memory: '1Gi' } } }],
    ...spec,
  });
  const deployment = (replicas?: number) => ({
    kind: 'Deployment',
    metadata: { name: 'worker' },
    spec: { replicas, template: { spec: pod({}) } },
  });

  test('a Deployment that is scaled has its fewest at rest and its most at the peak', () => {
    const scaler = {
      kind: 'ScaledObject',
      spec: { scaleTargetRef: { name: 'worker' }, minReplicaCount: 0, maxReplicaCount: 9 },
    };
    expect(requestsTable([deployment(), scaler])).toContain('| 0.25 CPU, 1,024 MiB | none | 9 pods |');
    expect(requestsTable([deployment(3)])).toContain('| 3 pods | 3 pods |');
    const scaleTargetRef = { name: deployment().metadata.name };
    const autoscaler = { kind: 'HorizontalPodAutoscaler', spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 4 } };
    expect(requestsTable([deployment(), autoscaler])).toContain('| 2 pods | 2 pods, 4 at most |');
    expect(() => requestsTable([deployment()])).toThrow('pods without a number');
  });

  test('a Spark application has a driver and its executors, with the memory beside the heap', () => {
    const role = { cores: 1, memory: '2g', memoryOverhead: '512m' };
    const spec = { driver: role, executor: { ...role, instances: 3 } };
    const table = requestsTable([{ kind: 'SparkApplication', metadata: { name: 'etl' }, spec }]);
    expect(table).toContain('| driver of `etl` | 1 CPU, 2,560 MiB | 1 pod | 1 pod |');
    expect(table).toContain('| executor of `etl` | 1 CPU, 2,560 MiB | 3 pods | 3 pods |');
    const scheduled = { kind: 'ScheduledSparkApplication', metadata: { name: 'job' }, spec: { template: spec } };
    expect(requestsTable([scheduled])).toContain('| none | 3 pods, while it runs |');
  });

  test('pods of a kind that it does not know are an error', () => {
    expect(() => requestsTable([{ ...deployment(1), kind: 'Rollout' }])).toThrow('Rollout');
  });
});
