/**
 * Target groups and databases in plans and states of Terraform, and in previews and stacks of Pulumi: what rules find there.
 * `provider/` has what Terraform 1.11 made of its configuration with the provider 5.100 for AWS, before anything exists.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeEach } from '../../../lib/rules/check';
import { readEach } from '../../../lib/rules/read';
import { judged, type Made, plan, refers } from './made';
import { judged as ofPulumi, preview, type State, stack, UNKNOWN, urn } from './stacks';

/** The same resources after they were applied: everything is known, and no configuration says what names what. */
const applied = (resources: readonly Made[]) => ({
  format_version: '1.0',
  terraform_version: '1.11.4',
  values: plan(resources).planned_values,
});

const AGENT = [
  { name: 'TARGET_CONTROL_CONTROL_ADDRESS', value: '0.0.0.0:3000' },
  { name: 'TARGET_CONTROL_DATA_ADDRESS', value: '0.0.0.0:80' },
];
const MOST = { name: 'TARGET_CONTROL_MAX_CONCURRENCY', value: '74' };

interface Choices {
  readonly delay?: string;
  readonly port?: number;
  readonly mapped?: number;
  readonly environment?: readonly object[];
  readonly type?: string;
}

/** A service behind a target group. */
function served({ delay = '300', port, mapped = 3000, environment = [], type = 'aws_lb_target_group' }: Choices) {
  const containers = JSON.stringify([
    { name: 'api', image: 'shop/api:1', portMappings: [{ containerPort: 80 }], environment },
    { name: 'agent', image: 'shop/agent:1', portMappings: [{ containerPort: mapped }] },
  ]);
  const arns = {
    group: 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/api/6d0ecf831eec9f09',
    task: 'arn:aws:ecs:eu-west-1:1:task-definition/api:1',
  };
  const group = { name: 'api', deregistration_delay: delay, target_control_port: port ?? null };
  const task = { family: 'api', container_definitions: containers };
  const planned: Made[] = [
    { address: `${type}.api`, values: group, unknown: { arn: true } },
    { address: 'aws_ecs_task_definition.api', values: task, unknown: { arn: true } },
    {
      address: 'aws_ecs_service.api',
      values: { name: 'api', load_balancer: [{ container_name: 'api', container_port: 80 }] },
      unknown: { task_definition: true, load_balancer: [{ target_group_arn: true }] },
      expressions: {
        task_definition: refers('aws_ecs_task_definition.api.arn', 'aws_ecs_task_definition.api'),
        load_balancer: [{ target_group_arn: refers(`${type}.api.arn`, `${type}.api`) }],
      },
    },
  ];
  const known: Made[] = [
    { address: `${type}.api`, values: { ...group, target_control_port: port ?? 0, arn: arns.group } },
    { address: 'aws_ecs_task_definition.api', values: { ...task, arn: arns.task } },
    {
      address: 'aws_ecs_service.api',
      values: { name: 'api', task_definition: arns.task, load_balancer: [{ target_group_arn: arns.group }] },
    },
  ];
  const states = (unknown: boolean): State[] => [
    {
      type: 'aws:lb/targetGroup:TargetGroup',
      name: 'api',
      inputs: { name: 'api', deregistrationDelay: Number(delay), ...(port && { targetControlPort: port }) },
      more: unknown ? {} : { id: arns.group, outputs: { arn: arns.group } },
    },
    {
      type: 'aws:ecs/taskDefinition:TaskDefinition',
      name: 'api',
      inputs: { family: 'api', containerDefinitions: containers },
      more: unknown ? {} : { id: 'api', outputs: { arn: arns.task } },
    },
    {
      type: 'aws:ecs/service:Service',
      name: 'api',
      inputs: {
        name: 'api',
        taskDefinition: unknown ? UNKNOWN : arns.task,
        loadBalancers: [{ targetGroupArn: unknown ? UNKNOWN : arns.group, containerName: 'api', containerPort: 80 }],
      },
      needs: {
        taskDefinition: [urn('aws:ecs/taskDefinition:TaskDefinition', 'api')],
        loadBalancers: [urn('aws:lb/targetGroup:TargetGroup', 'api')],
      },
    },
  ];
  return {
    plan: judged(plan(planned)),
    state: judged(applied(known)),
    preview: ofPulumi(preview(states(true))),
    stack: ofPulumi(stack(states(false))),
  };
}

const READ = { found: [], failures: [], unread: [] };
const WAYS = ['plan', 'state', 'preview', 'stack'] as const;
const ids = (found: readonly string[]) => found.map((one) => one.split(' ')[0]).sort();

describe.each(WAYS)('target groups in a %s', (way) => {
  const found = (choices: Choices) => ids(served(choices)[way].found);
  const deadline = { name: 'SERVER_DEADLINE_SECONDS', value: '30' };

  test('with all as it should be nothing is found, and everything is read', () => {
    const { found: none, unread } = served({ port: 3000, environment: [...AGENT, MOST] })[way];
    expect({ found: none, unread }).toEqual({ found: READ.found, unread: READ.unread });
  });

  test.each<[string, Choices, string[]]>([
    ['no container has the control port', { port: 3000, mapped: 4000 }, ['BP-ALB-001']],
    ['the provider writes 0 for a control port that is not given', { port: 0, mapped: 4000 }, []],
    ['the agent has no maximum', { port: 3000, environment: AGENT }, ['BP-ALB-001']],
    ['targets are closed before a request ends', { delay: '10', environment: [deadline] }, ['BP-ALB-002']],
    ['targets are closed as soon as a request has ended', { delay: '30', environment: [deadline] }, []],
  ])('%s', (_, choices, wanted) => expect(found(choices)).toEqual(wanted));
});

test('a target group under the older name of its type', () => {
  const deadline = [{ name: 'SERVER_DEADLINE_SECONDS', value: '30' }];
  const { plan: found } = served({ delay: '10', environment: deadline, type: 'aws_alb_target_group' });
  expect(found.found).toEqual(['BP-ALB-002 aws_alb_target_group.api']);
});

test('a control port that is known only after apply is not known', () => {
  const resources: Made[] = [
    { address: 'aws_lb_target_group.api', values: { name: 'api' }, unknown: { arn: true, target_control_port: true } },
  ];
  expect(judged(plan(resources))).toEqual(READ);
});

test('an alarm that takes free places for a queue', () => {
  const alarm = (comparison_operator: string): Made => ({
    address: 'aws_cloudwatch_metric_alarm.places',
    values: {
      alarm_name: 'places',
      namespace: 'AWS/ApplicationELB',
      metric_name: 'TargetControlWorkQueueLength',
      comparison_operator,
      alarm_actions: ['arn:aws:sns:eu-west-1:1:pager'],
    },
  });
  expect(ids(judged(plan([alarm('GreaterThanThreshold')])).found)).toContain('BP-ALB-003');
  expect(ids(judged(plan([alarm('LessThanOrEqualToThreshold')])).found)).not.toContain('BP-ALB-003');
});

interface Replication {
  readonly source?: string;
  readonly replica?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly shared?: boolean;
}

/** A source and its replica, which has a parameter group. */
function replicated({ source = 'db.r6g.xlarge', replica = 'db.r6g.xlarge', parameters = {}, shared }: Replication) {
  const blocks = Object.entries(parameters).map(([name, value]) => ({ name, value, apply_method: 'immediate' }));
  const group: Made = {
    address: 'aws_db_parameter_group.replica',
    values: { name: 'replica', family: 'mysql8.0', parameter: blocks },
  };
  const orders: Made = {
    address: 'aws_db_instance.orders',
    // A provider writes an empty text for a source that there is none of.
    values: {
      identifier: 'orders',
      instance_class: source,
      replicate_source_db: null,
      ...(shared && { parameter_group_name: 'replica' }),
    },
    unknown: { arn: true, id: true, ...(!shared && { parameter_group_name: true }) },
    expressions: shared
      ? { parameter_group_name: refers('aws_db_parameter_group.replica.name', 'aws_db_parameter_group.replica') }
      : {},
  };
  const copy: Made = {
    address: 'aws_db_instance.replica',
    values: {
      identifier: 'orders-replica',
      instance_class: replica,
      replicate_source_db: 'orders',
      parameter_group_name: 'replica',
    },
    unknown: { arn: true, id: true },
    expressions: {
      replicate_source_db: refers('aws_db_instance.orders.identifier', 'aws_db_instance.orders'),
      parameter_group_name: refers('aws_db_parameter_group.replica.name', 'aws_db_parameter_group.replica'),
    },
  };
  const later: Made[] = [
    group,
    {
      ...orders,
      values: {
        ...orders.values,
        parameter_group_name: shared ? 'replica' : 'default.mysql8.0',
        replicate_source_db: '',
      },
    },
    copy,
  ];
  const instance = 'aws:rds/instance:Instance';
  const states = (unknown: boolean): State[] => [
    {
      type: 'aws:rds/parameterGroup:ParameterGroup',
      name: 'replica',
      inputs: {
        name: 'replica',
        family: 'mysql8.0',
        parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })),
      },
    },
    {
      type: instance,
      name: 'orders',
      inputs: { identifier: 'orders', instanceClass: source, ...(shared && { parameterGroupName: 'replica' }) },
      needs: shared ? { parameterGroupName: [urn('aws:rds/parameterGroup:ParameterGroup', 'replica')] } : {},
    },
    {
      type: instance,
      name: 'orders-replica',
      inputs: {
        identifier: 'orders-replica',
        instanceClass: replica,
        replicateSourceDb: unknown ? UNKNOWN : 'orders',
        parameterGroupName: unknown ? UNKNOWN : 'replica',
      },
      needs: {
        replicateSourceDb: [urn(instance, 'orders')],
        parameterGroupName: [urn('aws:rds/parameterGroup:ParameterGroup', 'replica')],
      },
    },
  ];
  return {
    plan: judged(plan([group, orders, copy])),
    state: judged(applied(later)),
    preview: ofPulumi(preview(states(true))),
    stack: ofPulumi(stack(states(false))),
  };
}

describe.each(WAYS)('databases in a %s', (way) => {
  test('with all as it should be nothing is found, and everything is read', () => {
    const { found, unread } = replicated({})[way];
    expect({ found, unread }).toEqual({ found: [], unread: [] });
  });

  test.each<[string, Replication, string[]]>([
    ['a replica that is smaller than its source', { replica: 'db.r6g.large' }, ['BP-RDS-005']],
    ['a replica that is larger', { replica: 'db.r6g.2xlarge' }, []],
    ['a group of replicas alone that may be written to', { parameters: { read_only: '0' } }, ['BP-RDS-006']],
    ['a group that the source has as well', { parameters: { read_only: '0' }, shared: true }, []],
    ['an old name of a parameter', { parameters: { slave_parallel_workers: '1' } }, ['BP-RDS-001']],
    [
      'workers that do not keep the order',
      { parameters: { replica_parallel_workers: '8', replica_preserve_commit_order: '0' } },
      ['BP-RDS-002'],
    ],
  ])('%s', (_, choices, wanted) => expect(ids(replicated(choices)[way].found)).toEqual(wanted));
});

test('an alarm on the lag of a replica that is silent when replication stops', () => {
  const alarm = (name: string, more: Record<string, unknown>): Made => ({
    address: `aws_cloudwatch_metric_alarm.${name}`,
    values: {
      alarm_name: name,
      namespace: 'AWS/RDS',
      metric_name: 'ReplicaLag',
      threshold: 30,
      comparison_operator: 'GreaterThanThreshold',
      alarm_actions: ['arn:aws:sns:eu-west-1:1:pager'],
      dimensions: { DBInstanceIdentifier: 'orders-replica' },
      treat_missing_data: 'missing',
      ...more,
    },
  });
  const stopped = alarm('stopped', { threshold: 0, comparison_operator: 'LessThanThreshold' });
  expect(ids(judged(plan([alarm('lag', {})])).found)).toContain('BP-RDS-003');
  expect(ids(judged(plan([alarm('lag', {}), stopped])).found)).not.toContain('BP-RDS-003');
});

test('a parameter that the version of MySQL no longer has', () => {
  const group: Made = {
    address: 'aws_db_parameter_group.replica',
    values: { name: 'replica', family: 'mysql8.4', parameter: [{ name: 'expire_logs_days', value: '3' }] },
  };
  expect(ids(judged(plan([group])).found)).toEqual(['BP-RDS-004']);
});

test('a plan of the real provider, with the attributes at which the findings are', () => {
  const text = readFileSync(join(__dirname, 'provider', 'services', 'plan.json'), 'utf8');
  const { findings, failures } = judgeEach(readEach([{ file: 'plan.json', text }]));
  expect(failures).toEqual([]);
  expect(findings.map(({ ruleId, resource, path }) => `${ruleId} ${resource} ${path}`).sort()).toEqual([
    'BP-ALB-002 aws_lb_target_group.api deregistration_delay',
    'BP-RDS-005 aws_db_instance.replica instance_class',
    'BP-RDS-006 aws_db_parameter_group.replica parameter[0].value',
  ]);
});
