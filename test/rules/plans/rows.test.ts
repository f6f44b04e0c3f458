/** Every property that a rule reads has a field in the row of its type. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeEach } from '../../../lib/rules/check';
import { Value } from '../../../lib/rules/document';
import { AWS } from '../../../lib/rules/plans/aws';
import type { Cell } from '../../../lib/rules/plans/cell';
import { pulumiPlan, tokenOf } from '../../../lib/rules/plans/pulumi';
import type { Field, Fields } from '../../../lib/rules/plans/row';
import { readEach } from '../../../lib/rules/read';
import { judged, type Made, plan } from './made';
/** The inputs of Pulumi's provider, from the declarations of its package; of nested ones those that a row reads. */
import PULUMI from './pulumi-inputs.json';
import { judged as ofPulumi, preview, type State, UNKNOWN, urn } from './stacks';

type Names = { readonly [name: string]: Names | true };

/** The names that a row makes; true where it has all that is below. */
function namesIn(fields: Fields): Names {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, namesOf(field)]));
}

function namesOf(field: Field): Names | true {
  if (typeof field === 'string') return true;
  switch (field.as) {
    case 'block':
    case 'blocks':
    case 'object':
      return namesIn(field.fields);
    case 'known':
    case 'without':
      return namesOf(field.of);
    case 'list': {
      const all = field.of.map(namesOf);
      return all.includes(true) ? true : Object.assign({}, ...all);
    }
    default:
      return true;
  }
}

const BY_TYPE = new Map<string, Record<string, Names | true>>();
for (const { type, part, properties } of Object.values(AWS)) {
  const known = BY_TYPE.get(type) ?? {};
  BY_TYPE.set(type, known);
  const own = namesIn(properties);
  for (const [name, names] of Object.entries(
    part?.list === undefined ? own : { [part.list]: '' in own ? true : own },
  )) {
    const before = known[name];
    known[name] = names === true || before === true ? true : { ...before, ...names };
  }
}

function has(type: string, path: string): boolean {
  let names: Names | true | undefined = BY_TYPE.get(type);
  for (const key of path
    .replace(/\[\d+\]/g, '')
    .split('.')
    .slice(1)) {
    if (names === true || names === undefined) break;
    names = names[key];
  }
  return names !== undefined;
}

/** Other spellings that only templates have, and what these providers have as a resource of its own. */
const NOT_THERE = [
  /^AWS::ApplicationAutoScaling::ScalingPolicy Properties\.TargetTrackingConfiguration/,
  /^AWS::IAM::(ManagedPolicy|Role|RolePolicy) Properties\.(Policies|RoleName|Roles|PolicyDocument)/,
  // The code is in an archive.
  /^AWS::Lambda::Function Properties\.Code/,
  // Their events are a list and their filter two fields; without an event the rule that reads them is silent.
  /^AWS::S3::Bucket Properties\.NotificationConfiguration\.(LambdaConfigurations\.(Event|Filter)|QueueConfigurations)/,
  /^AWS::S3::Bucket Properties\.LifecycleConfiguration\.Rules\.(NoncurrentVersionExpirationInDays|Transition)$/,
  /^AWS::SNS::Topic Properties\.Subscription/,
  /^AWS::StepFunctions::StateMachine Properties\.Definition(String|Substitutions)/,
];

function templates(): string[] {
  const root = join(__dirname, '..');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ya?ml|json|template)$/.test(file))
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .filter((text) => /AWS::/.test(text) && !/planned_values|"urn:pulumi/.test(text));
}

test('what rules have read of the templates of all tests', () => {
  const read = new Set<string>();
  const original = Value.prototype.below;
  Value.prototype.below = function (this: Value, key) {
    const found = original.call(this, key);
    if (BY_TYPE.has(this.resource.type) && found.path.startsWith('Properties.'))
      read.add(`${this.resource.type} ${found.path.replace(/\[\d+\]/g, '')}`);
    return found;
  };
  try {
    for (const text of templates()) judgeEach(readEach([{ file: 'template.yaml', text }]));
  } finally {
    Value.prototype.below = original;
  }
  const missing = [...read].filter((one) => {
    const [type, path] = one.split(' ');
    return !has(type, path) && !NOT_THERE.some((pattern) => pattern.test(one));
  });
  expect(read.size).toBeGreaterThan(200);
  expect(missing.sort()).toEqual([]);
});

test('what rules name in their own text', () => {
  const folder = join(__dirname, '../../../lib/rules/cloudformation');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.ts$/.test(file) && !/sam/.test(file),
  );
  const named = files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/'Properties',\s*'(\w+)'/g)].map(([, name]) => name),
  );
  const known = new Set([...BY_TYPE.values()].flatMap((names) => Object.keys(names)));
  expect([...new Set(named)].filter((name) => !known.has(name)).sort()).toEqual([
    // Of jobs and triggers of AWS Glue, steps of EMR and brokers of Amazon MQ, which no plan of Terraform or Pulumi is converted to yet.
    'Actions',
    'AutoMinorVersionUpgrade',
    // Of a table, a mapping, a stream of Firehose, a task definition and a project of CodeBuild: rows leave these out yet.
    'BillingMode',
    'Code',
    'Command',
    'DefaultArguments',
    'DeploymentMode',
    'EngineType',
    'EngineVersion',
    'ExecutionProperty',
    'ExtendedS3DestinationConfiguration',
    'FilterCriteria',
    'HadoopJarStep',
    // Of a topic of MSK, which the provider does not have.
    'PartitionCount',
    'QueuedTimeoutInMinutes',
    'Replicas',
    'RequiresCompatibilities',
    // Of a trigger of AWS Glue.
    'Schedule',
    // Of a job definition of AWS Batch.
    'SchedulingPriority',
    // Within a topic of SNS; there it is always a resource of its own.
    'Subscription',
    // Of an optimizer of AWS Glue, which no plan of Terraform or Pulumi is converted to yet.
    'TableOptimizerConfiguration',
    'Triggers',
    'Type',
    'Users',
  ]);
});

describe('events that fill a table', () => {
  const table: Made = {
    address: 'aws_dynamodb_table.events',
    values: { name: 'events', arn: 'arn:aws:dynamodb:eu-west-1:1:table/events', hash_key: 'event_id' },
  };
  const found = (...more: Made[]) => judged(plan([table, ...more])).found;

  test.each([
    ['dynamodb', [{ table_name: 'events' }]],
    ['dynamodbv2', [{ put_item: [{ table_name: 'events' }] }]],
  ])('a rule of AWS IoT: %s', (action, block) => {
    const rule = (enabled: boolean): Made => ({
      address: 'aws_iot_topic_rule.all',
      values: { name: 'all', enabled, [action]: block, error_action: [{ sqs: [{ queue_url: 'x' }] }] },
    });
    expect(found(rule(true))).toEqual(['BP-DDB-001 aws_dynamodb_table.events']);
    expect(found(rule(false))).toEqual([]);
  });

  test.each([
    ['queues', ['q']],
    ['document_db_event_source_config', [{ database_name: 'shop' }]],
    ['self_managed_event_source', [{ endpoints: { KAFKA_BOOTSTRAP_SERVERS: 'a:9092' } }]],
  ])('a mapping with %s', (name, value) => {
    const role: Made = {
      address: 'aws_iam_role.worker',
      values: { name: 'worker', arn: 'arn:aws:iam::1:role/worker' },
    };
    const policy: Made = {
      address: 'aws_iam_role_policy.worker',
      values: {
        role: 'worker',
        policy: JSON.stringify({
          Statement: [
            { Effect: 'Allow', Action: 'dynamodb:PutItem', Resource: 'arn:aws:dynamodb:eu-west-1:1:table/events' },
          ],
        }),
      },
    };
    const worker: Made = {
      address: 'aws_lambda_function.worker',
      values: { function_name: 'worker', role: 'arn:aws:iam::1:role/worker' },
    };
    const mapping = (values: Record<string, unknown>): Made => ({
      address: 'aws_lambda_event_source_mapping.reader',
      values: { function_name: 'worker', ...values },
    });
    expect(found(role, policy, worker, mapping({ [name]: value }))).toContain('BP-DDB-001 aws_dynamodb_table.events');
    expect(found(role, policy, worker, mapping({}))).toEqual([]);
  });
});

test('the dead-letter queue of a pipe', () => {
  const pipe = (more: Record<string, unknown>): Made => ({
    address: 'aws_pipes_pipe.p',
    values: {
      name: 'p',
      source: 'arn:aws:kinesis:eu-west-1:1:stream/s',
      source_parameters: [{ kinesis_stream_parameters: [{ maximum_retry_attempts: 5, ...more }] }],
    },
  });
  expect(judged(plan([pipe({})])).found).toEqual(['BP-PIPES-002 aws_pipes_pipe.p']);
  expect(judged(plan([pipe({ dead_letter_config: [{ arn: 'arn:aws:sqs:eu-west-1:1:x' }] })])).found).toEqual([]);
});

/** The attributes of a field that a place has no input for. */
function lacking(cell: Cell, field: Field, where = ''): string[] {
  const step = (from: string): [Cell, string[]] =>
    from
      .split('.')
      .reduce<[Cell, string[]]>(
        ([at, lost], key) => [at.at(key), at.at(key).value === undefined ? [...lost, `${where}${key}`] : lost],
        [cell, []],
      );
  if (typeof field === 'string') return step(field)[1];
  switch (field.as) {
    case 'object':
      return Object.values(field.fields).flatMap((each) => lacking(cell, each, where));
    case 'list':
    case 'either':
      return field.of.flatMap((each) => lacking(cell, each, where));
    case 'known':
      return lacking(cell, field.of, where);
    case 'without':
      return [...lacking(cell, field.of, where), ...lacking(cell, field.other, where)];
    case 'set':
      return [];
    case 'block':
    case 'blocks': {
      const [below, lost] = step(field.from);
      return [
        ...lost,
        ...Object.values(field.fields).flatMap((each) => lacking(below, each, `${where}${field.from}.`)),
      ];
    }
    default:
      return step(field.from)[1];
  }
}

describe('Pulumi has an input for every attribute of', () => {
  test.each(Object.entries(AWS))('%s', (type, { pulumi, properties, part }) => {
    const token = pulumi ?? tokenOf(type);
    const inputs = (PULUMI.inputs as Record<string, unknown>)[token];
    expect(inputs).toBeDefined();
    const { declared } = pulumiPlan({
      steps: [{ op: 'create', urn: 'a', newState: { urn: 'a', type: token, inputs } }],
    });
    const [{ root }] = declared;
    const named: Field[] = part ? [part.by, ...(part.also === undefined ? [] : [part.also])] : [];
    expect([...Object.values(properties), ...named].flatMap((field) => lacking(root, field))).toEqual([]);
  });
});

describe('what Pulumi calls otherwise', () => {
  const type = { fn: 'aws:lambda/function:Function', queue: 'aws:sqs/queue:Queue' };

  test('a function by its name, which a preview knows', () => {
    const states: State[] = [
      { type: type.queue, name: 'orders', inputs: { visibilityTimeoutSeconds: 10 } },
      { type: type.fn, name: 'worker', inputs: { name: 'worker-3c4d', timeout: 30 } },
      {
        type: 'aws:lambda/eventSourceMapping:EventSourceMapping',
        name: 'reader',
        inputs: { eventSourceArn: UNKNOWN, functionName: 'worker-3c4d' },
        needs: { eventSourceArn: [urn(type.queue, 'orders')] },
      },
    ];
    expect(ofPulumi(preview(states)).found).toContain('BP-SQS-004 orders visibilityTimeoutSeconds');
  });

  test('the API of a stage and of an integration', () => {
    const api = urn('aws:apigateway/restApi:RestApi', 'api');
    const needs = { restApi: [api] };
    const states: State[] = [
      { type: 'aws:apigateway/restApi:RestApi', name: 'api', inputs: { name: 'shop' } },
      { type: 'aws:apigateway/stage:Stage', name: 'live', inputs: { restApi: UNKNOWN, stageName: 'live' }, needs },
      {
        type: type.fn,
        name: 'worker',
        inputs: { name: 'worker', timeout: 60, reservedConcurrentExecutions: 10 },
      },
      {
        type: 'aws:apigateway/integration:Integration',
        name: 'call',
        inputs: { restApi: UNKNOWN, uri: UNKNOWN },
        needs: { ...needs, uri: [urn(type.fn, 'worker')] },
      },
    ];
    expect(ofPulumi(preview(states)).found.map((one) => one.split(' ')[0])).toEqual(
      expect.arrayContaining(['BP-API-001', 'BP-API-002']),
    );
  });
});

test('the start-up script of an instance, as a text and in base64', () => {
  const textsOf = (values: Record<string, unknown>) =>
    readEach([{ file: 'plan.json', text: JSON.stringify(plan([{ address: 'aws_instance.a', values }])) }])
      .documents.flatMap((document) => document.texts())
      .map(({ text }) => text);
  expect(textsOf({ user_data: 'kafka-server-start.sh' })).toEqual(['kafka-server-start.sh']);
  const user_data_base64 = Buffer.from('kafka-server-start.sh').toString('base64');
  expect(textsOf({ user_data_base64 })).toEqual(['kafka-server-start.sh']);
});
