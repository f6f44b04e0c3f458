import { type CaseExercises, sized } from './exercise';
import { topicsWithRetention, usersWithQuota } from './shows';

export const NOISY_PRODUCER_EXERCISES: CaseExercises = {
  number: 18,
  basic: {
    task: 'One user of a cluster has no quota, and a topic stops taking writes when one broker is down. Mend both.',
    rules: ['BP-KAFKA-001', 'BP-KAFKA-002'],
  },
  advanced: sized('quotas', {
    task: 'Three brokers on Kubernetes serve three producers, of which one offers four times its own peak. Choose what each may write, so that no other producer ever gets less than it offers, not even on the day on which a broker is away and all peaks come at once.',
    engine: 'k8s',
    answers: {
      billing: 'bytes a second of each broker, for the producer of billing',
      devices: 'bytes a second of each broker, for the producer of devices',
      clicks: 'bytes a second of each broker, for the producer of clicks',
    },
    asked: (scenario, producerByteRates) => ({ ...scenario, producerByteRates }),
  }),
  project: {
    task: 'Build a shared cluster for three teams: a topic and a user for each, every user with a quota, and alerts on a team that is throttled and on brokers that are full.',
    resources: {
      'kafka.strimzi.io/KafkaTopic': 3,
      'kafka.strimzi.io/KafkaUser': 3,
      'monitoring.coreos.com/PrometheusRule': 1,
    },
    shows: [
      topicsWithRetention(3),
      usersWithQuota(3),
      {
        claim: 'each user may use its own topics',
        types: ['kafka.strimzi.io/KafkaUser'],
        lines: [/^spec\.authorization\.acls\[0\]\.resource\.name: \S/],
        count: 3,
      },
    ],
    alerts: { 'a team that is throttled': /throttl/i, 'brokers that are full': /broker|replicated|share/i },
  },
};
