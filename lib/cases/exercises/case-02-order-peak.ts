import { type CaseExercises, sized } from './exercise';
import { consumerOn } from './queue-scenario';
import { runsImage, SET_ASIDE, scaledOn } from './shows';

export const ORDER_PEAK_EXERCISES: CaseExercises = {
  number: 2,
  basic: {
    task: 'A queue of RabbitMQ discards what fails, and another one drops its oldest orders when it is full. Give failed orders a queue of their own, and refuse new orders rather than lose old ones.',
    rules: ['BP-RABBITMQ-001', 'BP-RABBITMQ-004'],
  },
  advanced: sized('queue', {
    task: 'Orders come at 20 a second, and at 111 a second for half an hour; one takes 50 ms, and a pod works on two at a time. KEDA polls, the autoscaler decides and a pod starts: about a minute in all. Choose how many pods stay and how many there may be, so that fewer than 5,000 orders wait and 99 of 100 are done within 90 s. At most 3 pods may run always, and 6 in the peak.',
    engine: 'k8s',
    answers: { minInstances: 'pods that always run', maxInstances: 'pods at most' },
    bounds: { minInstances: { atMost: 3 }, maxInstances: { atMost: 6 } },
    asked: (scenario, answers) => consumerOn(scenario, 'k8s', answers),
  }),
  project: {
    task: 'Build the whole line: a quorum queue with a dead-letter exchange and a delivery limit, workers that KEDA scales on its depth, and alerts on the backlog, on orders set aside and on a scaler that fails.',
    resources: {
      'rabbitmq.com/Queue': 2,
      'rabbitmq.com/Exchange': 1,
      'apps/Deployment': 1,
      'keda.sh/ScaledObject': 1,
      'monitoring.coreos.com/PrometheusRule': 1,
    },
    shows: [
      {
        claim: 'a queue is a quorum queue',
        types: ['rabbitmq.com/Queue'],
        lines: [/^spec\.type: quorum/],
      },
      {
        claim: 'what fails goes to a dead-letter exchange, after a delivery limit',
        types: ['rabbitmq.com/Policy', 'rabbitmq.com/Queue'],
        lines: [/dead-letter-exchange: \S/, /delivery-limit: [1-9]/],
      },
      runsImage('apps/Deployment'),
      scaledOn(
        'KEDA scales the workers on the depth of the queue',
        /^spec\.triggers\[\d+\]\.type: (rabbitmq|prometheus)/,
      ),
    ],
    alerts: {
      'the backlog': /backlog|depth|messages_ready/i,
      'orders set aside': SET_ASIDE,
      'a scaler that fails': /scaler/i,
    },
  },
};
