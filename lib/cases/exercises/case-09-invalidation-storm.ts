import { type CaseExercises, sized } from './exercise';
import { RUNS_FUNCTION, SET_ASIDE } from './shows';

export const INVALIDATION_STORM_EXERCISES: CaseExercises = {
  number: 9,
  basic: {
    task: 'A reader of a Redis stream begins at its end again and again, and invalidations of CloudFront are told apart by the minute, so that the second of a minute is taken for the first. Mend both.',
    rules: ['BP-REDIS-001', 'BP-CACHE-001'],
  },
  advanced: sized('coalesce', {
    task: 'A bulk update announces 1,667 changes a second for ten minutes, of a thousand keys that take 1.8 ms each. Choose the window within which announcements of one key are one piece of work, and the number of shards, so that no key is stale for two minutes. A window of at least 1 s merges something, and at most 6 shards are paid for.',
    answers: {
      windowSeconds: 'seconds of the window',
      shards: 'shards of the stream',
    },
    bounds: { windowSeconds: { atLeast: 1 }, shards: { atMost: 6 } },
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
    shows: [
      {
        claim: 'a stream is divided',
        types: ['AWS::Kinesis::Stream'],
        lines: [/^Properties\.(ShardCount|StreamModeDetails\.StreamMode): \S/],
      },
      RUNS_FUNCTION,
      {
        claim: 'the function collects a window of events, and sets aside what fails',
        types: ['AWS::Lambda::EventSourceMapping'],
        lines: [
          /^Properties\.(MaximumBatchingWindowInSeconds|TumblingWindowInSeconds): [1-9]/,
          /^Properties\.DestinationConfig\.OnFailure\.Destination: \S/,
        ],
      },
    ],
    alerts: {
      'events that get too old': /IteratorAge|too old|late/i,
      'events that were set aside': SET_ASIDE,
    },
  },
};
