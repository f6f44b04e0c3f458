import { Aws, Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnRuleGroupsNamespace, CfnWorkspace } from 'aws-cdk-lib/aws-aps';
import type { Alarm, Dashboard, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, listOf, sound, TEXT } from '../../flow/kinds';
import { planMetrics } from '../../flow/metrics/plan';
import type {
  MetricRecording,
  MetricsObjective,
  MetricsPlan,
  MetricsQuestion,
  MetricsWorkload,
  MetricUse,
} from '../../flow/metrics/workload';
import { DAY_SECONDS } from '../../flow/ranges';
import { loadMetricUses } from '../../rules/load';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { dashboardOf } from '../dashboard';
import { DURATION, KEY, TOPIC } from '../kinds';
import { removalCheck } from '../removal-policy';
import { createAlarms } from '../watch';
import { remoteWriteOf, rulesOf, scrapeConfigOf } from './prometheus-config';
import { sourceAlarmId, usageMetric, workspaceRows, workspaceSections } from './workspace-alarms';

/*
 * Every combination of labels is a series, and a managed workspace is paid by the sample: 20 million series every 30 s are
 * 1.75 × 10¹² samples a month. Most of them nobody queries. This construct plans which ones are written, and divides the
 * workspace among the sources, so that one that grows takes nothing from the others.
 */

/**
 * Properties of `MetricsSampling`.
 */
export interface MetricsSamplingProps {
  /** The jobs, and what one target of each exposes. At most 100. */
  readonly workload: MetricsWorkload;

  /** The most series. */
  readonly objective: MetricsObjective;

  /**
   * Files and folders with dashboards, alerts and rules, as JSON or YAML: what they need stays. Paths from the folder in
   * which the app runs. A file without an expression, or with a part that cannot be read, is refused; queries for other data
   * sources, such as Loki, are left out, and the plan says how many.
   *
   * @default - none
   */
  readonly usedIn?: string[];

  /**
   * The same as expressions.
   *
   * @default - none
   */
  readonly uses?: MetricUse[];

  /**
   * Families that are dropped in any case. One that a file needs is refused.
   *
   * @default - none; where the budget needs it, families that no file needs, the largest first
   */
  readonly dropped?: string[];

  /**
   * Families that stay although no file needs them.
   *
   * @default - none
   */
  readonly kept?: string[];

  /**
   * Buckets that stay where a histogram has to lose some, beside `+Inf` and those that a query selects. 1 to 1,000.
   *
   * @default 4
   */
  readonly keptBuckets?: number;

  /**
   * What is summed in advance, under `level:metric:operations`.
   *
   * @default - none
   */
  readonly recordings?: MetricRecording[];

  /**
   * Time between two scrapes. Whole seconds, 30 s to 2 minutes: a workspace takes samples at a thirtieth of its active series a
   * second.
   *
   * @default Duration.seconds(30)
   */
  readonly interval?: Duration;

  /**
   * The major version of the Prometheus that writes: 2 or 3. Native histograms need 3.8 or later.
   *
   * @default 3
   */
  readonly prometheusVersion?: number;

  /**
   * Whether the histograms of sources with `exposesNative` are stored as native ones only. Refused where a query needs
   * `_bucket`, `_sum` or `_count`.
   *
   * @default - where a query names a histogram itself, or the budget needs it and no query is in the way
   */
  readonly nativeHistograms?: boolean;

  /**
   * How long samples are kept. Whole days, 1 to 1,095.
   *
   * @default Duration.days(150)
   */
  readonly retention?: Duration;

  /**
   * The KMS key that encrypts the workspace. It cannot be changed later without a new workspace.
   *
   * @default - a key of AWS
   */
  readonly encryptionKey?: IKey;

  /**
   * Where the alarms report.
   *
   * @default - nowhere
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;

  /**
   * What happens to the workspace and its rules when they leave the stack.
   * RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

const KINDS: Kinds<MetricsSamplingProps> = {
  workload: CHECKED,
  objective: CHECKED,
  usedIn: listOf(TEXT),
  uses: CHECKED,
  dropped: listOf(TEXT),
  kept: listOf(TEXT),
  keptBuckets: CHECKED,
  recordings: CHECKED,
  interval: DURATION,
  prometheusVersion: CHECKED,
  nativeHistograms: FLAG,
  retention: DURATION,
  encryptionKey: KEY,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  removalPolicy: CHECKED,
};

/**
 * A workspace of Amazon Managed Service for Prometheus with a budget of series: a limit for each source, recording rules, and
 * the configuration of the Prometheus that writes to it, which drops only what no dashboard, alert or rule needs.
 */
export class MetricsSampling extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: MetricsPlan;
  /** The workspace. */
  public readonly workspace: CfnWorkspace;
  /** Failures of rules and of alerts. */
  public readonly logGroup: LogGroup;
  /** The recording rules. Undefined where nothing is recorded. */
  public readonly ruleGroups?: CfnRuleGroupsNamespace;
  /** Fires when the budget of series is nearly used up. */
  public readonly activeSeriesAlarm: Alarm;
  /**
   * Fires when the series of one source are close to its limit, which may be long before the budget is used up. By the name of
   * the source.
   */
  public readonly sourceAlarms: { [source: string]: Alarm };
  /** Fires when the workspace discards samples: at the first one. */
  public readonly discardedSamplesAlarm: Alarm;
  /** Fires when more samples arrive than were planned. */
  public readonly ingestionRateAlarm: Alarm;
  /** Fires when a recording rule fails: at the first time. Undefined where nothing is recorded. */
  public readonly recordingFailuresAlarm?: Alarm;
  /** The dashboard. */
  public readonly dashboard: Dashboard;
  /**
   * An element of `scrape_configs` for each source, by its name, as YAML: interval, limits, relabelling. Where the targets are
   * is to be added.
   */
  public readonly scrapeConfigs: { [source: string]: string };
  /** The element of `remote_write`, as YAML, with the endpoint as a token. */
  public readonly remoteWriteConfig: string;

  /**
   * @throws CapacityError when what the files need is above the budget, with ways out
   * @throws InvalidInputError when props are out of range, a file cannot be read, or needs what is dropped, converted or
   * recorded nowhere; the message names it
   */
  constructor(scope: Construct, id: string, props: MetricsSamplingProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const read = loadMetricUses().readUses('usedIn', usable.usedIn ?? []);
    this.plan = planMetrics(
      id,
      questionOf(usable, read.uses),
      [...checks, ...read.checks, ...knownDurations(usable), removalCheck(usable.removalPolicy)],
      read.remarks,
    );
    const removalPolicy = usable.removalPolicy ?? RemovalPolicy.RETAIN;
    this.logGroup = new LogGroup(this, 'Log', {
      // Below this prefix one policy of the account admits the delivery of all logs.
      logGroupName: `/aws/vendedlogs/prometheus/${Aws.STACK_NAME}/${Names.uniqueResourceName(this, { maxLength: 100, separator: '-' })}`,
      retention: this.plan.value('logRetentionDays'),
      // It has a name, which would be in the way of the next installation; nothing but failures is in it.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.workspace = this.createWorkspace(usable.encryptionKey, removalPolicy);
    this.ruleGroups = this.createRules(removalPolicy);
    const { workspace, plan } = this;
    const { alarmTopic, alarms } = usable;
    const sources = plan.scrapes.map(({ source }) => source);
    const watched = { workspace, sources, records: this.ruleGroups !== undefined };
    const made = createAlarms(this, { rows: workspaceRows(watched), plan, alarmTopic, alarms });
    this.activeSeriesAlarm = made.ActiveSeriesAlarm;
    this.sourceAlarms = Object.fromEntries(sources.map((source) => [source, made[sourceAlarmId(source)]]));
    this.discardedSamplesAlarm = made.DiscardedSamplesAlarm;
    this.ingestionRateAlarm = made.IngestionRateAlarm;
    this.recordingFailuresAlarm = made.RecordingFailuresAlarm;
    this.dashboard = dashboardOf(this, Object.values(made), workspaceSections(watched, this.period()));
    this.scrapeConfigs = Object.fromEntries(plan.scrapes.map((one) => [one.source, scrapeConfigOf(plan, one)]));
    this.remoteWriteConfig = remoteWriteOf(workspace.attrPrometheusEndpoint, Stack.of(this).region);
  }

  /** Active series of the workspace, those of the last two hours. */
  public metricActiveSeries(): MathExpression {
    return usageMetric(this.workspace, 'ActiveSeries', 'active series', this.period());
  }

  /** Samples per second that the workspace takes. */
  public metricIngestionRate(): MathExpression {
    return usageMetric(this.workspace, 'IngestionRate', 'samples per second', this.period());
  }

  /** Lets `grantee` write samples: the Prometheus or the collector. */
  public grantRemoteWrite(grantee: IGrantable): Grant {
    return this.grant(grantee, 'aps:RemoteWrite');
  }

  /** Lets `grantee` query: Grafana, for instance. */
  public grantQuery(grantee: IGrantable): Grant {
    return this.grant(grantee, 'aps:QueryMetrics', 'aps:GetSeries', 'aps:GetLabels', 'aps:GetMetricMetadata');
  }

  private grant(grantee: IGrantable, ...actions: string[]): Grant {
    return Grant.addToPrincipal({ grantee, actions, resourceArns: [this.workspace.attrArn] });
  }

  private period(): Duration {
    return Duration.seconds(this.plan.value('alarmPeriodSeconds'));
  }

  private createWorkspace(encryptionKey: IKey | undefined, removalPolicy: RemovalPolicy): CfnWorkspace {
    const workspace = new CfnWorkspace(this, 'Workspace', {
      alias: Names.uniqueResourceName(this, { maxLength: 100, separator: '-' }),
      kmsKeyArn: encryptionKey?.keyArn,
      loggingConfiguration: { logGroupArn: this.logGroup.logGroupArn },
      workspaceConfiguration: {
        retentionPeriodInDays: this.plan.value('retentionDays'),
        limitsPerLabelSets: this.plan.scrapes.map(({ source }) => ({
          labelSet: [{ name: 'job', value: source }],
          limits: { maxSeries: this.plan.value(`maxSeries.${source}`) },
        })),
      },
    });
    workspace.applyRemovalPolicy(removalPolicy);
    return workspace;
  }

  private createRules(removalPolicy: RemovalPolicy): CfnRuleGroupsNamespace | undefined {
    if (this.plan.recordings.length === 0) return undefined;
    const rules = new CfnRuleGroupsNamespace(this, 'Rules', {
      name: 'recordings',
      workspace: this.workspace.attrArn,
      data: rulesOf(this.plan),
    });
    rules.applyRemovalPolicy(removalPolicy);
    return rules;
  }
}

/** Durations that only the deployment knows cannot be planned with. */
function knownDurations({ interval, retention }: MetricsSamplingProps): Check[] {
  return Object.entries({ interval, retention }).map(([name, value]) => ({
    refused: value?.isUnresolved() === true,
    message: `${name} is a token that only the deployment knows, and must be known at synthesis`,
  }));
}

function questionOf(props: MetricsSamplingProps, read: readonly MetricUse[]): MetricsQuestion {
  const { workload, objective, uses, dropped, kept, keptBuckets, recordings, interval, retention } = props;
  const { prometheusVersion, nativeHistograms } = props;
  const seconds = (duration: Duration | undefined) =>
    duration === undefined || duration.isUnresolved() ? undefined : duration.toMilliseconds({ integral: false }) / 1000;
  const retentionSeconds = seconds(retention);
  return {
    platform: 'amp',
    workload,
    objective,
    uses: uses === undefined || Array.isArray(uses) ? [...(uses ?? []), ...read] : uses,
    dropped,
    kept,
    keptBuckets,
    recordings,
    intervalSeconds: seconds(interval),
    retentionDays: retentionSeconds && retentionSeconds / DAY_SECONDS,
    prometheusVersion,
    nativeHistograms,
  };
}
