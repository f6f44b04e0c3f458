import { type CaseExercises, sized } from './exercise';
import { consumerOn } from './queue-scenario';

export const POISON_MESSAGES_EXERCISES: CaseExercises = {
  number: 14,
  basic: {
    task: 'A queue has no dead-letter queue, and one failed message returns the whole batch that it came with. Mend both, and let an alarm ring when a message was set aside.',
    rules: ['BP-SQS-001', 'BP-LAMBDA-001'],
  },
  advanced: sized('queue', {
    task: 'Messages come at 20 a second, and at 200 a second for half an hour; one takes 0.1 s, and 6.5 % of them can never be processed. Choose the attempts after which a message is set aside and the number of functions at a time, so that fewer than 5,000 wait and those that fail are set aside.',
    engine: 'aws',
    answers: {
      maxReceiveCount: 'attempts until a message is set aside',
      maxInstances: 'functions at a time at most',
    },
    asked: (scenario, { maxReceiveCount: maxAttempts, maxInstances }) =>
      consumerOn(scenario, 'aws', { maxAttempts, maxInstances }),
  }),
  project: {
    task: 'Build the whole: a queue with a dead-letter queue, a function that reports which messages of a batch failed, a bound on how many run, a way back for what was set aside, and alarms on both queues.',
    resources: {
      'AWS::SQS::Queue': 2,
      'AWS::Lambda::EventSourceMapping': 1,
      'AWS::CloudWatch::Alarm': 3,
    },
  },
};
