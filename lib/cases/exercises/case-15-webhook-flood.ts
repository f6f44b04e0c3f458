import { type CaseExercises, sized } from './exercise';
import { consumerOn } from './queue-scenario';
import { HAS_KEY, RUNS_FUNCTION, SETS_ASIDE } from './shows';

export const WEBHOOK_FLOOD_EXERCISES: CaseExercises = {
  number: 15,
  basic: {
    task: 'A receiver takes calls without a signature, and a subscription drops what it cannot deliver. Check who calls, and keep what was not delivered.',
    rules: ['BP-WEBHOOK-001', 'BP-SNS-001'],
  },
  advanced: sized('webhooks', {
    task: 'A partner sends 50 events a second, and 506.5 a second for an hour; one takes 0.1 s. Choose how many functions may work at a time, so that 99 of 100 events are done within 2 s although one function dies in the middle of the flood. At most 80 functions at a time leave room for others.',
    engine: 'aws',
    answers: { maxInstances: 'functions at a time at most' },
    bounds: { maxInstances: { atMost: 80 } },
    asked: (scenario, answers) => consumerOn(scenario, 'aws', answers),
  }),
  project: {
    task: 'Build the receiver: an API that answers when a queue has the event, a check of the signature, a table that knows which events were handled, a queue for those that fail, and alarms on refusals and on the queue.',
    resources: {
      'AWS::ApiGateway::RestApi': 1,
      'AWS::SQS::Queue': 2,
      'AWS::Lambda::Function': 1,
      'AWS::DynamoDB::Table': 1,
      'AWS::CloudWatch::Alarm': 3,
    },
    shows: [
      {
        claim: 'the API answers when a service of AWS has the event, without a program in between',
        types: ['AWS::ApiGateway::Method'],
        lines: [/^Properties\.Integration\.Type: AWS\b/, /^Properties\.Integration\.Uri: \S/],
      },
      {
        claim: 'a signature is checked with a secret',
        types: ['AWS::Lambda::Function'],
        lines: [/^Properties\.Environment\.Variables\.\w*(SECRET|SIGN|SOURCES)\w*: \S/i],
      },
      RUNS_FUNCTION,
      SETS_ASIDE,
      HAS_KEY,
    ],
    alerts: { refusals: /4XX|5XX|refus|reject|forg/i, 'the queue': /backlog|ApproximateAgeOfOldestMessage/i },
  },
};
