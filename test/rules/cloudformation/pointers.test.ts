// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation's Fn::Sub is written so
import { Pointers } from '../../../lib/rules/cloudformation/read/pointers';
import type { Template } from '../../../lib/rules/cloudformation/read/template';
import { readDocuments } from '../../../lib/rules/read';

const template = (value: string) =>
  readDocuments([
    {
      file: 'template.yaml',
      text: `
Parameters: { Name: { Type: String } }
Resources:
  Named: { Type: AWS::SQS::Queue, Properties: { QueueName: orders } }
  Other: { Type: AWS::SQS::Queue }
  Undecided: { Type: AWS::SQS::Queue, Properties: { QueueName: !Ref Name } }
  Macro: { Type: Custom::Lookup }
  Topic: { Type: AWS::SNS::Topic }
  Asking: { Type: AWS::SNS::Subscription, Properties: { Endpoint: ${value} } }
`,
    },
  ])[0] as Template;

test.each([
  ['!GetAtt Other.Arn', ['Other'], 'a reference'],
  ['!Sub "${Other.QueueName}"', ['Other'], 'the same by another way'],
  ['orders', ['Named', 'Undecided'], 'a name: also of the queue whose name the deployer chooses'],
  ['payments', ['Undecided'], 'a name that no queue here was given'],
  ['!Sub "arn:aws:sqs:${AWS::Region}:1:orders"', ['Named', 'Undecided'], 'a name at the end of an ARN'],
  ['!Ref Name', ['Named', 'Other', 'Undecided'], 'what the deployer decides'],
  ['!Sub "${Name}-queue"', ['Named', 'Other', 'Undecided'], 'a text with something in it that the deployer decides'],
  ['!Sub "${Name}/${Topic}"', [], 'a text about another resource'],
  ['!GetAtt Macro.Queue', ['Named', 'Other', 'Undecided'], 'what a custom resource answers'],
  ['!Ref Topic', [], 'another resource'],
  ['7', [], 'no name at all'],
])('%s may mean %j: %s', (value, meant) => {
  const document = template(value);
  const endpoint = document.resource('Asking')!.at('Properties', 'Endpoint');
  const pointers = new Pointers(document, [endpoint], 'AWS::SQS::Queue', 'QueueName');
  const queues = document.ofType('AWS::SQS::Queue').filter((queue) => pointers.mayMean(queue));
  expect(queues.map(({ name }) => name)).toEqual(meant);
});

test('of several values one is enough, of none there is nothing', () => {
  const document = template('[!Ref Topic, !Ref Other]');
  const other = document.resource('Other')!;
  const endpoints = document.resource('Asking')!.at('Properties', 'Endpoint').items();
  const mayMean = (values: typeof endpoints) =>
    new Pointers(document, values, 'AWS::SQS::Queue', 'QueueName').mayMean(other);
  expect([mayMean(endpoints), mayMean(endpoints.slice(0, 1)), mayMean([])]).toEqual([true, false, false]);
});
