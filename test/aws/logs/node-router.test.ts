import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Cluster, type ICluster } from 'aws-cdk-lib/aws-eks';
import { OpenIdConnectProvider } from 'aws-cdk-lib/aws-iam';
import { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { ClusterLogRouterOptions } from '../../../lib/aws/logs/log-router';
import { LogShipping } from '../../../lib/aws/logs/log-shipping';
import type { LogShippingProps } from '../../../lib/aws/logs/log-shipping-props';
import { ROUTER_IMAGE } from '../../../lib/aws/logs/router-image';
import { NODE_LOGS, TASK_LOGS } from '../../../lib/cases/case-01-log-flood';
import { InvalidInputError } from '../../../lib/flow/errors';
import { expectNoFindings } from '../../../lib/rules/expect-no-findings';
import { permissions, shop, type Untyped } from '../../support/stack';

const FOLDER = '/var/lib/log-router';
const PER_NODE = { ...TASK_LOGS, ...NODE_LOGS, tasks: 1, hostFolder: FOLDER };

function clusterIn(stack: Stack): ICluster {
  return Cluster.fromClusterAttributes(stack, 'Cluster', {
    clusterName: 'shop',
    kubectlRoleArn: 'arn:aws:iam::123456789012:role/kubectl',
    kubectlLayer: LayerVersion.fromLayerVersionArn(
      stack,
      'Kubectl',
      'arn:aws:lambda:eu-west-1:123456789012:layer:kubectl:1',
    ),
    openIdConnectProvider: OpenIdConnectProvider.fromOpenIdConnectProviderArn(
      stack,
      'Provider',
      'arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE',
    ),
  });
}

function make(options?: ClusterLogRouterOptions, given: Partial<LogShippingProps> = {}, ids = ['Nodes']) {
  const stack = shop();
  const cluster = clusterIn(stack);
  const logs = new LogShipping(stack, 'Logs', { ...PER_NODE, ...given });
  const routers = ids.map((id) => logs.addToCluster(id, cluster, options));
  return { stack, cluster, logs, routers, router: routers[0], template: Template.fromStack(stack) };
}

/** The objects of a manifest; a token in a text becomes what it refers to. */
function objectsOf({ stack, router }: Pick<ReturnType<typeof make>, 'stack' | 'router'>): Untyped[] {
  const found = Object.entries<Untyped>(
    Template.fromStack(stack).findResources('Custom::AWSCDK-EKS-KubernetesResource'),
  );
  const id = stack.resolve((router.manifest.node.findChild('Resource') as Untyped).node.defaultChild.logicalId);
  const { Manifest } = found.find(([name]) => name === id)![1].Properties;
  const text = typeof Manifest === 'string' ? Manifest : Manifest['Fn::Join'][1].map(plain).join('');
  return JSON.parse(text);
}
const plain = (part: Untyped) => (typeof part === 'string' ? part : String(Object.values(part)[0]));

const made = make();
const value = (name: string) => made.router.plan.value(name);
const [configMap, daemonSet] = objectsOf(made);
const pod = daemonSet.spec.template.spec;
const [container] = pod.containers;
const config: string = configMap.data['fluent-bit.conf'];
const setting = (section: RegExp, key: string) => {
  const found = config.split(/\n(?=\[)/).find((text) => section.test(text));
  return found
    ?.split('\n')
    .find((line) => line.trim().startsWith(`${key} `))
    ?.trim()
    .slice(key.length + 1);
};

describe('the routers of a cluster', () => {
  test('keep a node within the same buffer as the plan of a host, on the disk of the node', () => {
    expect(setting(/kinesis_firehose/, 'storage.total_limit_size')).toBe(String(value('storageTotalLimitBytes')));
    expect(setting(/containers\/\*\.log/, 'storage.type')).toBe('filesystem');
    const buffer = pod.volumes.find(({ name }: Untyped) => name === 'buffer');
    expect(buffer.hostPath).toEqual({ path: `${FOLDER}/${made.router.name}`, type: 'DirectoryOrCreate' });
    expect(setting(/containers\/\*\.log/, 'db')).toBe('/log-buffer/tail.db');
  });

  test('trap: an input that is paused loses nothing here: the lines stay in the files of the kubelet', () => {
    expect(setting(/containers\/\*\.log/, 'storage.pause_on_chunks_overlimit')).toBe('on');
    expect(setting(/kinesis_firehose/, 'retry_limit')).toBe('no_limits');
  });

  test('trap: a router that reads its own log sends about sending: its lines go to the log group of the alarms', () => {
    const own = `/var/log/containers/${made.router.name}-*_kube-system_log-router-*.log`;
    expect(setting(/containers\/\*\.log/, 'exclude_path')).toBe(own);
    expect(setting(/tag own/, 'path')).toBe(own);
    expect(setting(/cloudwatch_logs/, 'match')).toBe('own');
    expect(setting(/kinesis_firehose/, 'match')).toBe('logs');
  });

  test('may send to this stream and write to this log group, and nothing else; the cluster is asked nothing', () => {
    const granted = permissions(made, made.router.serviceAccount.role);
    expect(Object.keys(granted).sort()).toEqual(['firehose:PutRecordBatch', 'logs:CreateLogStream logs:PutLogEvents']);
    expect(granted).not.toMatchObject({ 'firehose:PutRecordBatch': '*' });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(config).not.toContain('kubernetes');
  });

  test('change nothing on the node but their own folder, without a capability', () => {
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
    const written = container.volumeMounts.filter(({ readOnly }: Untyped) => !readOnly);
    expect(written.map(({ name }: Untyped) => name)).toEqual(['buffer']);
  });

  test('are on every node, one replaced after the other, and have as long to end as a router of a task', () => {
    expect(pod.tolerations).toEqual([{ operator: 'Exists' }]);
    expect(daemonSet.spec.updateStrategy.rollingUpdate.maxUnavailable).toBe(1);
    expect(pod.terminationGracePeriodSeconds).toBe(value('stopTimeoutSeconds'));
    expect(container.resources.limits).toEqual({ memory: `${value('routerMemoryBytes') / 2 ** 20}Mi` });
    expect(container.image).toBe(ROUTER_IMAGE);
  });

  test('have another configuration when it changes, so that they are replaced; what else is in the app changes nothing', () => {
    const other = make({}, { lineOnly: true });
    expect(objectsOf(other)[0].metadata.name).not.toBe(configMap.metadata.name);
    const stack = shop();
    new LogShipping(stack, 'Before', PER_NODE);
    const logs = new LogShipping(stack, 'Logs', PER_NODE);
    const router = logs.addToCluster('Nodes', clusterIn(stack));
    Template.fromStack(stack);
    expect(objectsOf({ stack, router })[0].metadata.name).toBe(configMap.metadata.name);
  });

  test('have nothing that our own rules find, in objects or configuration', () => {
    expectNoFindings({ apiVersion: 'v1', kind: 'List', items: [configMap, daemonSet] });
  });

  test('two on one cluster share neither objects nor a folder', () => {
    const { routers } = make({}, {}, ['One', 'Two']);
    expect(new Set(routers.map(({ name }) => name)).size).toBe(2);
  });
});

test('another namespace and image', () => {
  const objects = objectsOf(make({ namespace: 'logging', image: 'example/fluent-bit:4.2.2' }));
  expect(objects.map(({ metadata }: Untyped) => metadata.namespace)).toEqual(['logging', 'logging']);
  expect(objects[1].spec.template.spec.containers[0].image).toBe('example/fluent-bit:4.2.2');
});

test('what cannot be used is refused, all of it at once', () => {
  const attempt = () => make({ namespace: 'Kube_System', image: 'fluent-bit' }, { hostFolder: undefined });
  expect(attempt).toThrow(InvalidInputError);
  for (const message of [
    'hostFolder is missing: the routers of a cluster keep their buffers in a folder of each node',
    "namespace must be the name of one that is there, 1 to 63 of a to z, 0 to 9 and -, got 'Kube_System'",
    `image must be a reference with a version or a digest, such as '${ROUTER_IMAGE}', got 'fluent-bit'`,
  ])
    expect(attempt).toThrow(message);
});

test('a cluster of the same app, in another stack', () => {
  const stack = shop();
  const other = new Stack(stack.node.root, 'Cluster');
  const logs = new LogShipping(stack, 'Logs', PER_NODE);
  logs.addToCluster('Nodes', clusterIn(other));
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', { AssumeRolePolicyDocument: Match.anyValue() });
});
