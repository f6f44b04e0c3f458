import { Duration, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import {
  EcsFargateContainerDefinition,
  EcsJobDefinition,
  ManagedEc2EcsComputeEnvironment,
} from 'aws-cdk-lib/aws-batch';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FairShare } from '../../../lib/aws/shares/fair-share';
import type { FairShareProps } from '../../../lib/aws/shares/fair-share-props';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { ENVIRONMENT, ratingJobs } from '../../support/rating';
import { shop } from '../../support/stack';

function make(given: Partial<FairShareProps> = {}, prepare: (stack: Stack) => Partial<FairShareProps> = () => ({})) {
  const own = shop();
  const made = new FairShare(own, 'Rating', { ...ratingJobs(own), ...given, ...prepare(own) });
  return { stack: own, share: made, template: () => Template.fromStack(own) };
}

const { tenants, image } = ratingJobs(shop());
const stack = shop();
const share = new FairShare(stack, 'Rating', {
  ...ratingJobs(stack),
  computeEnvironment: undefined,
  tenants: tenants.map((one, i) => ({ ...one, weight: [1, 1, 1, 2][i] })),
  vpc: new Vpc(stack, 'Vpc'),
});
const submitter = new Role(stack, 'Submitter', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
share.grantSubmit('risk', submitter);
const template = Template.fromStack(stack);
const value = (name: string) => share.plan.value(name);
// biome-ignore lint/suspicious/noExplicitAny: templates have no types
const all = (of: Template, kind: string): any[] => Object.values(of.findResources(kind)).map((one) => one.Properties);
// biome-ignore lint/suspicious/noExplicitAny: templates have no types
const only = (of: Template, kind: string): any => {
  const found = all(of, kind);
  expect(found).toHaveLength(1);
  return found[0];
};

describe('the policy', () => {
  const { FairsharePolicy } = only(template, 'AWS::Batch::SchedulingPolicy');

  test('has a share for each tenant, and the weight inversely', () => {
    expect(FairsharePolicy.ShareDistribution).toEqual([
      { ShareIdentifier: 'billing', WeightFactor: 1 },
      { ShareIdentifier: 'fraud', WeightFactor: 1 },
      { ShareIdentifier: 'pricing', WeightFactor: 1 },
      { ShareIdentifier: 'risk', WeightFactor: 0.5 },
    ]);
  });

  test('always says the decay and the reservation', () => {
    expect(FairsharePolicy).toMatchObject({
      ShareDecaySeconds: value('shareDecaySeconds'),
      ComputeReservation: value('computeReservation'),
    });
    expect(FairsharePolicy.ShareDecaySeconds).toBeGreaterThan(0);
  });
});

describe('the queue', () => {
  test('has the policy and the vCPUs of the plan', () => {
    template.hasResourceProperties('AWS::Batch::JobQueue', {
      SchedulingPolicyArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('RatingPolicy'), 'Arn'] },
      Priority: 1,
      State: 'ENABLED',
    });
    template.hasResourceProperties('AWS::Batch::ComputeEnvironment', {
      Type: 'managed',
      ComputeResources: { Type: 'FARGATE', MaxvCpus: 208 },
    });
  });

  test('cancels jobs that can never run, and leaves those that wait for capacity', () => {
    const { JobStateTimeLimitActions } = only(template, 'AWS::Batch::JobQueue');
    const limit = { Action: 'CANCEL', State: 'RUNNABLE', MaxTimeSeconds: value('maxRunnableSeconds') };
    expect(JobStateTimeLimitActions).toEqual([
      { ...limit, Reason: 'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE' },
      { ...limit, Reason: 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT' },
    ]);
  });
});

describe('the jobs of a tenant', () => {
  const definitions = all(template, 'AWS::Batch::JobDefinition');

  test('have a scheduling priority: without one AWS Batch refuses them', () => {
    expect(definitions).toHaveLength(4);
    for (const { SchedulingPriority } of definitions) expect(SchedulingPriority).toBe(100);
  });

  test('are as large as planned, end when they hang, and are started again when they fail', () => {
    expect(definitions[3]).toMatchObject({
      Timeout: { AttemptDurationSeconds: value('jobTimeoutSeconds.risk') },
      RetryStrategy: { Attempts: value('jobAttempts') },
      PlatformCapabilities: ['FARGATE'],
      ContainerProperties: {
        ReadonlyRootFilesystem: true,
        ResourceRequirements: [
          { Type: 'MEMORY', Value: '4096' },
          { Type: 'VCPU', Value: '2' },
        ],
        RuntimePlatform: { CpuArchitecture: 'ARM64' },
      },
    });
  });

  test('each have a role of their own that may do nothing', () => {
    const roles = new Set(definitions.map(({ ContainerProperties }) => JSON.stringify(ContainerProperties.JobRoleArn)));
    expect(roles.size).toBe(4);
    for (const { jobRole } of share.tenants)
      expect((jobRole as Role).node.tryFindChild('DefaultPolicy')).toBeUndefined();
  });
});

describe('who may submit', () => {
  test('submits as one tenant, with its job definition, to this queue', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^Submitter') }],
      PolicyDocument: {
        Statement: [
          {
            Action: 'batch:SubmitJob',
            Effect: 'Allow',
            Condition: { StringEquals: { 'batch:ShareIdentifier': 'risk' } },
            Resource: [
              { 'Fn::GetAtt': [Match.stringLikeRegexp('^RatingQueue'), 'JobQueueArn'] },
              { Ref: Match.stringLikeRegexp('^RatingriskJobs') },
            ],
          },
        ],
      },
    });
  });

  test('an unknown tenant is named with those there are', () => {
    expect(() => share.grantSubmit('ops', submitter)).toThrow(
      "Rating: no tenant 'ops'; there are billing, fraud, pricing, risk",
    );
  });
});

describe('the function that reports', () => {
  test('reads and changes nothing', () => {
    const policies = all(template, 'AWS::IAM::Policy').filter(({ Roles }) =>
      JSON.stringify(Roles).includes('Snapshot'),
    );
    const actions = policies.flatMap(({ PolicyDocument }) =>
      // biome-ignore lint/suspicious/noExplicitAny: templates have no types
      PolicyDocument.Statement.flatMap(({ Action }: any) => Action),
    );
    expect(actions.sort()).toEqual([
      'batch:DescribeJobs',
      'batch:GetJobQueueSnapshot',
      'batch:ListJobs',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ]);
  });

  test('knows what each tenant comes to', () => {
    const [{ Environment }] = all(template, 'AWS::Lambda::Function');
    expect(JSON.parse(Environment.Variables.SHARES)).toEqual(
      Object.fromEntries(share.plan.tenants.map((one) => [one.name, { vcpus: one.nominalJobs * 2, job: 2 }])),
    );
  });

  test('is started at intervals', () => {
    expect(only(template, 'AWS::Events::Rule').ScheduleExpression).toBe('rate(5 minutes)');
  });
});

test('four alarms and a dashboard', () => {
  template.resourceCountIs('AWS::CloudWatch::Alarm', 4);
  template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    Namespace: 'Backpressure',
    MetricName: 'StarvedSeconds',
    Threshold: 3540,
    Period: 300,
    EvaluationPeriods: 2,
  });
  expect(share.metricUsedVcpus('risk').dimensions).toMatchObject({ Share: 'risk' });
  expect(share.metricRunnableJobs('risk').metricName).toBe('RunnableJobs');
  expect(share.metricOldestRunnable('risk').metricName).toBe('OldestRunnableSeconds');
  expect(share.metricUnknownShares()).toMatchObject({
    metricName: 'UnknownShares',
    dimensions: { FunctionName: expect.anything() },
  });
});

test('a flood of one tenant is in time for the others', () => {
  const after = Object.fromEntries(
    share.forecastFlood('risk', 10, Duration.hours(2)).map((one) => [one.name, one.after]),
  );
  for (const name of ['billing', 'fraud', 'pricing']) expect(after[name]).toBeGreaterThan(0.9);
  expect(after.risk).toBeLessThan(0.5);
});

describe('bring your own', () => {
  test('a compute environment that is imported', () => {
    const { template: made } = make();
    made().resourceCountIs('AWS::Batch::ComputeEnvironment', 0);
    made().hasResourceProperties('AWS::Batch::JobQueue', {
      ComputeEnvironmentOrder: [{ ComputeEnvironment: ENVIRONMENT, Order: 1 }],
    });
  });

  test('a compute environment of this app has the vCPUs that are planned', () => {
    const of = (vcpus: number) => () =>
      make({}, (own) => ({
        computeEnvironment: new ManagedEc2EcsComputeEnvironment(own, 'Ec2', {
          vpc: new Vpc(own, 'Vpc'),
          maxvCpus: vcpus,
        }),
      }));
    expect(of(208)).not.toThrow();
    expect(of(256)).toThrow('maxvCpus must be that of the compute environment, 256, got 208');
  });

  const definition = (own: Stack, schedulingPriority?: number) =>
    new EcsJobDefinition(own, 'Own', {
      container: new EcsFargateContainerDefinition(own, 'OwnContainer', { image, cpu: 2, memory: Size.gibibytes(4) }),
      schedulingPriority,
    });

  test('a job definition: the others are made, and nobody submits another one', () => {
    const {
      share: made,
      stack: own,
      template: of,
    } = make({}, (it) => ({ jobDefinitions: { risk: definition(it, 7) } }));
    expect(all(of(), 'AWS::Batch::JobDefinition')).toHaveLength(4);
    expect(made.tenants[3]).toEqual({ name: 'risk', jobDefinition: own.node.findChild('Own') });
  });

  test('a job definition without a scheduling priority is refused', () => {
    expect(() => make({}, (it) => ({ jobDefinitions: { risk: definition(it) } }))).toThrow(
      'jobDefinitions of risk must have a schedulingPriority: without one AWS Batch refuses its jobs on a queue with a fair-share policy',
    );
  });

  test('a job definition that is imported is believed', () => {
    const arn = 'arn:aws:batch:eu-central-1:111122223333:job-definition/rate:3';
    expect(() =>
      make({ image: undefined }, (it) => ({
        jobDefinitions: Object.fromEntries(
          tenants.map(({ name }) => [name, EcsJobDefinition.fromJobDefinitionArn(it, `Own${name}`, arn)]),
        ),
      })),
    ).not.toThrow();
  });
});

test('two on one stack do not collide', () => {
  const own = shop();
  for (const id of ['A', 'B']) new FairShare(own, id, ratingJobs(own));
  expect(all(Template.fromStack(own), 'AWS::Batch::JobQueue')).toHaveLength(2);
});

test('a promise that would need preemption is refused', () => {
  expect(() => make({ objective: { latencySeconds: 2000 } })).toThrow(CapacityError);
  expect(() => make({ objective: { latencySeconds: 2000 } })).toThrow(/lent room is returned within \d+ s/);
});

const [tenant] = tenants;
test.each<[string, Partial<FairShareProps>]>([
  ['either vpc or computeEnvironment must be given, got neither', { computeEnvironment: undefined }],
  ['vpcSubnets must be left out without vpc', { vpcSubnets: {} }],
  ['jobDefinitions must have one of billing, or image must be given', { image: undefined }],
  ["tenants.name must not be 'constructor'", { tenants: [{ ...tenant, name: 'constructor' }] }],
  [
    'jobCpu × 1,024 and jobMemoryBytes in MiB of billing must be those of a task of Fargate: cpu must be one of',
    { tenants: [{ ...tenant, jobCpu: 3 }] },
  ],
  [
    'of billing must be those of a task of Fargate: memoryLimitMiB must be 4096 to 16384 in steps of 1024 with cpu 2048',
    { tenants: [{ ...tenant, jobMemoryBytes: 1024 ** 3 }] },
  ],
  ['schedulingPriority must be a whole number, between 0 and 9999', { schedulingPriority: 10_000 }],
  ['priority must be a whole number, between 0 and 1000', { priority: -1 }],
  ['shareDecay in seconds must be a whole number, between 1 and 604800, got 0', { shareDecay: Duration.seconds(0) }],
  ['maxRunnable in seconds must be a whole number, between 600', { maxRunnable: Duration.minutes(9) }],
  ['snapshotInterval in seconds must be a whole number, between 60', { snapshotInterval: Duration.seconds(30) }],
  ['jobStart in seconds must be a whole number, between 0 and 3600', { jobStart: Duration.hours(2) }],
  [
    'tenants must be fewer, or have shorter names',
    { tenants: Array.from({ length: 90 }, (_, i) => ({ ...tenant, name: `t${i}` })) },
  ],
  ['alarms.silence', { alarms: { silence: { nothing: 'not there' } } }],
])('%s', (message, given) => {
  const refused = () => make(given);
  expect(refused).toThrow(InvalidInputError);
  expect(refused).toThrow(message);
});
