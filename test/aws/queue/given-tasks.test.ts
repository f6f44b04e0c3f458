/** Tasks that a team has already, and tasks of ours with everything that can be set on them. */
import { Duration, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Port, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  AwsLogDriver,
  Cluster,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargateService,
  type FargateServiceProps,
  FargateTaskDefinition,
  type FargateTaskDefinitionProps,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { FargateWorkerProps } from '../../../lib/aws/queue/fargate-props';
import { QueuePlatform } from '../../../lib/aws/queue/queue-platform';
import { QueueWorker, WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import { only, shop } from '../../support/stack';

const workload = { steadyPerSecond: 1, peakPerSecond: 12, peakSeconds: 1800, serviceSeconds: 2 };
const objective = { latencySeconds: 600 };
const image = ContainerImage.fromRegistry('shop/thumbnails:1');

function clusterIn(stack: Stack): Cluster {
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 });
  return new Cluster(stack, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
}

function worker(stack: Stack, compute: FargateWorkerProps): QueueWorker {
  const queue = new RedriveQueue(stack, 'Jobs', { workload, objective, platform: QueuePlatform.FARGATE });
  return new QueueWorker(stack, 'Worker', { queue, compute: WorkerCompute.fargate(compute) });
}

function made(compute: Partial<FargateWorkerProps> = {}) {
  const stack = shop();
  const result = worker(stack, { cluster: clusterIn(stack), image, ...compute });
  const template = Template.fromStack(stack);
  return { stack, template, worker: result };
}

function givenTask(stack: Stack, props: FargateTaskDefinitionProps = {}, stopSeconds = 120): FargateTaskDefinition {
  const task = new FargateTaskDefinition(stack, 'Own', { cpu: 1024, memoryLimitMiB: 2048, ...props });
  const logging = new AwsLogDriver({ streamPrefix: 'own' });
  task.addContainer('Own', { image, stopTimeout: Duration.seconds(stopSeconds), logging });
  return task;
}

describe('a task of ours', () => {
  test('has every setting that is given', () => {
    const stack = shop();
    const cluster = clusterIn(stack);
    const assumedBy = new ServicePrincipal('ecs-tasks.amazonaws.com');
    const securityGroup = new SecurityGroup(stack, 'Group', { vpc: cluster.vpc, description: 'thumbnails' });
    worker(stack, {
      cluster,
      image,
      architecture: CpuArchitecture.X86_64,
      ephemeralStorageGiB: 50,
      command: ['node', 'work.js'],
      entryPoint: ['/sbin/tini'],
      healthCheck: { command: ['CMD', 'true'] },
      readonlyRootFilesystem: false,
      taskRole: new Role(stack, 'TaskRole', { assumedBy }),
      executionRole: new Role(stack, 'ExecutionRole', { assumedBy }),
      securityGroups: [securityGroup],
      vpcSubnets: { subnetType: SubnetType.PUBLIC },
      assignPublicIp: true,
      capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
      enableExecuteCommand: true,
    });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      RuntimePlatform: { CpuArchitecture: 'X86_64' },
      EphemeralStorage: { SizeInGiB: 50 },
      TaskRoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^TaskRole'), 'Arn'] },
      ExecutionRoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^ExecutionRole'), 'Arn'] },
      ContainerDefinitions: [
        Match.objectLike({
          Command: ['node', 'work.js'],
          EntryPoint: ['/sbin/tini'],
          HealthCheck: Match.objectLike({ Command: ['CMD', 'true'] }),
          ReadonlyRootFilesystem: false,
        }),
      ],
    });
    template.hasResourceProperties('AWS::ECS::Service', {
      CapacityProviderStrategy: [{ CapacityProvider: 'FARGATE_SPOT', Weight: 1 }],
      EnableExecuteCommand: true,
      NetworkConfiguration: {
        AwsvpcConfiguration: {
          AssignPublicIp: 'ENABLED',
          SecurityGroups: [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^Group'), 'GroupId'] }],
        },
      },
    });
    template.resourceCountIs('AWS::EC2::SecurityGroup', 1);
  });

  test('costs what its processor and its storage cost', () => {
    const ceiling = (compute: Partial<FargateWorkerProps>) => {
      const { plan } = made(compute).worker;
      return plan.value('costCeiling') / plan.value('maxInstances') / 730;
    };
    // A quarter of a vCPU and half a GB: list prices of us-east-1.
    expect(ceiling({})).toBeCloseTo(0.25 * 0.03238 + 0.5 * 0.00356, 9);
    const x86 = 0.25 * 0.04048 + 0.5 * 0.004445;
    expect(ceiling({ architecture: CpuArchitecture.X86_64 })).toBeCloseTo(x86, 9);
    expect(ceiling({ architecture: CpuArchitecture.X86_64, ephemeralStorageGiB: 120 })).toBeCloseTo(
      x86 + 100 * 0.000111,
      9,
    );
  });

  test('is reached by its members: a database lets the service in, the role reads a bucket', () => {
    const stack = shop();
    const cluster = clusterIn(stack);
    const { service, taskDefinition, container, scalableTarget, plan } = worker(stack, { cluster, image });
    const database = new SecurityGroup(stack, 'Database', { vpc: cluster.vpc, description: 'database' });
    database.connections.allowFrom(service!, Port.tcp(5432));
    expect(container).toBe(taskDefinition?.defaultContainer);
    expect(scalableTarget?.maxCapacity).toBe(plan.value('maxInstances'));
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 5432 });
  });

  test.each<[string, Partial<FargateWorkerProps>]>([
    ['ephemeralStorageGiB must be a whole number, between 21 and 200, got 20', { ephemeralStorageGiB: 20 }],
    ['enableExecuteCommand needs readonlyRootFilesystem false', { enableExecuteCommand: true }],
    ['compute.image is missing', { image: undefined }],
    ['compute.cluster is missing', { cluster: undefined }],
  ])('%s', (message, compute) => {
    expect(() => made(compute)).toThrow(message);
  });
});

describe('a task definition that is there', () => {
  const withTask = (props?: FargateTaskDefinitionProps, stopSeconds?: number) => {
    const stack = shop();
    const taskDefinition = givenTask(stack, props, stopSeconds);
    const result = worker(stack, { cluster: clusterIn(stack), taskDefinition });
    return { stack, template: Template.fromStack(stack), result };
  };

  test('gets the queue, the right to consume it and the price of its size', () => {
    const { result, ...made } = withTask();
    const { template } = made;
    template.resourceCountIs('AWS::ECS::TaskDefinition', 1);
    const { ContainerDefinitions } = only(made, 'AWS::ECS::TaskDefinition');
    const names = ContainerDefinitions[0].Environment.map(({ Name }: { Name: string }) => Name);
    expect(names).toEqual(expect.arrayContaining(['QUEUE_URL', 'SLOTS']));
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^OwnTaskRole') }],
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['sqs:DeleteMessage']) })]),
      }),
    });
    const { plan } = result;
    expect(plan.value('costCeiling') / plan.value('maxInstances') / 730).toBeCloseTo(0.04048 + 2 * 0.004445, 9);
  });

  test('on ARM costs less', () => {
    const arm = { cpuArchitecture: CpuArchitecture.ARM64, operatingSystemFamily: OperatingSystemFamily.LINUX };
    const { plan } = withTask({ runtimePlatform: arm }).result;
    expect(plan.value('costCeiling') / plan.value('maxInstances') / 730).toBeCloseTo(0.03238 + 2 * 0.00356, 9);
  });

  test('must give a stopped task the time to finish', () => {
    const needed = withTask().result.plan.value('stopTimeoutSeconds');
    expect(withTask({}, needed).result).toBeDefined();
    expect(() => withTask({}, needed - 1)).toThrow(
      `stopTimeout of the container Own must be at least ${needed} s, so that a stopped task finishes what it has, got ${needed - 1} s`,
    );
  });

  test('is not told twice what it is made of', () => {
    const stack = shop();
    const taskDefinition = givenTask(stack);
    const compute = { cluster: clusterIn(stack), taskDefinition, image, cpu: 512 };
    expect(() => worker(stack, compute)).toThrow(
      /image belongs to the task definition that is given; .*cpu belongs to the task definition that is given/,
    );
  });
});

describe('a service that is there', () => {
  const withService = (props: Partial<FargateServiceProps> = {}, compute: Partial<FargateWorkerProps> = {}) => {
    const stack = shop();
    const cluster = clusterIn(stack);
    const service = new FargateService(stack, 'OwnService', {
      cluster,
      taskDefinition: givenTask(stack),
      minHealthyPercent: 100,
      ...props,
    });
    const result = worker(stack, { service, ...compute });
    return { template: Template.fromStack(stack), result, service };
  };

  test('is scaled, and nothing else is made', () => {
    const { template, result, service } = withService();
    template.resourceCountIs('AWS::ECS::Service', 1);
    template.resourceCountIs('AWS::ECS::TaskDefinition', 1);
    expect(result.service).toBe(service);
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
      MaxCapacity: result.plan.value('maxInstances'),
      ResourceId: Match.objectLike({
        'Fn::Join': ['', Match.arrayWith([{ Ref: Match.stringLikeRegexp('^Cluster') }])],
      }),
    });
  });

  test('must leave its number of tasks to the scaling', () => {
    expect(() => withService({ desiredCount: 3 })).toThrow(
      /desiredCount of the service .*OwnService must be left out, got 3: every deployment would set it/,
    );
  });

  test('has its own cluster and task', () => {
    const stack = shop();
    expect(() => withService({}, { cluster: clusterIn(stack), cpu: 512 })).toThrow(
      /cluster belongs to the service that is given; .*cpu belongs to the service that is given/,
    );
  });
});
