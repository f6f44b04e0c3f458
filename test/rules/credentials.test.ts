// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of a shell look like that
/** Credentials of brokers in plain text: what is one, what only looks like one, and that none is ever printed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from '../../lib/rules/check';
import { Template } from '../../lib/rules/cloudformation/read/template';
import { answer } from '../bin/harness';
import { deployment, findingsIn, idsIn, object } from './kubernetes/manifest';

const SECRET = 'h7Kq2vXw';

const variable = (name: string, value: unknown) => deployment('w', { env: [{ name, value }] });
const args = (...words: string[]) => deployment('w', { args: words });

describe('in a variable', () => {
  test.each([
    ['an address of RabbitMQ', 'BROKER_URL', `amqp://orders:${SECRET}@rabbitmq:5672/`],
    ['without a user', 'CACHE', `redis://:${SECRET}@redis:6379/0`],
    ['of a cluster of MongoDB', 'DB', `mongodb+srv://app:${SECRET}@cluster0.example.net/shop`],
    ['of Celery', 'RESULTS', `db+postgresql://app:${SECRET}@db/results`],
    ['the second of two', 'HOSTS', `amqp://a:$(PASSWORD)@one,amqp://b:${SECRET}@two`],
    ['a password of Redis', 'REDIS_PASSWORD', SECRET],
    ['a password of RabbitMQ', 'RABBITMQ_DEFAULT_PASS', SECRET],
    ['a property of Spring', 'spring.rabbitmq.password', SECRET],
    ['a name in one word', 'kafkaSaslPassword', SECRET],
    ['a number', 'REDIS_PASSWORD', 73519],
    [
      'a login of Kafka',
      'SASL_JAAS_CONFIG',
      `org.apache.kafka.common.security.plain.PlainLoginModule required username="app" password="${SECRET}";`,
    ],
    ['properties of a client', 'CLIENT', `security.protocol=SASL_SSL\nsasl.password=${SECRET}\n`],
  ])('%s', (_, name, value) => {
    expect(idsIn(variable(name, value))).toEqual(['BP-SECRET-001']);
  });

  test.each([
    ['an address without a password', 'BROKER_URL', 'amqp://rabbitmq:5672/'],
    ['a user alone', 'BROKER_URL', 'amqp://orders@rabbitmq:5672/'],
    ['a variable in an address', 'BROKER_URL', 'amqp://orders:$(RABBITMQ_PASSWORD)@rabbitmq/'],
    ['a variable of a shell', 'BROKER_URL', 'amqp://orders:${RABBITMQ_PASSWORD}@rabbitmq/'],
    ['a template', 'BROKER_URL', 'amqp://orders:{{ password }}@rabbitmq/'],
    ['what somebody has to fill in', 'BROKER_URL', 'amqp://orders:<password>@rabbitmq/'],
    ['stars', 'REDIS_PASSWORD', '********'],
    ['an address of a web page', 'PROXY', 'http://proxy:3128/a:b@c'],
    ['a name of a variable', 'REDIS_PASSWORD', 'REDIS_SECRET_KEY'],
    ['a switch', 'ALLOW_REDIS_PASSWORD', 'yes'],
    ['nothing', 'REDIS_PASSWORD', ''],
    ['a file', 'REDIS_PASSWORD_FILE', '/run/secrets/redis'],
    ['a file under the name of the password', 'REDIS_PASSWORD', '/run/secrets/redis'],
    ['a secret in a store', 'REDIS_PASSWORD', 'vault:secret/data/redis#password'],
    ['the length of passwords', 'MIN_PASSWORD_LENGTH', '12'],
    ['a password of something else', 'SMTP_PASSWORD', SECRET],
    ['a way around', 'RABBIT_BYPASS', 'metrics'],
    ['a login that names a variable', 'SASL_JAAS_CONFIG', 'PlainLoginModule required password="${KAFKA_PASSWORD}";'],
  ])('is none: %s', (_, name, value) => {
    expect(idsIn(variable(name, value))).toEqual([]);
  });

  test('of an init container, and of a ConfigMap of variables; not of a file', () => {
    const url = `redis://:${SECRET}@redis`;
    const first = { name: 'first', env: [{ name: 'URL', value: url }], resources: { limits: { memory: '1Gi' } } };
    expect(idsIn(deployment('w', {}, { initContainers: [first] }))).toEqual(['BP-SECRET-001']);
    const map = (data: object) => object('v1', 'ConfigMap', 'c', { data });
    expect(idsIn(map({ REDIS_URL: url }))).toEqual(['BP-SECRET-001']);
    expect(idsIn(map({ 'readme.txt': `Connect to ${url} and type KEYS.` }))).toEqual([]);
    expect(idsIn(object('v1', 'Secret', 's', { stringData: { REDIS_URL: url } }))).toEqual([]);
  });
});

describe('among the words of a command', () => {
  test.each([
    ['an address', [`--broker=amqp://a:${SECRET}@mq`], 0],
    ['an address of its own', ['--broker', `amqp://a:${SECRET}@mq`], 1],
    ['the password of the server', ['--appendonly', 'yes', '--requirepass', SECRET], 2],
    ['an option of a client', [`--redis-password=${SECRET}`], 0],
    ['a command line', ['-c', `exec redis-server --requirepass ${SECRET} --save ''`], 1],
    ['a command line of Kafka', ['-c', `kafkacat --sasl.password=${SECRET}`], 1],
  ])('%s', (_, words, word) => {
    const found = findingsIn(args(...words));
    expect(found.map(({ ruleId, path }) => [ruleId, path.replace(/^.*\.args/, 'args')])).toEqual([
      ['BP-SECRET-001', `args[${word}]`],
    ]);
  });

  test.each([
    ['a variable', ['--requirepass', '$(REDIS_PASSWORD)']],
    ['a variable in a command line', ['-c', 'redis-server --requirepass "$REDIS_PASSWORD"']],
    ['an option without a value', ['--requirepass', '--save']],
    ['an option of another program', ['--password', SECRET]],
    ['a file', ['--redis-password=/run/secrets/redis']],
  ])('is none: %s', (_, words) => {
    expect(idsIn(args(...words))).toEqual([]);
  });
});

describe('in a template', () => {
  const task = (container: object) => ({
    Type: 'AWS::ECS::TaskDefinition',
    Properties: { ContainerDefinitions: [{ Name: 'w', Image: 'w:1', ...container }] },
  });
  const lambda = (Variables: object) => ({
    Type: 'AWS::Lambda::Function',
    Properties: { Code: { ZipFile: 'x' }, Role: 'x', Environment: { Variables } },
  });
  const ids = (R: object, rest: object = {}) =>
    check([new Template({ ...rest, Resources: { R } }, 'template.yaml')]).map(({ ruleId }) => ruleId);
  const url = `amqps://app:${SECRET}@b-1.mq.amazonaws.com:5671`;

  test.each([
    ['a task', task({ Environment: [{ Name: 'BROKER', Value: url }] })],
    ['a command of a task', task({ Command: ['worker', '--broker', url] })],
    ['a password of a task', task({ Environment: [{ Name: 'REDIS_PASSWORD', Value: SECRET }] })],
    ['a function', lambda({ BROKER: url })],
  ])('%s', (_, resource) => {
    expect(ids(resource)).toEqual(['BP-SECRET-002']);
  });

  test.each([
    ['a secret of a task', task({ Secrets: [{ Name: 'BROKER', ValueFrom: 'arn:aws:secretsmanager:x' }] })],
    ['a dynamic reference', lambda({ REDIS_PASSWORD: '{{resolve:secretsmanager:redis:SecretString:password}}' })],
    ['a parameter', lambda({ REDIS_PASSWORD: { Ref: 'Password' } })],
    ['a parameter in an address', lambda({ BROKER: { 'Fn::Sub': 'amqps://app:${Password}@mq' } })],
    ['the ARN of a secret', lambda({ REDIS_PASSWORD: 'arn:aws:secretsmanager:eu-central-1:1:secret:redis' })],
  ])('is none: %s', (_, resource) => {
    expect(ids(resource, { Parameters: { Password: { Type: 'String' } } })).toEqual([]);
  });
});

test.each(['text', 'json', 'sarif', 'junit', 'github', 'markdown'])(
  'no credential is printed as %s',
  async (format) => {
    const folder = mkdtempSync(join(tmpdir(), 'backpressure-secret-'));
    try {
      const bodies = [
        variable('BROKER_URL', `amqp://orders:${SECRET}@rabbitmq`),
        variable('REDIS_PASSWORD', SECRET),
        args('--requirepass', SECRET),
        args(`--broker=redis://:${SECRET}@redis`),
        args('-c', `kafkacat --sasl.password=${SECRET}`),
      ];
      writeFileSync(join(folder, 'all.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: bodies }));
      const { out, err } = await answer(['check', folder, '--format', format]);
      expect(out).toContain('BP-SECRET-001');
      expect(`${out}${err}`).not.toContain(SECRET);
      expect(`${out}${err}`).not.toContain('orders:');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
