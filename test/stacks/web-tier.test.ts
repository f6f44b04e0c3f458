/** The web tier: what its tasks reach, and when they start. */
import { Template } from 'aws-cdk-lib/assertions';
import { WebTierStack } from '../../stacks/web-tier';
import { referenceApp } from '../support/reference';
import type { Untyped } from '../support/stack';

const template = Template.fromStack(new WebTierStack(referenceApp(), 'WebTier'));
const ofType = (type: string) => Object.entries<Untyped>(template.findResources(type));
const services = ofType('AWS::ECS::Service');

test('there are services, and each stands in subnets without a way to the internet', () => {
  expect(services.length).toBeGreaterThan(0);
  template.resourceCountIs('AWS::EC2::NatGateway', 0);
  const routed = new Set(ofType('AWS::EC2::Route').map(([, { Properties }]) => Properties.RouteTableId.Ref as string));
  const open = ofType('AWS::EC2::SubnetRouteTableAssociation')
    .filter(([, { Properties }]) => routed.has(Properties.RouteTableId.Ref))
    .map(([, { Properties }]) => Properties.SubnetId.Ref as string);
  // The load balancers'.
  expect(open).toHaveLength(2);
  for (const [, { Properties }] of services) {
    const { Subnets, AssignPublicIp } = Properties.NetworkConfiguration.AwsvpcConfiguration;
    expect(AssignPublicIp).toBe('DISABLED');
    expect(Subnets.filter(({ Ref }: Untyped) => open.includes(Ref))).toEqual([]);
  }
});

// Without them the first tasks pull no image, and the circuit breaker gives the deployment up.
test('services wait for the endpoints that their tasks start with', () => {
  const endpoints = ofType('AWS::EC2::VPCEndpoint');
  const names = endpoints.map(([, { Properties }]) => JSON.stringify(Properties.ServiceName));
  const every = ['ecr.api', 'ecr.dkr', 'logs', 's3'];
  for (const name of every) expect([name, names.some((one) => one.includes(name))]).toEqual([name, true]);
  for (const [id, { DependsOn }] of services) {
    // The guard of the replica also reads its password and writes its signal.
    const needed = /Replica/.test(id) ? [...every, 'secretsmanager', 'dynamodb'] : every;
    const missing = endpoints
      .filter((_, at) => needed.some((name) => names[at].includes(name)))
      .map(([endpoint]) => endpoint)
      .filter((endpoint) => !DependsOn?.includes(endpoint));
    expect([id, missing]).toEqual([id, []]);
  }
});

test('images come from the account: none of another registry would be reached', () => {
  const images = ofType('AWS::ECS::TaskDefinition').flatMap(([, { Properties }]) =>
    Properties.ContainerDefinitions.map(({ Image }: Untyped) => JSON.stringify(Image)),
  );
  expect(images.filter((image: string) => !image.includes('.dkr.ecr.'))).toEqual([]);
});

test('the endpoints admit the VPC, and nothing from outside', () => {
  const groups = ofType('AWS::EC2::SecurityGroup')
    .filter(([, { Properties }]) => Properties.GroupDescription.startsWith('Endpoints'))
    .flatMap(([, { Properties }]) => Properties.SecurityGroupIngress);
  expect(groups.map(({ CidrIp, FromPort, ToPort }: Untyped) => [CidrIp, FromPort, ToPort])).toEqual([
    ['10.0.0.0/16', 443, 443],
  ]);
});

describe('the service whose lines are kept for audit', () => {
  const audit = Object.fromEntries(
    Object.entries<Untyped>(template.toJSON().Resources).filter(([id]) => /^(Audit|Firehose)/.test(id)),
  );
  const container = (name: string): Untyped =>
    Object.values<Untyped>(audit)
      .flatMap(({ Properties }) => Properties.ContainerDefinitions ?? [])
      .find(({ Name }: Untyped) => Name === name);

  test('loses no line while its log is busy: it waits, and the router has its buffer on disk', () => {
    expect(container('Audit').LogConfiguration).toMatchObject({
      LogDriver: 'awsfirelens',
      Options: { mode: 'blocking' },
    });
  });

  test('its router may end last, and never holds itself up by its own log', () => {
    const router = Object.values<Untyped>(audit)
      .flatMap(({ Properties }) => Properties.ContainerDefinitions ?? [])
      .find(({ FirelensConfiguration }: Untyped) => FirelensConfiguration);
    expect(router.Essential).toBe(true);
    expect(router.LogConfiguration.Options).toMatchObject({ mode: 'non-blocking', 'max-buffer-size': '10485760b' });
    expect(container('Audit').DependsOn).toContainEqual({ Condition: 'START', ContainerName: router.Name });
  });

  test('its part of the template', () => {
    expect(JSON.parse(JSON.stringify(audit).replace(/\b[0-9a-f]{64}\b/g, '<asset>'))).toMatchSnapshot();
  });
});
