import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ComputeType, LinuxArmBuildImage } from 'aws-cdk-lib/aws-codebuild';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { parse } from 'yaml';
import { CiConcurrency } from '../../../lib/aws/ci/ci-concurrency';
import type { CiConcurrencyProps } from '../../../lib/aws/ci/ci-concurrency-props';
import { STORM_ON_CODEBUILD, STORM_PIPELINES } from '../../../lib/cases/case-13-ci-storm';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { shop } from '../../support/stack';

const { workload, objective, quota } = STORM_ON_CODEBUILD;
const props: CiConcurrencyProps = {
  ...{ workload, objective, quota, pipelines: STORM_PIPELINES },
  ...{ projectName: 'pool', owner: 'example', repository: 'shop' },
};

function make(given: Partial<CiConcurrencyProps> = {}) {
  const stack = shop();
  const ci = new CiConcurrency(stack, 'Runners', { ...props, ...given });
  return { ci, template: Template.fromStack(stack) };
}

const { ci, template } = make();
const value = (name: string) => ci.plan.value(name);
// biome-ignore lint/suspicious/noExplicitAny: templates have no types
const only = (of: Template, kind: string): any => {
  const found = Object.values(of.findResources(kind));
  expect(found).toHaveLength(1);
  return found[0].Properties;
};
const project = only(template, 'AWS::CodeBuild::Project');

describe('the project', () => {
  test('has no limit of its own, and no build waits or runs for hours', () => {
    // Builds above a limit of the project are refused, not queued.
    expect(project).not.toHaveProperty('ConcurrentBuildLimit');
    expect(project).toMatchObject({
      QueuedTimeoutInMinutes: value('queuedTimeoutMinutes'),
      TimeoutInMinutes: value('buildTimeoutMinutes'),
    });
  });

  test('does not end a build before the job that has the longest time-out of its own', () => {
    const [shopPipeline] = STORM_PIPELINES;
    const slow = { name: 'e2e', timeoutMinutes: 300, steps: [{ run: 'make e2e' }] };
    const made = make({ pipelines: [{ ...shopPipeline, jobs: [...shopPipeline.jobs, slow] }] });
    // A minute for the start.
    expect(only(made.template, 'AWS::CodeBuild::Project').TimeoutInMinutes).toBe(301);
    expect(parse(made.ci.files['.github/workflows/shop.yml']).jobs.e2e['timeout-minutes']).toBe(300);
  });

  test('maxRunners limits nothing: the template is the same, and so is the quota of the account', () => {
    const given = make({ maxRunners: 50 });
    expect(only(given.template, 'AWS::CodeBuild::Project')).toEqual(project);
    expect(() => make({ maxRunners: 61 })).toThrow('61 runners are needed, and the account may run 60 such builds');
  });

  test('starts for queued jobs, and for those of strangers only after somebody has said so', () => {
    expect(project.Triggers).toEqual({
      Webhook: true,
      FilterGroups: [[{ Type: 'EVENT', Pattern: 'WORKFLOW_JOB_QUEUED' }]],
      PullRequestBuildPolicy: {
        RequiresCommentApproval: 'FORK_PULL_REQUESTS',
        ApproverRoles: ['GITHUB_WRITE', 'GITHUB_MAINTAIN', 'GITHUB_ADMIN'],
      },
    });
    expect(project.Environment.PrivilegedMode).toBe(false);
  });

  test('writes its log and may do nothing else', () => {
    const { PolicyDocument } = only(template, 'AWS::IAM::Policy');
    expect(PolicyDocument.Statement).toEqual([
      expect.objectContaining({ Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Effect: 'Allow' }),
    ]);
    expect(JSON.stringify(PolicyDocument)).not.toContain('"*"');
  });

  test('writes to a log group of yours where one is given, and makes none', () => {
    const stack = shop();
    const logGroup = LogGroup.fromLogGroupName(stack, 'Ours', 'builds');
    new CiConcurrency(stack, 'Runners', { ...props, logGroup });
    const given = Template.fromStack(stack);
    given.resourceCountIs('AWS::Logs::LogGroup', 0);
    expect(only(given, 'AWS::CodeBuild::Project').LogsConfig.CloudWatchLogs.GroupName).toBe('builds');
    expect(JSON.stringify(only(given, 'AWS::IAM::Policy').PolicyDocument)).toContain(':log-group:builds:*');
  });

  test('its role is for this project of this account', () => {
    const { AssumeRolePolicyDocument } = only(template, 'AWS::IAM::Role');
    const [statement] = AssumeRolePolicyDocument.Statement;
    expect(statement.Condition.StringEquals).toEqual({ 'aws:SourceAccount': { Ref: 'AWS::AccountId' } });
    expect(JSON.stringify(statement.Condition.ArnLike)).toContain(':project/pool');
  });

  test('takes a connection, and may use that one', () => {
    const connectionArn = 'arn:aws:codeconnections:us-east-1:123456789012:connection/a';
    const made = make({ connectionArn }).template;
    expect(only(made, 'AWS::CodeBuild::Project').Source.Auth).toEqual({
      Type: 'CODECONNECTIONS',
      Resource: connectionArn,
    });
    made.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            // The prefix has to be that of the ARN, which may be the older one.
            Action: [
              'codeconnections:GetConnection',
              'codeconnections:GetConnectionToken',
              'codestar-connections:GetConnection',
              'codestar-connections:GetConnectionToken',
            ],
            Resource: connectionArn,
          }),
        ]),
      },
    });
  });
});

test('jobs of the workflows ask for its builds, and deployments are never cancelled', () => {
  const { jobs } = parse(ci.files['.github/workflows/shop.yml']);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
  expect(jobs.test['runs-on']).toBe('codebuild-pool-${{ github.run_id }}-${{ github.run_attempt }}');
  expect(jobs.deploy.concurrency).toMatchObject({ 'cancel-in-progress': false, queue: 'max' });
});

test('three alarms and a dashboard', () => {
  template.resourceCountIs('AWS::CloudWatch::Alarm', 3);
  template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    Namespace: 'AWS/CodeBuild',
    MetricName: 'QueuedDuration',
    Dimensions: [{ Name: 'ProjectName', Value: 'pool' }],
    // Without the 60 s of a start, which the metric leaves out.
    Threshold: objective.waitSeconds - 60,
  });
  expect(ci.metricWait().metricName).toBe('QueuedDuration');
});

test('what an hour costs follows from the size; for sizes without a price nothing is said', () => {
  const cost = (given: Partial<CiConcurrencyProps>) => make(given).ci.plan.predictions.costPerPeakHour;
  expect(cost({ computeType: ComputeType.LARGE })! / cost({})!).toBeCloseTo(4, 9);
  expect(cost({ computeType: ComputeType.X2_LARGE })).toBeUndefined();
  expect(cost({ buildImage: LinuxArmBuildImage.AMAZON_LINUX_2_STANDARD_3_0 })).toBeUndefined();
});

test('a quota of one build is refused: that is the default of many sizes', () => {
  expect(() => make({ quota: 1 })).toThrow(CapacityError);
  expect(() => make({ quota: 1 })).toThrow(`${value('maxRunners')} runners are needed, and the account may run 1 such`);
});

test.each<[string, Partial<CiConcurrencyProps>]>([
  ['quota is missing', { quota: undefined }],
  ['projectName must be 2 to 150 letters', { projectName: 'a b' }],
  ['owner must be letters, digits and -', { owner: 'a/b' }],
  ['repository is missing', { repository: undefined }],
  ['connectionArn must be the ARN of a connection', { connectionArn: 'arn:aws:s3:::a' }],
  ['computeType must be one of', { computeType: ComputeType.LAMBDA_1GB }],
  ['runnerStart in seconds must be a whole number', { runnerStart: Duration.millis(1500) }],
  ['pipelines[0].name is missing', { pipelines: [{ jobs: [{ name: 'a', steps: [{ run: 'make' }] }] } as never] }],
])('%s', (message, given) => {
  expect(() => make(given)).toThrow(InvalidInputError);
  expect(() => make(given)).toThrow(message);
});
