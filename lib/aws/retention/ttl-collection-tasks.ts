/** Backfill and report of a collection: a task of Fargate each, and what starts them. */
import { createHash } from 'node:crypto';
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage, type FargateTaskDefinition, Secret as TaskSecret } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  type IScheduleGroup,
  Schedule,
  ScheduleExpression,
  ScheduleGroup,
  TimeWindow,
} from 'aws-cdk-lib/aws-scheduler';
import { EcsRunFargateTask } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { backfillSettings, collectionReportSettings, named } from '../../flow/retention/collection-settings';
import type { RetentionPlan } from '../../flow/retention/workload';
import { cut } from '../descriptions';
import { createTask, TASK_LOGS } from '../fargate-task';
import { parkedQueue } from '../parked-queue';
import { bundleFolder } from '../runtime-function';
import { schedulerRole } from '../scheduler-role';
import { acknowledgeWildcards } from '../wildcards';
import type { TtlCollectionProps } from './ttl-collection-props';

/** Where the image has scripts and certificates: `lib/runtime/ttl-collection/Dockerfile`. */
const SCRIPTS = '/opt/ttl';
const VARIABLES = 'The variables are names and numbers of the plan; user and password come from Secrets Manager.';
const TEMPORARY = { volume: 'tmp', folder: '/tmp' };

/** What the tasks are made of, beside the props. */
export interface CollectionParts {
  readonly plan: RetentionPlan;
  /** The dimension of all metrics. */
  readonly metricsName: string;
  readonly securityGroup: ISecurityGroup;
}

/** What gives documents their dates, and what reports. */
export interface CollectionTasks {
  readonly backfillTask: FargateTaskDefinition;
  readonly reportTask: FargateTaskDefinition;
  readonly backfillLogGroup: LogGroup;
  readonly reportLogGroup: LogGroup;
  readonly scheduleGroup: IScheduleGroup;
  readonly schedulerRole: Role;
  readonly undeliveredQueue: Queue;
  readonly backfillSchedule: Schedule;
  readonly reportSchedule: Schedule;
}

/** Makes tasks and schedules. */
export function createTasks(scope: Construct, props: TtlCollectionProps, parts: CollectionParts): CollectionTasks {
  const { plan } = parts;
  const image = props.image ?? shippedImage();
  const run = runName(props, plan);
  const task = (id: string, scripts: readonly string[], settings: Record<string, string>) =>
    createCollectionTask(new Construct(scope, id), props, parts, {
      image,
      scripts,
      environment: { RUN: run, ...settings },
    });
  const created = props.createdField === undefined ? undefined : { CREATED_FIELD: props.createdField };
  const backfillTask = task('Backfill', ['documentdb', 'lease', 'backfill'], {
    ...created,
    ...backfillSettings(plan),
    ...named(plan, { LEASE_SECONDS: 'leaseSeconds', LEASE_RENEWAL_SECONDS: 'leaseRenewalSeconds' }),
  });
  const reportTask = task('Report', ['documentdb', 'report'], {
    ...created,
    ...collectionReportSettings(plan),
    ...named(plan, { NEWEST_DOCUMENTS: 'newestDocuments', REPORT_DEADLINE_SECONDS: 'reportDeadlineSeconds' }),
  });
  const scheduleGroup =
    props.scheduleGroup ?? new ScheduleGroup(scope, 'ScheduleGroup', { removalPolicy: RemovalPolicy.DESTROY });
  const role = schedulerRole(scope, scheduleGroup, `Starts backfill and report of ${scope.node.path}`);
  allowRuns(role, props, [backfillTask, reportTask]);
  const undeliveredQueue = parkedQueue(scope, 'Undelivered', {
    retentionSeconds: plan.value('undeliveredRetentionSeconds'),
    removalPolicy: props.removalPolicy,
    holds: 'It is the dead-letter queue of the schedules.',
  });
  undeliveredQueue.grant(role, 'sqs:SendMessage');
  const schedule = (id: string, taskDefinition: FargateTaskDefinition, knob: string, what: string) =>
    createSchedule(scope, id, props, parts, {
      taskDefinition,
      scheduleGroup,
      undeliveredQueue,
      role,
      seconds: plan.value(knob),
      what,
    });
  return {
    backfillTask,
    reportTask,
    backfillLogGroup: backfillTask.node.scope!.node.findChild(TASK_LOGS) as LogGroup,
    reportLogGroup: reportTask.node.scope!.node.findChild(TASK_LOGS) as LogGroup,
    scheduleGroup,
    schedulerRole: role,
    undeliveredQueue,
    backfillSchedule: schedule('BackfillSchedule', backfillTask, 'startSeconds', 'Goes on with the backfill'),
    reportSchedule: schedule('ReportSchedule', reportTask, 'reportSeconds', 'Reports'),
  };
}

function shippedImage(): ContainerImage {
  return ContainerImage.fromAsset(bundleFolder('ttl-collection'), { platform: Platform.LINUX_ARM64 });
}

/** With other settings it is another backfill, which looks for documents without a date once more. */
function runName({ databaseName, collection, createdField }: TtlCollectionProps, plan: RetentionPlan): string {
  const knobs = ['retentionSeconds', 'expireUnknownAge'].map((knob) => plan.value(knob));
  const settings = [databaseName, collection, createdField ?? '', ...knobs];
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
}

interface Program {
  readonly image: ContainerImage;
  readonly scripts: readonly string[];
  readonly environment: Record<string, string>;
}

function createCollectionTask(
  scope: Construct,
  { databaseCluster, databaseName, collection, secret }: TtlCollectionProps,
  { plan, metricsName }: CollectionParts,
  { image, scripts, environment }: Program,
): FargateTaskDefinition {
  const { hostname } = databaseCluster.clusterEndpoint;
  const task = createTask(
    scope,
    {
      image,
      entryPoint: ['mongosh'],
      command: ['--nodb', '--quiet', '--norc', ...scripts.flatMap((name) => ['--file', `${SCRIPTS}/${name}.js`])],
      environment: {
        // The shell keeps its settings in its home folder, and waits without end for one that it cannot write.
        HOME: TEMPORARY.folder,
        DB_HOST: hostname,
        DB_PORT: databaseCluster.clusterEndpoint.portAsString(),
        DB_NAME: databaseName,
        DB_TLS_CA_FILE: `${SCRIPTS}/rds.pem`,
        COLLECTION: collection,
        TTL_COLLECTION: metricsName,
        ...environment,
      },
      // Not a connection string: the secret of a cluster has none.
      secrets: {
        DB_USER: TaskSecret.fromSecretsManager(secret, 'username'),
        DB_PASSWORD: TaskSecret.fromSecretsManager(secret, 'password'),
      },
    },
    {
      container: scope.node.id,
      stopTimeoutSeconds: plan.value('stopTimeoutSeconds'),
      variables: VARIABLES,
    },
  );
  Validations.of(task).acknowledge({ id: 'AwsSolutions-ECS2', reason: VARIABLES });
  acknowledgeWildcards(
    task.obtainExecutionRole() as Role,
    ['*'],
    'A token for the registry is of the account: ecr:GetAuthorizationToken takes no resource.',
  );
  task.addVolume({ name: TEMPORARY.volume });
  task.defaultContainer!.addMountPoints({
    sourceVolume: TEMPORARY.volume,
    containerPath: TEMPORARY.folder,
    readOnly: false,
  });
  return task;
}

/** These tasks alone, on this cluster, with their own roles. */
function allowRuns(role: Role, { cluster }: TtlCollectionProps, tasks: readonly FargateTaskDefinition[]): void {
  role.addToPolicy(
    new PolicyStatement({
      actions: ['ecs:RunTask'],
      resources: tasks.map(({ taskDefinitionArn }) => taskDefinitionArn),
      conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
    }),
  );
  role.addToPolicy(
    new PolicyStatement({
      actions: ['iam:PassRole'],
      resources: tasks.flatMap((task) => [task.taskRole.roleArn, task.obtainExecutionRole().roleArn]),
      conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
    }),
  );
}

interface Start {
  readonly taskDefinition: FargateTaskDefinition;
  readonly scheduleGroup: IScheduleGroup;
  readonly undeliveredQueue: Queue;
  readonly role: Role;
  readonly seconds: number;
  readonly what: string;
}

/** A start that fails is not repeated: the next one comes within the hour. */
function createSchedule(
  scope: Construct,
  id: string,
  { cluster, vpcSubnets }: TtlCollectionProps,
  { securityGroup }: CollectionParts,
  { taskDefinition, scheduleGroup, undeliveredQueue, role, seconds, what }: Start,
): Schedule {
  const schedule = new Schedule(scope, id, {
    schedule: ScheduleExpression.rate(Duration.seconds(seconds)),
    timeWindow: TimeWindow.off(),
    scheduleGroup,
    description: cut(`${what}: ${scope.node.path}`, 512),
    target: new EcsRunFargateTask(cluster, {
      taskDefinition,
      vpcSubnets,
      securityGroups: [securityGroup],
      deadLetterQueue: undeliveredQueue,
      retryAttempts: 0,
      maxEventAge: Duration.seconds(seconds),
      // What it may do is granted above, on this cluster alone.
      role: role.withoutPolicyUpdates(),
    }),
  });
  // The first start comes at once, and needs what the roles may do.
  schedule.node.addDependency(role, taskDefinition);
  return schedule;
}
