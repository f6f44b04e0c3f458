import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { MetricsSampling, type MetricsSamplingProps } from '../../../lib/aws/metrics/metrics-sampling';
import { TOO_MANY_METRICS, TOO_MANY_METRICS_ON_AWS } from '../../../lib/cases/case-19-too-many-metrics';
import { InvalidInputError } from '../../../lib/flow/errors';
import { MetricKind } from '../../../lib/flow/metrics/workload';
import type { Untyped } from '../../support/stack';

function make(given: (stack: Stack) => Partial<MetricsSamplingProps> = () => ({})) {
  const stack = new Stack(new App(), 'Observability');
  const metrics = new MetricsSampling(stack, 'Metrics', { ...TOO_MANY_METRICS_ON_AWS, ...given(stack) });
  return { stack, metrics };
}

const { stack, metrics } = make((scope) => ({ alarmTopic: new Topic(scope, 'Topic') }));
const role = new Role(stack, 'Writer', { assumedBy: new ServicePrincipal('pods.eks.amazonaws.com') });
metrics.grantRemoteWrite(role);
const template = Template.fromStack(stack);
const only = (type: string): Untyped => {
  const found = Object.values(template.findResources(type));
  expect(found).toHaveLength(1);
  return found[0];
};
const value = (name: string) => metrics.plan.value(name);

test('a source has its limit, by the label that the scrape sets', () => {
  const { WorkspaceConfiguration } = only('AWS::APS::Workspace').Properties;
  expect(WorkspaceConfiguration).toEqual({
    RetentionPeriodInDays: 150,
    LimitsPerLabelSets: [
      { LabelSet: [{ Name: 'job', Value: 'pods' }], Limits: { MaxSeries: value('maxSeries.pods') } },
    ],
  });
  expect(JSON.parse(metrics.scrapeConfigs.pods).job_name).toBe('pods');
});

test('the workspace outlives the stack, with its rules; its log is of failures and does not', () => {
  for (const type of ['AWS::APS::Workspace', 'AWS::APS::RuleGroupsNamespace']) {
    expect(only(type)).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  }
  expect(only('AWS::Logs::LogGroup').DeletionPolicy).toBe('Delete');
  expect(only('AWS::APS::Workspace').Properties.LoggingConfiguration.LogGroupArn).toBeDefined();
});

test('sums are recorded under level:metric:operations, once a minute', () => {
  expect(JSON.parse(only('AWS::APS::RuleGroupsNamespace').Properties.Data)).toEqual({
    groups: [
      {
        name: 'recordings',
        interval: '60s',
        rules: [
          {
            record: 'job_code:http_requests:rate5m',
            expr: 'sum by (job, code) (rate(http_requests_total[5m]))',
          },
        ],
      },
    ],
  });
  expect(make(() => ({ recordings: [] })).metrics.ruleGroups).toBeUndefined();
});

test('the Prometheus that writes has every limit and step of the plan, and sends native histograms that programs expose', () => {
  expect(JSON.parse(metrics.scrapeConfigs.pods)).toMatchObject({
    scrape_interval: '30s',
    sample_limit: value('sampleLimit.pods'),
    target_limit: value('targetLimit.pods'),
    scrape_native_histograms: true,
    metric_relabel_configs: [
      { action: 'drop', source_labels: ['__name__'], regex: 'http_client_connections|rpc_client_messages_total' },
    ],
  });
  // The service discards custom buckets.
  expect(metrics.scrapeConfigs.pods).not.toContain('nhcb');
  expect(metrics.remoteWriteConfig).toContain('"send_native_histograms": true');
});

test('who may write may do nothing else', () => {
  const [{ Properties }] = Object.values<Untyped>(template.findResources('AWS::IAM::Policy'));
  expect(Properties.PolicyDocument.Statement).toEqual([
    { Action: 'aps:RemoteWrite', Effect: 'Allow', Resource: stack.resolve(metrics.workspace.attrArn) },
  ]);
});

const alarms = Object.values<Untyped>(template.findResources('AWS::CloudWatch::Alarm')).map(
  ({ Properties }) => Properties,
);
const thresholdOf = (text: string) => alarms.find((one) => JSON.stringify(one).includes(text)).Threshold;

test('alarms ask for this workspace, and report', () => {
  expect(alarms).toHaveLength(5);
  for (const properties of alarms) {
    expect(properties.AlarmActions).toHaveLength(1);
    expect(JSON.stringify(properties.Metrics ?? properties.Dimensions)).toContain('WorkspaceId');
    expect(properties.TreatMissingData).toBe('notBreaching');
  }
  expect(thresholdOf("'ActiveSeries'")).toBe(value('alarmSeries'));
  expect(thresholdOf("'IngestionRate'")).toBe(value('alarmSamplesPerSecond'));
});

test('a source that comes close to its own limit is told, by the label set that its limit is on', () => {
  const [alarm] = alarms.filter(({ MetricName }) => MetricName === 'ActiveSeriesPerLabelSet');
  const [{ LabelSet }] = only('AWS::APS::Workspace').Properties.WorkspaceConfiguration.LimitsPerLabelSets;
  expect(alarm).toMatchObject({
    Namespace: 'AWS/Prometheus',
    Statistic: 'Maximum',
    Threshold: value('alarmSeries.pods'),
    Dimensions: expect.arrayContaining([
      { Name: 'LabelSet', Value: `{${LabelSet[0].Name}="${LabelSet[0].Value}"}` },
      { Name: 'Workspace', Value: stack.resolve(metrics.workspace.attrWorkspaceId) },
    ]),
  });
  expect(alarm.Threshold).toBeGreaterThan(5.96e6);
  expect(alarm.Threshold).toBeLessThan(value('maxSeries.pods'));
  expect(Object.keys(metrics.sourceAlarms)).toEqual(['pods']);
});

test('one of two sources is discarded long before the budget is used up: it has an alarm of its own', () => {
  const families = [{ name: 'work_total', kind: MetricKind.COUNTER, labelSets: 95 }];
  const two = make(() => ({
    workload: {
      sources: [
        { name: 'small-one', targets: 10, families },
        { name: 'large', targets: 990, families },
      ],
    },
    objective: { activeSeries: 200_000 },
    uses: [],
    recordings: [],
  })).metrics;
  const at = (name: string) => two.plan.value(name);
  // All of its limit is 1 % of the budget: the alarm on the whole does not see it.
  expect(at('plannedSeries') + at('maxSeries.small-one')).toBeLessThan(at('alarmSeries'));
  expect(at('alarmSeries.small-one')).toBeLessThan(at('maxSeries.small-one'));
  expect(Object.keys(two.sourceAlarms)).toEqual(['small-one', 'large']);
  expect(two.recordingFailuresAlarm).toBeUndefined();
});

test('samples that are discarded and rules that fail are told at the first one', () => {
  for (const metric of ['DiscardedSamples', 'RuleEvaluationFailures']) {
    expect(thresholdOf(`SUM(${metric}) FROM \\"AWS/Prometheus\\"`)).toBe(0);
  }
  expect(metrics.recordingFailuresAlarm).toBeDefined();
});

test('converted histograms are refused: the queries of case 19 need native ones, and no program exposes any', () => {
  const { message } = refusal(() => make(() => ({ workload: TOO_MANY_METRICS.workload })));
  expect(message).toMatch(
    /dashboards\/requests\.json .* needs http_request_duration_seconds as a native histogram, and Amazon Managed Service for Prometheus takes no converted ones, and the programs of pods expose none/,
  );
});

test('a key, a retention and a removal policy by hand', () => {
  const made = make((scope) => ({
    encryptionKey: new Key(scope, 'Key'),
    retention: Duration.days(30),
    removalPolicy: RemovalPolicy.DESTROY,
  }));
  const [workspace] = Object.values<Untyped>(Template.fromStack(made.stack).findResources('AWS::APS::Workspace'));
  expect(workspace.Properties.KmsKeyArn).toBeDefined();
  expect(workspace.Properties.WorkspaceConfiguration.RetentionPeriodInDays).toBe(30);
  expect(workspace.DeletionPolicy).toBe('Delete');
});

test.each<[string, Partial<MetricsSamplingProps>]>([
  ['intervalSeconds must be a whole number, between 30 and 120, got 15', { interval: Duration.seconds(15) }],
  ['retentionDays must be a whole number, between 1 and 1095, got 2000', { retention: Duration.days(2000) }],
  ['retentionDays must be a whole number', { retention: Duration.hours(36) }],
  ['usedIn has missing.json, which cannot be read', { usedIn: ['missing.json'] }],
  ['dropped has http_requests_total, which 2 files need', { dropped: ['http_requests_total'], recordings: [] }],
])('%s', (message, given) => {
  expect(refusal(() => make(() => given)).message).toContain(message);
});

function refusal(build: () => unknown): InvalidInputError {
  try {
    build();
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
