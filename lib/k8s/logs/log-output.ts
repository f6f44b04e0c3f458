import type { Check } from '../../flow/errors';
import { type Kinds, listOf, needed, sound, TEXT } from '../../flow/kinds';
import { SECRET_KEY } from '../kinds';
import { cidr, dnsLabel, hostPorts, httpsHosts, kafkaTopicName, secretChecks, textCheck } from '../names';
import { placeOf } from '../network-policy';
import type { SecretKey } from '../secret-key';
import { CERTIFICATES, fromEnvironment, type LogOutputBinding } from './log-binding';

/**
 * A topic of Kafka.
 */
export interface KafkaLogOutputProps {
  /**
   * Host and TLS port of at least one broker, such as `logs-kafka-bootstrap.kafka:9093`.
   */
  readonly bootstrapServers: string[];

  /**
   * Name of the topic.
   */
  readonly topic: string;

  /**
   * Namespace of the brokers.
   *
   * @default - they are outside the cluster
   */
  readonly namespace?: string;

  /**
   * Addresses of the brokers, such as `10.20.0.0/16`, when they are outside the cluster. Instead of `namespace`.
   *
   * @default - any address outside but link-local ones
   */
  readonly cidr?: string;

  /**
   * User for SASL/SCRAM-SHA-512, in a Secret.
   */
  readonly username: SecretKey;

  /**
   * Password for SASL/SCRAM-SHA-512, in a Secret.
   */
  readonly password: SecretKey;

  /**
   * PEM of the certificate authority that signed the brokers' certificates, in a Secret.
   *
   * @default - those of the image
   */
  readonly certificateAuthority?: SecretKey;
}

/**
 * A data stream or index of Elasticsearch.
 */
export interface ElasticsearchLogOutputProps {
  /**
   * `https` addresses with port, such as `https://logs-es-http.elastic:9200`. At least one.
   */
  readonly hosts: string[];

  /**
   * Name of the index or data stream; it and its template must exist. Lines that Elasticsearch refuses for their
   * content go to `<index>-rejected`.
   */
  readonly index: string;

  /**
   * Namespace of Elasticsearch.
   *
   * @default - it is outside the cluster
   */
  readonly namespace?: string;

  /**
   * Addresses of Elasticsearch, such as `10.20.0.0/16`, when it is outside the cluster. Instead of `namespace`.
   *
   * @default - any address outside but link-local ones
   */
  readonly cidr?: string;

  /**
   * API key as `id:key`, in a Secret.
   */
  readonly apiKey: SecretKey;

  /**
   * PEM of the certificate authority that signed the certificate of Elasticsearch, in a Secret.
   *
   * @default - those of the image
   */
  readonly certificateAuthority?: SecretKey;
}

/**
 * Where the lines go. Pick one of the two.
 */
export class LogOutput {
  /** Kafka over TLS with SASL; a line counts as shipped when every in-sync replica has it. */
  public static kafka(props: KafkaLogOutputProps): LogOutput {
    return new LogOutput(kafkaOutput(props));
  }

  /** Elasticsearch over TLS with an API key; a line counts as shipped when the primary and its in-sync replicas have it. */
  public static elasticsearch(props: ElasticsearchLogOutputProps): LogOutput {
    return new LogOutput(elasticsearchOutput(props));
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _binding: LogOutputBinding,
  ) {}
}

const KAFKA_KINDS: Kinds<KafkaLogOutputProps> = {
  bootstrapServers: needed(listOf(TEXT)),
  topic: needed(TEXT),
  namespace: TEXT,
  cidr: TEXT,
  username: needed(SECRET_KEY),
  password: needed(SECRET_KEY),
  certificateAuthority: SECRET_KEY,
};

const ELASTICSEARCH_KINDS: Kinds<ElasticsearchLogOutputProps> = {
  hosts: needed(listOf(TEXT)),
  index: needed(TEXT),
  namespace: TEXT,
  cidr: TEXT,
  apiKey: needed(SECRET_KEY),
  certificateAuthority: SECRET_KEY,
};

function kafkaOutput(given: KafkaLogOutputProps): LogOutputBinding {
  const { props, checks } = sound(given, KAFKA_KINDS, 'output');
  const { bootstrapServers = [], topic, namespace, username, password, certificateAuthority } = props;
  return {
    checks: [
      ...checks,
      ...(props.bootstrapServers === undefined ? [] : hostPorts('bootstrapServers', bootstrapServers)),
      kafkaTopicName('topic', topic),
      ...secretChecks('username', username),
      ...secretChecks('password', password),
      ...placeChecks(props),
    ],
    config: (plan) => ({
      'output.kafka': {
        hosts: bootstrapServers,
        topic,
        // All in-sync replicas: with 1, lines that only the leader has are lost when it fails.
        required_acks: -1,
        bulk_max_size: plan.value('bulkMaxSize'),
        bulk_flush_frequency: `${plan.value('flushSeconds')}s`,
        compression: 'lz4',
        username: fromEnvironment('LOG_OUTPUT_USERNAME'),
        password: fromEnvironment('LOG_OUTPUT_PASSWORD'),
        'sasl.mechanism': 'SCRAM-SHA-512',
        ...tls(certificateAuthority),
      },
    }),
    secrets: { LOG_OUTPUT_USERNAME: username, LOG_OUTPUT_PASSWORD: password },
    certificateAuthority,
    egress: [
      { ports: portsOf(bootstrapServers.map((broker) => `tcp://${broker}`)), ...placeOf(namespace, props.cidr) },
    ],
  };
}

function elasticsearchOutput(given: ElasticsearchLogOutputProps): LogOutputBinding {
  const { props, checks } = sound(given, ELASTICSEARCH_KINDS, 'output');
  const { hosts = [], index, namespace, apiKey, certificateAuthority } = props;
  return {
    checks: [
      ...checks,
      ...(props.hosts === undefined ? [] : httpsHosts('hosts', hosts)),
      textCheck(
        'index',
        index,
        (text) => /^[a-z0-9][a-z0-9._-]{0,240}$/.test(text),
        "1 to 241 small letters, digits, '.', '_' and '-'",
      ),
      ...secretChecks('apiKey', apiKey),
      ...placeChecks(props),
    ],
    config: (plan) => ({
      'output.elasticsearch': {
        hosts,
        index,
        api_key: fromEnvironment('LOG_OUTPUT_API_KEY'),
        // The other presets set bulk_max_size themselves.
        preset: 'custom',
        bulk_max_size: plan.value('bulkMaxSize'),
        compression_level: 1,
        // By default Filebeat silently drops lines that a mapping refuses.
        non_indexable_policy: { dead_letter_index: { index: `${index}-rejected` } },
        ...tls(certificateAuthority),
      },
      'setup.template.enabled': false,
      'setup.ilm.enabled': false,
    }),
    secrets: { LOG_OUTPUT_API_KEY: apiKey },
    certificateAuthority,
    egress: [{ ports: portsOf(hosts), ...placeOf(namespace, props.cidr) }],
  };
}

function tls(certificateAuthority: SecretKey | undefined): Record<string, unknown> {
  return {
    'ssl.enabled': true,
    'ssl.verification_mode': 'full',
    ...(certificateAuthority ? { 'ssl.certificate_authorities': [`${CERTIFICATES}/${certificateAuthority.key}`] } : {}),
  };
}

function portsOf(addresses: readonly string[]): number[] {
  return [...new Set(addresses.map((address) => Number(address.slice(address.lastIndexOf(':') + 1))))];
}

function placeChecks(props: KafkaLogOutputProps | ElasticsearchLogOutputProps): Check[] {
  return [
    dnsLabel('namespace', props.namespace),
    cidr('cidr', props.cidr),
    {
      refused: props.namespace !== undefined && props.cidr !== undefined,
      message: 'namespace and cidr must not be given together: the destination is inside or outside the cluster',
    },
    ...secretChecks('certificateAuthority', props.certificateAuthority),
  ];
}
