import { type CaseExercises, sized } from './exercise';
import { HAS_KEY, RUNS_FUNCTION, SETS_ASIDE } from './shows';

export const MAIL_RATE_LIMIT_EXERCISES: CaseExercises = {
  number: 7,
  basic: {
    task: 'An alarm on the reputation of a sender has a threshold in percent where the metric is a share, and a loop over recipients skips those whom the provider refuses for its rate. Mend both.',
    rules: ['BP-SES-001', 'BP-SEND-001'],
  },
  advanced: sized('rates', {
    task: 'A provider takes 100 mails in any second and refuses the rest. Choose the rate and the burst of your own bucket so that nothing of a campaign is refused, and only the 1.5 % with dead addresses do not arrive. The campaign must not wait for it: at least 80 mails leave in a second.',
    answers: {
      messagesPerSecond: 'mails that the bucket gives each second',
      burst: 'mails that it gives at once after a pause',
    },
    bounds: { messagesPerSecond: { atLeast: 80 } },
    asked: (scenario, choices) => ({ ...scenario, choices }),
  }),
  project: {
    task: 'Build the way of a campaign: a queue, a sender with one bucket for all its instances, a brake on bounces and complaints, a place for addresses that do not exist, and alarms on the reputation and on mails that wait.',
    resources: {
      'AWS::SQS::Queue': 2,
      'AWS::Lambda::Function': 1,
      'AWS::DynamoDB::Table': 1,
      'AWS::CloudWatch::Alarm': 3,
    },
    shows: [
      SETS_ASIDE,
      RUNS_FUNCTION,
      HAS_KEY,
      {
        claim: 'all instances of the sender share the bucket in the table',
        types: ['AWS::Lambda::Function'],
        lines: [/^Properties\.Environment\.Variables\.\w*TABLE\w*: \S/i],
      },
    ],
    alerts: {
      'the reputation': /reputation|bounce|complaint/i,
      'mails that wait': /ApproximateAgeOfOldestMessage|ApproximateNumberOfMessages|backlog/i,
    },
  },
};
