import { CfnOutput, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { FlowLogDestination, InterfaceVpcEndpointAwsService, IpAddresses, Peer, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { RabbitMqBroker } from '../lib/aws/queue/rabbit-mq-broker';
import { RabbitMqQueue } from '../lib/aws/queue/rabbit-mq-queue';
import { RabbitMqWorker } from '../lib/aws/queue/rabbit-mq-worker';
import { ORDERS } from '../lib/cases/case-02-order-peak';
import { acknowledge } from './acknowledgements';

const ADMIN_ROTATION =
  'Amazon MQ takes the administrator when it makes the broker. Its password is changed through the management API and in the secret, at the same time.';
const ROTATION =
  'It is rotated by writing a new password into the secret: the function sets it on the broker within the hour, and the next deployment of the worker takes it.';

/**
 * Order processing: orders from a RabbitMQ queue on Amazon MQ, processed by Fargate tasks that scale with it (case 2).
 * The image is an example; give your own.
 */
export class OrderProcessingStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, {
      description: 'Order processing: a RabbitMQ queue on Amazon MQ, and Fargate tasks scaled on backlog per task',
      ...props,
    });
    const alarms = new Topic(this, 'Alarms', { enforceSSL: true });
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.0.0.0/16'),
      maxAzs: 2,
      natGateways: 1,
      flowLogs: { rejected: { destination: FlowLogDestination.toCloudWatchLogs() } },
    });
    const secretsManagerEndpoint = vpc.addInterfaceEndpoint('Secrets', {
      service: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      // Only who is let in by a rule of its own.
      open: false,
    });
    const { objective, consumer } = ORDERS.on.aws;
    const orders = new RabbitMqQueue(this, 'Orders', {
      queueName: 'orders',
      workload: ORDERS.workload,
      objective,
      consumer,
      broker: RabbitMqBroker.managed({ vpc }),
      secretsManagerEndpoint,
      alarmTopic: alarms,
    });
    const cluster = new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
    const worker = new RabbitMqWorker(this, 'Worker', {
      queue: orders,
      cluster,
      image: ContainerImage.fromRegistry('public.ecr.aws/docker/library/example-order-worker:1.0.0'),
    });
    // The tasks get their password through it. Their own group lets everything out, so only the endpoint's needs a rule.
    const [tasks] = worker.service.connections.securityGroups;
    secretsManagerEndpoint.connections.allowDefaultPortFrom(
      Peer.securityGroupId(tasks.securityGroupId),
      'Order workers',
    );

    const { adminSecret, workerSecret, producerSecret } = orders;
    acknowledge(adminSecret, { 'AwsSolutions-SMG4': ADMIN_ROTATION });
    for (const secret of [workerSecret, producerSecret]) acknowledge(secret, { 'AwsSolutions-SMG4': ROTATION });
    const outputs = {
      Endpoint: orders.endpoint,
      Exchange: orders.exchangeName,
      ProducerSecretArn: producerSecret.secretArn,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }

  /** Two wherever it is deployed, by their place in the list. */
  public override get availabilityZones(): string[] {
    return [0, 1].map((zone) => Fn.select(zone, Fn.getAzs()));
  }
}
