/** Programs that send to a provider with a limit: a limiter of their own in each process, and mails that are skipped. */
import { check } from '../../../lib/rules/check';
import { readDocuments } from '../../../lib/rules/read';

const found = (...documents: unknown[]) =>
  check(readDocuments([{ file: 'test.yaml', text: documents.map((one) => JSON.stringify(one)).join('\n---\n') }]))
    .map(({ ruleId }) => ruleId)
    .filter((id) => /BUCKET-003|SEND-001/.test(id));

const program = (text: string, namespace?: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'sender', namespace },
  data: { 'send.js': text },
});
const deployment = (replicas: number | undefined, namespace?: string, configMap = 'sender') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'sender', namespace },
  spec: {
    replicas,
    template: {
      spec: {
        containers: [{ name: 'sender', image: 'x:1', resources: { limits: { memory: '1Gi' } } }],
        volumes: [{ name: 'app', configMap: { name: configMap } }],
      },
    },
  },
});
const autoscaler = (maxReplicas: number) => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'sender' },
  spec: { maxReplicas, scaleTargetRef: { kind: 'Deployment', name: 'sender' }, metrics: [] },
});
const BOTTLENECK = 'const limiter = new Bottleneck({ minTime: 10 });';

describe('BP-BUCKET-003', () => {
  test.each<[string, unknown[], boolean]>([
    ['ten pods', [program(BOTTLENECK), deployment(10)], true],
    ['one pod that an autoscaler makes five of', [program(BOTTLENECK), deployment(undefined), autoscaler(5)], true],
    ['a class of its own in Python', [program('class TokenBucket:\n  def allow(self): pass'), deployment(2)], true],
    ['Guava', [program('RateLimiter limiter = RateLimiter.create(100);'), deployment(2)], true],
    ['one pod', [program(BOTTLENECK), deployment(1)], false],
    ['replicas that stand nowhere are one', [program(BOTTLENECK), deployment(undefined)], false],
    ['nothing runs it', [program(BOTTLENECK)], false],
    ['ten pods of another program', [program(BOTTLENECK), deployment(10, undefined, 'other')], false],
    ['ten pods in another namespace', [program(BOTTLENECK, 'a'), deployment(10, 'b')], false],
    ['a bucket in Redis', [program(`const store = new Redis();\n${BOTTLENECK}`), deployment(10)], false],
    [
      'a limit that was divided',
      [program('const limiter = new RateLimiter(limit / replicas);'), deployment(10)],
      false,
    ],
    ['in a comment', [program(`// ${BOTTLENECK}`), deployment(10)], false],
  ])('%s', (_, documents, isFound) => {
    expect(found(...documents)).toEqual(isFound ? ['BP-BUCKET-003'] : []);
  });

  const handler = (more: object) => ({
    Resources: {
      Sender: {
        Type: 'AWS::Lambda::Function',
        Properties: { Code: { ZipFile: BOTTLENECK }, Timeout: 30, ...more },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          FunctionName: { Ref: 'Sender' },
          EventSourceArn: 'arn:aws:sqs:eu-west-1:111122223333:mails.fifo',
          FunctionResponseTypes: ['ReportBatchItemFailures'],
        },
      },
    },
  });

  test('a function on a queue has as many limiters as it has instances, unless it has one', () => {
    expect(found(handler({}))).toEqual(['BP-BUCKET-003']);
    expect(found(handler({ ReservedConcurrentExecutions: 1 }))).toEqual([]);
    expect(found({ Resources: { Sender: handler({}).Resources.Sender } })).toEqual([]);
  });
});

const PYTHON = (body: string, list = 'recipients') =>
  `for recipient in ${list}:\n    try:\n        send(recipient)\n    except ${body}\n`;
const JS = (body: string) =>
  `for (const user of users) {\n  try {\n    await send(user);\n  } catch (error) {\n${body}\n  }\n}\n`;

describe('BP-SEND-001', () => {
  test.each([
    ['Python, passed over', PYTHON('Throttling:\n        pass'), true],
    [
      'Python, a status',
      PYTHON('HTTPError as e:\n        if e.code == 429:\n            continue\n        raise'),
      true,
    ],
    ['JavaScript, a status', JS('    if (error.status === 429) continue;\n    throw error;'), true],
    ['JavaScript, logged', JS('    console.warn("429", error);'), true],
    ['tried again', PYTHON('Throttling:\n        time.sleep(1)\n        retry(recipient)\n        continue'), false],
    ['kept for later', PYTHON('Throttling:\n        later.append(recipient)\n        continue'), false],
    [
      'kept for later, in JavaScript',
      JS('    if (error.status === 429) { later.push(user); continue; }\n    throw error;'),
      false,
    ],
    ['a mail that is refused for good', PYTHON('InvalidAddress:\n        continue'), false],
    ['rows of a table, not recipients', PYTHON('Throttling:\n        pass', 'rows'), false],
    ['thrown on', JS('    if (error.status === 429) throw error;'), false],
  ])('%s', (_, text, isFound) => {
    expect(found(program(text))).toEqual(isFound ? ['BP-SEND-001'] : []);
  });
});
