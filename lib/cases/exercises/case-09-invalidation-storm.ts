import { type CaseExercises, sized } from './exercise';

export const INVALIDATION_STORM_EXERCISES: CaseExercises = {
  number: 9,
  basic: {
    task: 'A reader of a Redis stream begins at its end again and again, and invalidations of CloudFront are told apart by the minute, so that the second of a minute is taken for the first. Mend both.',
    rules: ['BP-REDIS-001', 'BP-CACHE-001'],
  },
  advanced: sized('coalesce', {
    task: 'A bulk update announces 1,667 changes a second for ten minutes, of a thousand keys that take 1.8 ms each. Choose the window within which announcements of one key are one piece of work, and the number of shards, so that no key is stale for two minutes.',
    answers: {
      windowSeconds: 'seconds of the window',
      shards: 'shards of the stream',
    },
    asked: (scenario, choices) => ({ ...scenario, choices }),
  }),
  project: {
    task: 'Build the way of the announcements: a stream that is divided by key, a function with a window that works on each key once, and alarms on events that get too old and on events that were set aside.',
    resources: {
      'AWS::Kinesis::Stream': 1,
      'AWS::Lambda::Function': 1,
      'AWS::Lambda::EventSourceMapping': 1,
      'AWS::CloudWatch::Alarm': 3,
    },
  },
};
