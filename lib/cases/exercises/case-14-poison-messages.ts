import { type CaseExercises, sized } from './exercise';
import { consumerOn } from './queue-scenario';
import { SET_ASIDE, SETS_ASIDE } from './shows';

export const POISON_MESSAGES_EXERCISES: CaseExercises = {
  number: 14,
  basic: {
    task: 'A queue has no dead-letter queue, and one failed message returns the whole batch that it came with. Mend both, and let an alarm ring when a message was set aside.',
    rules: ['BP-SQS-001', 'BP-LAMBDA-001'],
  },
  advanced: sized('queue', {
    task: 'Messages come at 20 a second, and at 200 a second for half an hour; one takes 0.1 s, and 6.5 % of them can never be processed. Choose the attempts after which a message is set aside and the number of functions at a time, so that fewer than 5,000 wait and those that fail are set aside. At most 10 attempts are worth their cost, and at most 40 functions at a time leave room for others.',
    engine: 'aws',
    answers: {
      maxReceiveCount: 'attempts until a message is set aside',
      maxInstances: 'functions at a time at most',
    },
    bounds: { maxReceiveCount: { atMost: 10 }, maxInstances: { atMost: 40 } },
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
    shows: [
      SETS_ASIDE,
      {
        claim: 'the function reports which messages of a batch failed',
        types: ['AWS::Lambda::EventSourceMapping'],
        lines: [/^Properties\.FunctionResponseTypes\[\d+\]: ReportBatchItemFailures/],
      },
      {
        claim: 'a bound on how many run',
        types: ['AWS::Lambda::EventSourceMapping', 'AWS::Lambda::Function'],
        lines: [/MaximumConcurrency: [1-9]|MaximumPollers: [1-9]|ReservedConcurrentExecutions: [1-9]/],
      },
      {
        claim: 'a way back for what was set aside',
        types: ['AWS::Lambda::Function', 'AWS::StepFunctions::StateMachine', 'AWS::SSM::Document'],
        lines: [/redrive|StartMessageMoveTask/i],
      },
    ],
    alerts: { 'the queue': /backlog|ApproximateAgeOfOldestMessage/i, 'what was set aside': SET_ASIDE },
  },
};
