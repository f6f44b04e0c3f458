/**
 * AWS's own translator of serverless templates, from the project's virtual environment: rules find in a template what
 * they find in its translation.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPython } from '../../bin/local/python';
import { check } from '../../lib/rules/check';
import { POLICY_TEMPLATES } from '../../lib/rules/cloudformation/read/sam/policies';
import { Template } from '../../lib/rules/cloudformation/read/template';
import { parseDocuments } from '../../lib/rules/read';
import { ROOT } from '../support/reference';

const TEMPLATES = join(__dirname, 'sam');
const files = readdirSync(TEMPLATES);

const TRANSLATE = `
import json, sys
from samtranslator.translator.transform import transform
class NoManagedPolicies:
    def load(self):
        return {}
json.dump([transform(each, {}, NoManagedPolicies()) for each in json.load(sys.stdin)], sys.stdout)
`;
const POLICIES = `
import json, sys, os, samtranslator
with open(os.path.join(os.path.dirname(samtranslator.__file__), 'policy_templates_data', 'policy_templates.json')) as file:
    json.dump(json.load(file)['Templates'], sys.stdout)
`;

type Body = Record<string, unknown>;
let bin: string;

beforeAll(async () => {
  bin = await installPython(ROOT, 'judges', () => {});
}, 600_000);

function python(program: string, input = ''): unknown {
  const env = { ...process.env, AWS_DEFAULT_REGION: 'eu-west-1' };
  const { stdout, stderr, status } = spawnSync(join(bin, 'python'), ['-c', program], {
    input,
    env,
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 64 * 1024 ** 2,
  });
  if (status !== 0) throw new Error(`the translator ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

const bodyOf = (file: string) => parseDocuments(file, readFileSync(join(TEMPLATES, file), 'utf8'))[0];
const found = (body: Body) =>
  check([new Template(body, 'template.yaml')])
    .map(({ ruleId, severity, message, fix }) => `${ruleId} ${severity} ${message} ${fix}`)
    .sort();

test('rules find the same in a template and in its translation', () => {
  const bodies = files.map(bodyOf);
  const translated = python(TRANSLATE, JSON.stringify(bodies)) as Body[];
  for (const [i, file] of files.entries()) {
    const findings = found(bodies[i]);
    expect({ file, findings }).toEqual({ file, findings: found(translated[i]) });
    // A template in which nothing is found would say nothing.
    expect(findings.length).toBeGreaterThan(3);
  }
}, 120_000);

test('the templates have every type of event and of resource that is read', () => {
  const text = files.map((file) => readFileSync(join(TEMPLATES, file), 'utf8')).join('\n');
  const types = new Set([...text.matchAll(/Type: (AWS::\w+::\w+|[A-Z]\w+)/g)].map(([, type]) => type));
  const events = [
    'SQS',
    'Kinesis',
    'DynamoDB',
    'MSK',
    'MQ',
    'SelfManagedKafka',
    'DocumentDB',
    'S3',
    'SNS',
    'Api',
    'HttpApi',
  ];
  const timed = [
    'Schedule',
    'ScheduleV2',
    'EventBridgeRule',
    'CloudWatchEvent',
    'IoTRule',
    'CloudWatchLogs',
    'AlexaSkill',
  ];
  const kinds = ['Function', 'Api', 'HttpApi', 'SimpleTable', 'StateMachine'].map((kind) => `AWS::Serverless::${kind}`);
  for (const type of [...events, ...timed, 'Cognito', ...kinds]) expect([...types]).toContain(type);
});

test('policy templates grant what the translator says they do', () => {
  type Statement = { Action: string[]; Resource: unknown };
  const all = python(POLICIES) as Record<string, { Definition: { Statement: Statement[] } }>;
  for (const [name, { actions, resources }] of Object.entries(POLICY_TEMPLATES)) {
    const statements = all[name].Definition.Statement;
    const statement = statements.find(({ Action }) => Action[0] === actions[0])!;
    const named = [statement.Resource].flat().map((each) => (each as { 'Fn::Sub': [string, object] })['Fn::Sub'][0]);
    const places = (text: string) => text.replace(/(\$\{(?!AWS)\w+\}|\{\w+\})/g, '…').toLowerCase();
    expect({ name, actions: [...actions] }).toEqual({ name, actions: statement.Action });
    expect({ name, arns: resources.map(places) }).toEqual({ name, arns: named.map(places) });
  }
  // The others grant nothing that a rule asks for; one restores a table, which no event does.
  const asked = /^(sqs:(Send|Receive)Message|dynamodb:(PutItem|BatchWriteItem)|kinesis:GetRecords)/;
  const others = Object.entries(all).filter(
    ([name]) => !(name in POLICY_TEMPLATES) && name !== 'DynamoDBRestoreFromBackupPolicy',
  );
  for (const [name, { Definition }] of others) {
    const actions = Definition.Statement.flatMap(({ Action }) => Action).filter((action) => asked.test(action));
    expect({ name, actions }).toEqual({ name, actions: [] });
  }
}, 120_000);
