/** Uploads to a bucket, worked through by Fargate tasks that follow the queue, in a VPC and a cluster that are there. */
import { App, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { BlockPublicAccess, Bucket, BucketEncryption, EventType } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { aws } from 'backpressure-constructs';

const app = new App();
const stack = new Stack(app, 'Images', { env: { account: '123456789012', region: 'eu-central-1' } });
const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0123456789abcdef0',
  availabilityZones: ['eu-central-1a', 'eu-central-1b'],
  privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
});
const cluster = Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'shop', vpc });
const uploads = new Bucket(stack, 'Uploads', {
  encryption: BucketEncryption.S3_MANAGED,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  enforceSSL: true,
});

const jobs = new aws.RedriveQueue(stack, 'Jobs', {
  workload: { steadyPerSecond: 1, peakPerSecond: 12, peakSeconds: 1800, serviceSeconds: 2 },
  objective: { latencySeconds: 600 },
  platform: aws.QueuePlatform.FARGATE,
});
uploads.addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(jobs.queue));

const worker = new aws.QueueWorker(stack, 'Worker', {
  queue: jobs,
  compute: aws.WorkerCompute.fargate({ cluster, image: ContainerImage.fromRegistry('example/thumbnails:1.0') }),
});
// The task may read what it is told of, and nothing else.
uploads.grantRead(worker.taskDefinition!.taskRole);
