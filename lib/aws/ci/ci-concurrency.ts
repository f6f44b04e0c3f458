import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Alarm, Dashboard, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type CfnProject,
  ComputeType,
  EventAction,
  FilterGroup,
  LinuxBuildImage,
  Project,
  Source,
} from 'aws-cdk-lib/aws-codebuild';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { headerOf, pipelineFiles } from '../../ci/files';
import { planCi } from '../../flow/ci/plan';
import type { CiPlan } from '../../flow/ci/workload';
import { sound } from '../../flow/kinds';
import { alarmSettingsChecks } from '../alarm-settings';
import { dashboardOf } from '../dashboard';
import { roleDescription } from '../descriptions';
import { subjectOf } from '../subject';
import { createAlarms } from '../watch';
import { CI_ALARMS, ciRows, ciSections, projectMetric } from './ci-alarms';
import { CI_KINDS, type CiConcurrencyProps, ciInputChecks, ciQuestion } from './ci-concurrency-props';

/**
 * Runners of GitHub Actions in AWS CodeBuild that are sized from what is pushed, and the workflows that use them.
 *
 * Cures a fixed pool of runners that builds every push, so that people wait for builds of outdated commits (case 13). A newer
 * push ends the run of the older one, changes that no pipeline is about start none, and the limit of concurrent builds follows
 * the rest. Runs of the main branch and deployments are never cancelled.
 */
export class CiConcurrency extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: CiPlan;

  /** The workflows, by path from the root of the repository. Empty without `pipelines`. */
  public readonly files: { [path: string]: string };

  /** The label that jobs ask for: `runs-on` of a workflow. */
  public readonly runnerLabel: string;

  /** The project whose builds are the runners. */
  public readonly project: Project;

  /** The role of a build: it writes its log, and may do nothing else. */
  public readonly role: Role;

  /** The log of the builds: yours, or one that is kept for a month. */
  public readonly logGroup: ILogGroup;

  /** Jobs wait longer than promised. */
  public readonly jobsWaitAlarm: Alarm;

  /** Builds take longer to start than planned. */
  public readonly slowStartAlarm: Alarm;

  /** Builds fail, so jobs have no runner. */
  public readonly failedBuildsAlarm: Alarm;

  /** The dashboard. */
  public readonly dashboard: Dashboard;

  private readonly props: CiConcurrencyProps;

  /**
   * @throws CapacityError when no pool keeps the promise, or the quota is too small, with ways out
   * @throws InvalidInputError when props are out of range, or the workload counts less than the pipelines start; the message
   * names each
   */
  constructor(scope: Construct, id: string, props: CiConcurrencyProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, CI_KINDS);
    this.props = usable;
    const subject = subjectOf(this);
    this.plan = planCi(subject, ciQuestion(usable), [
      ...checks,
      ...alarmSettingsChecks(usable.alarms, CI_ALARMS),
      ...ciInputChecks(usable),
    ]);
    const { projectName, pipelines = [], alarmTopic, alarms } = usable;
    this.runnerLabel = `codebuild-${projectName}-\${{ github.run_id }}-\${{ github.run_attempt }}`;
    this.files = pipelineFiles('github', pipelines, {
      runner: this.runnerLabel,
      timeoutMinutes: this.plan.value('timeoutMinutes'),
      cancelOutdated: usable.cancelOutdated,
      filterPaths: usable.filterPaths,
      header: headerOf(`CiConcurrency '${subject}'`),
    });
    this.logGroup =
      usable.logGroup ??
      new LogGroup(this, 'Logs', {
        retention: RetentionDays.ONE_MONTH,
        // Logs are evidence for a month, not data: they are deleted with the project.
        removalPolicy: RemovalPolicy.DESTROY,
      });
    this.role = this.createRole(subject);
    this.project = this.createProject();
    const made = createAlarms(this, { rows: ciRows(projectName), plan: this.plan, alarmTopic, alarms });
    this.jobsWaitAlarm = made.JobsWait;
    this.slowStartAlarm = made.SlowStart;
    this.failedBuildsAlarm = made.FailedBuilds;
    const period = Duration.seconds(this.plan.value('alarmPeriodSeconds'));
    this.dashboard = dashboardOf(this, Object.values(made), ciSections(projectName, period));
  }

  /** Seconds that builds wait for their place, the longest of five minutes. */
  public metricWait(): Metric {
    const period = Duration.seconds(this.plan.value('alarmPeriodSeconds'));
    return projectMetric(this.props.projectName, 'QueuedDuration', 'Maximum', period);
  }

  /** Only builds of this project may use it: without the condition another account could (the confused deputy). */
  private createRole(subject: string): Role {
    const { projectName, connectionArn } = this.props;
    const project = `arn:${Aws.PARTITION}:codebuild:${Aws.REGION}:${Aws.ACCOUNT_ID}:project/${projectName}`;
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('codebuild.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID }, ArnLike: { 'aws:SourceArn': project } },
      }),
      description: roleDescription(`Runs the jobs of ${subject} in CodeBuild`),
    });
    this.logGroup.grantWrite(role);
    if (connectionArn !== undefined) {
      role.addToPolicy(
        new PolicyStatement({
          // The prefix of an action is that of the resource: of an older connection codestar-connections.
          actions: ['codeconnections', 'codestar-connections'].flatMap((service) => [
            `${service}:GetConnection`,
            `${service}:GetConnectionToken`,
          ]),
          resources: [connectionArn],
        }),
      );
    }
    return role;
  }

  private createProject(): Project {
    const { projectName, owner, repository, computeType, buildImage, connectionArn } = this.props;
    const value = (name: string) => this.plan.value(name);
    const project = new Project(this, 'Project', {
      projectName,
      description: `Runners for the jobs of ${owner}/${repository}`,
      source: Source.gitHub({
        owner,
        repo: repository,
        webhook: true,
        webhookFilters: [FilterGroup.inEventOf(EventAction.WORKFLOW_JOB_QUEUED)],
        // The jobs report to GitHub themselves.
        reportBuildStatus: false,
      }),
      // Its policies are those above; the project would add rights on every log group of its name.
      role: this.role.withoutPolicyUpdates(),
      environment: {
        buildImage: buildImage ?? LinuxBuildImage.STANDARD_7_0,
        computeType: computeType ?? ComputeType.SMALL,
        privileged: false,
      },
      // No limit of its own: a build above it is refused, and its job would wait without one. Above the account's quota they queue.
      timeout: Duration.minutes(value('buildTimeoutMinutes')),
      queuedTimeout: Duration.minutes(value('queuedTimeoutMinutes')),
      grantReportGroupPermissions: false,
      logging: { cloudWatch: { logGroup: this.logGroup } },
    });
    project.node.addDependency(this.role);
    const resource = project.node.defaultChild as CfnProject;
    // A pull request of a stranger runs on our builds only after somebody with write access has said so. No prop of the L2.
    resource.addPropertyOverride('Triggers.PullRequestBuildPolicy', {
      RequiresCommentApproval: 'FORK_PULL_REQUESTS',
      ApproverRoles: ['GITHUB_WRITE', 'GITHUB_MAINTAIN', 'GITHUB_ADMIN'],
    });
    if (connectionArn !== undefined) {
      resource.addPropertyOverride('Source.Auth', { Type: 'CODECONNECTIONS', Resource: connectionArn });
    }
    return project;
  }
}
