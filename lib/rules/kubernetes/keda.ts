import type { Resource, Value } from '../document';
import type { Rule } from '../rule';
import type { Manifests } from './manifests';

/** Pods that KEDA starts at most when a ScaledObject says nothing. */
const DEFAULT_MAX_REPLICAS = 100;

/** Rules about KEDA's ScaledObjects and ScaledJobs. */
export const KEDA_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-KEDA-001',
    title: 'A queue length is meant as a threshold, and is a target for each replica',
    why: 'KEDA asks for as many replicas as the queue is multiples of the number: with 500, a second pod starts at 501 messages and the last one only when 500 wait for every pod. The field is deprecated besides.',
    source: 'KEDA, RabbitMQ Queue scaler: queueLength is deprecated, use mode and value',
    severity: 'error',
    cases: [6],
    *check(manifests) {
      for (const { scaler, trigger } of triggers(manifests)) {
        const length = trigger.at('metadata', 'queueLength');
        if (trigger.at('type').text() !== 'rabbitmq' || !length.present) continue;
        const target = length.number();
        const replicas = scaler.at('spec', 'maxReplicaCount').number(DEFAULT_MAX_REPLICAS);
        const depth =
          target === undefined || replicas === undefined
            ? 'the last replica starts only at maxReplicaCount times as many'
            : `all ${replicas} replicas run only from ${target} × ${replicas - 1} = ${target * (replicas - 1)} messages on`;
        yield {
          at: length,
          message: `queueLength ${length.text()} is the target for each replica, not a threshold: ${depth}`,
          fix: 'write mode: QueueLength and as value what one replica clears within the acceptable wait: wait ÷ service time × slots',
        };
      }
    },
  },
  {
    id: 'BP-KEDA-002',
    title: 'A credential stands in plain text in a trigger',
    why: 'Whoever may read ScaledObjects reads the password, and so does everything that logs or stores manifests.',
    source: 'KEDA, Authentication: TriggerAuthentication with secretTargetRef',
    severity: 'error',
    cases: [6],
    *check(manifests) {
      for (const { trigger } of triggers(manifests)) {
        for (const [key, value] of trigger.at('metadata').entries()) {
          // KEDA resolves …FromEnv from the pod; what stands there is a name and no secret.
          if (key.endsWith('FromEnv') || !isCredential(key, value.text() ?? '')) continue;
          yield {
            at: value,
            message: `${key} of the ${trigger.at('type').text()} trigger holds a credential in plain text`,
            fix: `move it to a Secret, and name that in a TriggerAuthentication under authenticationRef`,
          };
        }
      }
    },
  },
];

/** Every trigger of every scaler. */
function triggers(manifests: Manifests): { scaler: Resource; trigger: Value }[] {
  return manifests.ofType('keda.sh/ScaledObject', 'keda.sh/ScaledJob').flatMap((scaler) =>
    scaler
      .at('spec', 'triggers')
      .items()
      .map((trigger) => ({ scaler, trigger })),
  );
}

/** A user and a password inside an address, or a key whose value is one. */
function isCredential(key: string, text: string): boolean {
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]+:[^/\s@]+@/i.test(text)) return true;
  return /password|secretKey|secretAccessKey|connection$|connectionString|sasToken|apiKey/i.test(key) && text !== '';
}
