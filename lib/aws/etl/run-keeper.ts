/** What keeps one run of a job: the service starts none by itself, and CloudFormation knows no runs. */
import { CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { cut } from '../descriptions';
import { createResourceProvider } from '../resource-provider';
import { RuntimeFunction } from '../runtime-function';
import { singleStart } from '../single-start';
import { acknowledgeWildcards } from '../wildcards';
import type { EtlJob } from './etl-parts';
import { type JobParts, jobTags, runRequest, type UnkeptJob } from './spark-job';

/** AWS Lambda quotas: all environment variables of a function. */
const MOST_ENVIRONMENT_BYTES = 4096;
/** The other variables, and what names of buckets, roles and brokers are longer than their tokens. */
const RESERVED_BYTES = 1000;

/** Makes the function, the run, and what tells the function that the run has ended. */
export function createKeeper(
  scope: Construct,
  parts: JobParts,
  job: UnkeptJob,
): Pick<EtlJob, 'keeper' | 'run' | 'endedRule' | 'checkRule'> {
  const { plan, queryName } = parts;
  const tags = jobTags(scope, queryName);
  const request = requestText(scope, parts, job);
  const { attrApplicationId: applicationId } = job.application;
  const keeper = new RuntimeFunction(scope, 'Keeper', {
    bundle: 'etl-keeper',
    description: `Keeps one run of the job ${queryName}`,
    timeout: Duration.seconds(plan.value('keeperTimeoutSeconds')),
    environment: {
      APPLICATION_ID: applicationId,
      // In one place for the deployment, the event and the schedule: none of them brings back what another one has ended.
      RUN: request,
      GRACE_SECONDS: String(plan.value('graceSeconds')),
      POLL_SECONDS: String(plan.value('keeperPollSeconds')),
      TAGS: JSON.stringify(tags),
    },
  });
  allowRuns(scope, keeper, job, tags);
  const run = new CustomResource(scope, 'Run', {
    serviceToken: createResourceProvider(scope, { onEventHandler: keeper, plan }).serviceToken,
    resourceType: 'Custom::StreamingRun',
    // What it is started with is here as well, so that a change is an update.
    properties: { ApplicationId: applicationId, Run: request },
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // The function has to have the new settings, and the run all that it may use.
  run.node.addDependency(keeper, job.role, job.securityGroup, parts.options.clusterSecurityGroup);
  return { keeper, run, ...createRules(scope, parts, keeper, run, applicationId) };
}

function requestText(scope: Construct, parts: JobParts, job: UnkeptJob): string {
  const request = runRequest(scope, parts, job);
  const bytes = Buffer.byteLength(JSON.stringify(request)) + RESERVED_BYTES;
  validate(scope.node.id, [
    {
      refused: bytes > MOST_ENVIRONMENT_BYTES,
      message: `sink: what a run is started with takes ${bytes} of ${MOST_ENVIRONMENT_BYTES} bytes; shorten schema, keys, sums or jarKeys, for instance by one jar with all classes`,
    },
  ]);
  return Stack.of(scope).toJsonString(request);
}

/** On applications and runs with the tag of this job: of an application that is replaced the run has to end, too. */
function allowRuns(scope: Construct, keeper: RuntimeFunction, job: UnkeptJob, tags: Record<string, string>): void {
  const { partition, region, account } = Stack.of(scope);
  const applications = `arn:${partition}:emr-serverless:${region}:${account}:/applications/*`;
  const runs = `${applications}/jobruns/*`;
  const tagged = (key: string) =>
    Object.fromEntries(Object.entries(tags).map(([name, value]) => [`aws:${key}/${name}`, value]));
  const allow = (actions: string[], resource: string, condition: string) =>
    keeper.addToRolePolicy(
      new PolicyStatement({ actions, resources: [resource], conditions: { StringEquals: tagged(condition) } }),
    );
  allow(
    [
      'emr-serverless:GetApplication',
      'emr-serverless:StopApplication',
      'emr-serverless:StartJobRun',
      'emr-serverless:ListJobRuns',
    ],
    applications,
    'ResourceTag',
  );
  allow(['emr-serverless:GetJobRun', 'emr-serverless:CancelJobRun'], runs, 'ResourceTag');
  allow(['emr-serverless:TagResource'], runs, 'RequestTag');
  keeper.addToRolePolicy(
    new PolicyStatement({
      actions: ['iam:PassRole'],
      resources: [job.role.roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'emr-serverless.amazonaws.com' } },
    }),
  );
  acknowledgeWildcards(
    keeper.role as Role,
    [applications, runs],
    'Runs, and the application that another one replaces, get their ids when they are made: the tag of the job limits them.',
  );
}

function createRules(
  scope: Construct,
  { plan, queryName }: JobParts,
  keeper: RuntimeFunction,
  run: CustomResource,
  applicationId: string,
): Pick<EtlJob, 'endedRule' | 'checkRule'> {
  const interval = Duration.seconds(plan.value('keeperCheckSeconds'));
  // A lost event is made good by the schedule, and a failed look by the next one.
  const target = () =>
    singleStart(keeper, { event: RuleTargetInput.fromObject({ Keep: true }), maxEventAge: interval });
  const endedRule = new Rule(scope, 'Ended', {
    description: cut(`A run of ${queryName} ended by itself`, 512),
    eventPattern: {
      source: ['aws.emr-serverless'],
      detailType: ['EMR Serverless Job Run State Change'],
      detail: { applicationId: [applicationId], state: ['FAILED', 'SUCCESS'] },
    },
    targets: [target()],
  });
  const checkRule = new Rule(scope, 'Check', {
    description: cut(`Starts the run of ${queryName} again when it is not there`, 512),
    schedule: Schedule.rate(interval),
    targets: [target()],
  });
  // Deleted before the run: a late look would find it ended.
  for (const rule of [endedRule, checkRule]) rule.node.addDependency(run);
  return { endedRule, checkRule };
}
