import type { Document } from '../document';
import type { Found, Rule } from '../rule';
import { embeddedRule } from './trap';

/** Settings that are a client's or a user's, and that a broker does not read from its own configuration. */
const DYNAMIC = ['producer_byte_rate', 'consumer_byte_rate', 'request_percentage'];

const FIX =
  'set it as a dynamic quota: kafka-configs --alter --entity-type users, a KafkaUser with quotas, or AlterClientQuotas';

const MESSAGE = (key: string) =>
  `${key} among the broker's settings does nothing: quotas are dynamic, for each user or client`;

const inText = embeddedRule({
  id: 'BP-KAFKA-003',
  title: 'A quota in the configuration of the broker',
  why: 'The broker reads quotas from the cluster, for each user and client, and not from its own file. No client is throttled, and the noisy producer continues.',
  source: 'Apache Kafka, "Setting quotas" and KIP-546: kafka-configs --alter --add-config',
  severity: 'error',
  cases: [18],
  signs: [
    {
      pattern: new RegExp(`^[ \\t]*(${DYNAMIC.join('|')})[ \\t]*[=:]`, 'm'),
      // As an argument of kafka-configs it is right.
      excuse: /kafka-configs|--add-config/,
      message: (match) => MESSAGE(match[1]),
      fix: FIX,
    },
    {
      pattern:
        /^[ \t]*client\.quota\.callback\.class[ \t]*=[ \t]*(?!(?:[A-Za-z_$][\w$]*\.)+[A-Za-z_$][\w$]*[ \t]*$)(\S*)/m,
      message: (match) => `client.quota.callback.class=${match[1]} names no class: the broker does not start`,
      fix: 'remove it: without your own class the default callback applies the dynamic quotas',
    },
  ],
});

/** Rules about the configuration of Kafka's brokers, as text or as a Strimzi cluster. */
export const EMBEDDED_BROKER_RULES: readonly Rule[] = [
  {
    ...inText,
    *check(document) {
      yield* inText.check(document);
      yield* inClusters(document);
    },
  },
];

function* inClusters(document: Document): Iterable<Found> {
  for (const cluster of document.ofType('kafka.strimzi.io/Kafka')) {
    for (const key of DYNAMIC) {
      const at = cluster.at('spec', 'kafka', 'config', key);
      if (at.present) yield { at, message: MESSAGE(key), fix: FIX };
    }
  }
}
