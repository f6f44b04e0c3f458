import { type CaseExercises, sized } from './exercise';
import { consumerOn } from './queue-scenario';
import { SET_ASIDE, SETS_ASIDE } from './shows';

export const IMAGE_JOBS_EXERCISES: CaseExercises = {
  number: 6,
  basic: {
    task: 'A scaler takes the target of each replica for a threshold of the whole queue, and another one has no fallback for a queue that does not answer. Mend both.',
    rules: ['BP-KEDA-001', 'BP-KEDA-003'],
  },
  advanced: sized('queue', {
    task: 'Images come at 16 a second, and at 56.5 a second for half an hour; one takes 2 s, and a pod works on four at a time and takes a minute to start. Choose how many pods stay and how many there may be, so that 95 of 100 images are done within 90 s. At most 32 pods may run always, and 45 in the peak.',
    engine: 'k8s',
    answers: { minInstances: 'pods that always run', maxInstances: 'pods at most' },
    bounds: { minInstances: { atMost: 32 }, maxInstances: { atMost: 45 } },
    asked: (scenario, answers) => consumerOn(scenario, 'k8s', answers),
  }),
  project: {
    task: 'Build the work on images: a queue with a dead-letter queue, workers that are scaled on it and finish their image before they stop, and alarms on the age of the oldest image, on images set aside and on a ceiling that is reached.',
    resources: {
      'AWS::SQS::Queue': 2,
      'AWS::ECS::Service': 1,
      'AWS::ApplicationAutoScaling::ScalingPolicy': 1,
      'AWS::CloudWatch::Alarm': 3,
    },
    shows: [
      SETS_ASIDE,
      {
        claim: 'a service runs the workers',
        types: ['AWS::ECS::Service'],
        lines: [/^Properties\.TaskDefinition: \S/],
      },
      {
        claim: 'a worker has time to finish its image before it stops',
        types: ['AWS::ECS::TaskDefinition'],
        lines: [/\.StopTimeout: [1-9]/],
      },
      {
        claim: 'the service is scaled',
        types: ['AWS::ApplicationAutoScaling::ScalingPolicy'],
        lines: [/^Properties\.(TargetTrackingScaling|StepScaling)PolicyConfiguration\./],
      },
    ],
    alerts: {
      'the age of the oldest image': /ApproximateAgeOfOldestMessage/,
      'images set aside': SET_ASIDE,
      'a ceiling that is reached': /maximum|ceiling|(Running|Desired)TaskCount/i,
    },
  },
};
