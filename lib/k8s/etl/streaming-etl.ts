import type { ApiObject, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { type Check, wholeNumber } from '../../flow/errors';
import { etlAlertKnobs } from '../../flow/etl/alarms';
import { planEtl } from '../../flow/etl/plan';
import { COLUMN, DELTA_SETTINGS, groupPrefix, jobArguments, kafkaArguments, QUERY_NAME } from '../../flow/etl/settings';
import type { EtlObjective, EtlPlan, EtlQuestion, EtlWorkload } from '../../flow/etl/workload';
import { CHECKED, FLAG, type Kinds, listOf, mapOf, NUMBER, needed, OBJECT, sound, TEXT } from '../../flow/kinds';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { DURATION, SECRET_KEY } from '../kinds';
import {
  dnsLabel,
  hostPorts,
  imageReference,
  isPrintable,
  kafkaTopicName,
  objectName,
  printableTexts,
  qualifiedName,
  secretChecks,
  textCheck,
} from '../names';
import { ANYWHERE, type Egress, networkPolicy } from '../network-policy';
import { podMonitor } from '../operators/prometheus';
import { type SparkPodSpec, sparkApplication } from '../operators/spark-operator';
import { allow, kafkaTopic, kafkaUser } from '../operators/strimzi';
import { namespaceOf } from '../promql';
import { UNDISTURBED } from '../restricted-pod';
import { scriptConfigMap, textConfigMap } from '../script';
import type { SecretKey } from '../secret-key';
import {
  bindSparkRole,
  SPARK_OUTSIDE_PORTS,
  SPARK_VERSION,
  SPARK_WRITABLE,
  sparkInnerPolicy,
  sparkPod,
  sparkRole,
} from '../spark-pods';
import { etlAlerts, etlGraphs } from './etl-alerts';

const SCRIPTS = '/opt/etl/job';
const TRANSFORM = '/opt/etl/transform';
const SECRETS = '/opt/etl/user';
const AUTHORITY = '/opt/etl/authority';
const METRICS_PORT = 8090;
/** Strimzi's internal listener with TLS. */
const BROKER_PORT = 9093;

/**
 * What a streaming ETL under Strimzi and the Spark operator is sized from.
 */
export interface StreamingEtlProps {
  /**
   * What arrives, and what a record costs.
   */
  readonly workload: EtlWorkload;

  /**
   * How fresh the table has to be, and what an outage may do.
   */
  readonly objective: EtlObjective;

  /**
   * Name of the job: of its objects, its metrics and its consumer groups. A job that gets another name begins a new
   * checkpoint's work beside the old one, so give it once. 1 to 50 lower-case letters, digits and hyphens.
   */
  readonly queryName: string;

  /**
   * Name of the `Kafka` object.
   */
  readonly clusterName: string;

  /**
   * Namespace of the brokers.
   *
   * @default - the namespace of the chart
   */
  readonly clusterNamespace?: string;

  /**
   * Brokers, as `host:port`, of a listener with TLS and SCRAM-SHA-512.
   *
   * @default - `<cluster>-kafka-bootstrap.<its namespace>.svc:9093`
   */
  readonly bootstrapServers?: string[];

  /**
   * Name of the topic. 1 to 249 letters, digits, dots, hyphens and underscores.
   */
  readonly topicName: string;

  /**
   * Whether the topic is there already. Then none is made, and the plan says the partitions and the retention that it needs.
   *
   * @default false
   */
  readonly existingTopic?: boolean;

  /**
   * Copies of the topic. A whole number, 1 to 32.
   *
   * @default 3
   */
  readonly replicas?: number;

  /**
   * The JAAS configuration of a Kafka user that may read the topic, and consumer groups that begin with
   * `<queryName>-spark`.
   *
   * @default - a `KafkaUser` is made, in whose Secret Strimzi writes it as `sasl.jaas.config`
   */
  readonly user?: SecretKey;

  /**
   * Certificate (PEM) of the authority that signed the brokers' certificates, in a Secret of the chart's namespace. Strimzi keeps
   * it in the namespace of the brokers: copy it when that is another one.
   *
   * @default - `ca.crt` of the Secret `<cluster>-cluster-ca-cert`
   */
  readonly certificateAuthority?: SecretKey;

  /**
   * Columns of a record, which is a JSON object: `page STRING, at TIMESTAMP`.
   */
  readonly schema: string;

  /**
   * The column with the time of a record.
   */
  readonly eventTime: string;

  /**
   * Columns of the key. At least one. A record without one of them is rejected.
   */
  readonly keys: string[];

  /**
   * Columns that are added up, beside the count.
   *
   * @default - none
   */
  readonly sums?: string[];

  /**
   * A Python program with a function `transform(df)`, which gets the columns of the schema and gives back what is
   * aggregated, with the columns `_place` and `_value` as they were. At most 1 MiB.
   *
   * @default - what is read is aggregated
   */
  readonly transform?: string;

  /**
   * Path of the Delta table, such as `s3a://lake/page_views`. Rejected records are at the same path and `_rejected`. Nothing
   * but this job may write to it.
   */
  readonly table: string;

  /**
   * Path of the checkpoint, such as `s3a://lake-checkpoints/page_views`: not under a rule that lets objects expire.
   */
  readonly checkpoint: string;

  /**
   * An image of Spark with Python, Delta Lake and the reader of Kafka, with a version or a digest.
   */
  readonly image: string;

  /**
   * Version of Spark in the image.
   *
   * @default '3.5.7'
   */
  readonly sparkVersion?: string;

  /**
   * Settings of Spark beside those of the plan, such as `spark.hadoop.fs.s3a.endpoint`.
   *
   * @default - none
   */
  readonly sparkConf?: { readonly [name: string]: string };

  /**
   * Annotations of the service account, by which clouds give pods access to storage.
   *
   * @default - none
   */
  readonly serviceAccountAnnotations?: { readonly [name: string]: string };

  /**
   * How a window gets into the table: `append` once it is closed, `update` again and again by MERGE.
   *
   * @default - what is fresh enough, `append` where both are
   */
  readonly outputMode?: string;

  /**
   * Executors. A whole number, 1 to 1000.
   *
   * @default - as few as keep the promise
   */
  readonly executors?: number;

  /**
   * Cores of an executor: 1, 2, 4, 8 or 16.
   *
   * @default 4
   */
  readonly executorCores?: number;

  /**
   * Time between two batches. Whole seconds.
   *
   * @default - the longest that is fresh enough
   */
  readonly trigger?: Duration;

  /**
   * Records of one batch at most. A whole number.
   *
   * @default - what the peak with head-room, or the catch-up, needs
   */
  readonly maxOffsetsPerTrigger?: number;

  /**
   * Time from the end of one driver to the first batch of the next. 1 second to an hour.
   *
   * @default Duration.minutes(1)
   */
  readonly restart?: Duration;

  /**
   * Namespace of the Prometheus that scrapes the driver.
   *
   * @default monitoring
   */
  readonly monitoringNamespace?: string;

  /**
   * Whether Helm, Argo CD and Flux keep the `KafkaTopic` when it is no longer in the chart: Strimzi deletes the topic with its
   * records when the object is deleted.
   *
   * @default true
   */
  readonly retainTopics?: boolean;
}

/**
 * A stream of micro-batches from a Kafka topic into a Delta table, in place of a nightly batch.
 *
 * Cures a report that is a day old because all records are worked on at night (case 3). How often a batch runs, how much it
 * may read and on how many cores follow from the freshness. One `SparkApplication` owns checkpoint and table: the operator
 * submits it again after a failure, and after a change once the old driver is gone.
 */
export class StreamingEtl extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: EtlPlan;

  /** The job. */
  public readonly application: ApiObject;

  /** The `KafkaTopic`, where it is made. */
  public readonly topic?: ApiObject;

  /** The `KafkaUser`, where it is made. */
  public readonly user?: ApiObject;

  /** The identity of the driver, which makes the executors. */
  public readonly serviceAccount: kplus.ServiceAccount;

  /** What the driver may do in its namespace. */
  public readonly role: ApiObject;

  /** Who has it. */
  public readonly roleBinding: ApiObject;

  /** The program. */
  public readonly script: kplus.ConfigMap;

  /** The user's part of the program, where there is one. */
  public readonly transformScript?: kplus.ConfigMap;

  /** What driver and executors may connect to, and who may scrape the driver. */
  public readonly networkPolicy: ApiObject;

  /** What driver and executors say to each other. */
  public readonly innerPolicy: ApiObject;

  /** How Prometheus finds the driver. */
  public readonly podMonitor: ApiObject;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when nothing keeps the promise, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: StreamingEtlProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const plan = planEtl(id, questionOf(usable), [...checks, ...inputChecks(usable)]);
    this.plan = plan.withKnobs(etlAlertKnobs(plan));
    const { queryName, clusterName, topicName } = usable;
    if (!usable.existingTopic) this.topic = this.createTopic(usable);
    if (usable.user === undefined) {
      this.user = kafkaUser(this, 'User', clusterName, queryName, {
        authentication: { type: 'scram-sha-512' },
        // A user without one may take what the quotas of the others leave.
        quotas: { consumerByteRate: this.plan.value('consumerByteRate') },
        authorization: {
          type: 'simple',
          acls: [
            allow('topic', topicName, ['Describe', 'Read']),
            allow('group', groupPrefix(queryName), ['Describe', 'Read'], 'prefix'),
          ],
        },
      });
    }
    this.serviceAccount = new kplus.ServiceAccount(this, 'ServiceAccount', {
      metadata: { name: queryName, annotations: { ...usable.serviceAccountAnnotations } },
      // The driver makes executors by it, and both get at storage by it.
      automountToken: true,
    });
    this.role = sparkRole(this, queryName);
    this.roleBinding = bindSparkRole(this, queryName, this.serviceAccount);
    this.script = scriptConfigMap(this, 'Script', 'streaming-etl/job.py');
    if (usable.transform !== undefined) {
      this.transformScript = textConfigMap(this, 'Transform', 'transform.py', usable.transform);
    }
    this.application = this.createApplication(usable);
    const pods = { [LABEL]: this.node.addr };
    const brokers = {
      ports: [...new Set(servers(usable).map((server) => Number(server.split(':')[1])))],
      ...brokerPlace(usable, namespaceOf(this)),
    };
    this.networkPolicy = networkPolicy(
      this,
      'NetworkPolicy',
      pods,
      [brokers, { ports: SPARK_OUTSIDE_PORTS, ...ANYWHERE }],
      {
        ports: [METRICS_PORT],
        namespace: usable.monitoringNamespace ?? 'monitoring',
      },
    );
    this.innerPolicy = sparkInnerPolicy(this, pods);
    const driver = { ...pods, 'spark-role': 'driver' };
    this.podMonitor = podMonitor(this, 'PodMonitor', driver, 'metrics', this.plan.value('scrapeSeconds'));
    const series = { namespace: namespaceOf(this), query: queryName };
    this.alerts = alertRules(this, 'Alerts', this.node.path, etlAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, etlGraphs(this.plan, series));
  }

  private createTopic({ clusterName, topicName, replicas = 3, retainTopics = true }: StreamingEtlProps): ApiObject {
    return kafkaTopic(
      this,
      'Topic',
      clusterName,
      objectName(topicName),
      {
        topicName,
        partitions: this.plan.value('partitions'),
        replicas,
        config: {
          'min.insync.replicas': Math.max(1, replicas - 1),
          'retention.ms': this.plan.value('retentionMilliseconds'),
          'max.message.bytes': this.plan.value('maxMessageBytes'),
        },
      },
      retainTopics,
    );
  }

  private createApplication(props: StreamingEtlProps): ApiObject {
    const value = (name: string) => this.plan.value(name);
    return sparkApplication(this, 'Application', props.queryName, {
      type: 'Python',
      pythonVersion: '3',
      mode: 'cluster',
      image: props.image,
      imagePullPolicy: 'IfNotPresent',
      sparkVersion: props.sparkVersion ?? SPARK_VERSION,
      mainApplicationFile: `local://${SCRIPTS}/job.py`,
      arguments: this.arguments(props),
      sparkConf: { ...props.sparkConf, ...DELTA_SETTINGS },
      restartPolicy: {
        type: 'Always',
        onFailureRetryInterval: value('onFailureRetrySeconds'),
        onSubmissionFailureRetryInterval: value('onSubmissionFailureRetrySeconds'),
      },
      driver: {
        ...this.pod('driver', props),
        serviceAccount: this.serviceAccount.name,
        annotations: { ...UNDISTURBED },
        terminationGracePeriodSeconds: value('stopSeconds'),
        ports: [{ name: 'metrics', containerPort: METRICS_PORT, protocol: 'TCP' }],
      },
      executor: { ...this.pod('executor', props), instances: value('executors') },
      volumes: this.volumes(props),
    });
  }

  private arguments(props: StreamingEtlProps): string[] {
    return [
      ...jobArguments(
        {
          ...props,
          bootstrapServers: servers(props).join(','),
          transform: props.transform === undefined ? undefined : `${TRANSFORM}/transform.py`,
        },
        this.plan,
      ),
      `--metrics-port=${METRICS_PORT}`,
      ...kafkaArguments(props.queryName, {
        'security.protocol': 'SASL_SSL',
        'sasl.mechanism': 'SCRAM-SHA-512',
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': `${AUTHORITY}/${authority(props).key}`,
      }),
      `--sasl-jaas-file=${SECRETS}/${user(props).key}`,
    ];
  }

  private pod(role: 'driver' | 'executor', props: StreamingEtlProps): SparkPodSpec {
    return sparkPod(this, role, this.plan, { [LABEL]: this.node.addr }, [
      { name: 'job', mountPath: SCRIPTS, readOnly: true },
      ...(props.transform === undefined ? [] : [{ name: 'transform', mountPath: TRANSFORM, readOnly: true }]),
      { name: 'user', mountPath: SECRETS, readOnly: true },
      { name: 'authority', mountPath: AUTHORITY, readOnly: true },
    ]);
  }

  private volumes(props: StreamingEtlProps): object[] {
    const { secretName: userSecret } = user(props);
    const { secretName: authoritySecret } = authority(props);
    return [
      { name: 'job', configMap: { name: this.script.name } },
      ...(this.transformScript === undefined
        ? []
        : [{ name: 'transform', configMap: { name: this.transformScript.name } }]),
      { name: 'user', secret: { secretName: userSecret } },
      { name: 'authority', secret: { secretName: authoritySecret } },
      ...SPARK_WRITABLE,
    ];
  }
}

/** The label that selects the pods of a job. */
const LABEL = 'backpressure/streaming-etl';

function servers({ bootstrapServers, clusterName, clusterNamespace }: StreamingEtlProps): string[] {
  const place = clusterNamespace === undefined ? '' : `.${clusterNamespace}.svc`;
  return bootstrapServers ?? [`${clusterName}-kafka-bootstrap${place}:${BROKER_PORT}`];
}

/** Brokers by address may be anywhere; those of Strimzi are in their namespace, or in that of the chart. */
function brokerPlace(props: StreamingEtlProps, namespace: string | undefined): Omit<Egress, 'ports'> {
  if (props.clusterNamespace !== undefined) return { namespace: props.clusterNamespace };
  if (props.bootstrapServers !== undefined) return ANYWHERE;
  return namespace === undefined ? {} : { namespace };
}

/** Strimzi names the Secret after the user. */
function user(props: StreamingEtlProps): SecretKey {
  return props.user ?? { secretName: props.queryName, key: 'sasl.jaas.config' };
}

function authority(props: StreamingEtlProps): SecretKey {
  return props.certificateAuthority ?? { secretName: `${props.clusterName}-cluster-ca-cert`, key: 'ca.crt' };
}

const KINDS: Kinds<StreamingEtlProps> = {
  workload: CHECKED,
  objective: CHECKED,
  queryName: needed(TEXT),
  clusterName: needed(TEXT),
  clusterNamespace: TEXT,
  bootstrapServers: listOf(TEXT),
  topicName: needed(TEXT),
  existingTopic: FLAG,
  replicas: NUMBER,
  user: SECRET_KEY,
  certificateAuthority: SECRET_KEY,
  schema: needed(TEXT),
  eventTime: needed(TEXT),
  keys: needed(listOf(TEXT)),
  sums: listOf(TEXT),
  transform: TEXT,
  table: needed(TEXT),
  checkpoint: needed(TEXT),
  image: needed(TEXT),
  sparkVersion: TEXT,
  sparkConf: OBJECT,
  serviceAccountAnnotations: mapOf(TEXT),
  outputMode: CHECKED,
  executors: CHECKED,
  executorCores: CHECKED,
  trigger: DURATION,
  maxOffsetsPerTrigger: CHECKED,
  restart: DURATION,
  monitoringNamespace: TEXT,
  retainTopics: FLAG,
};

function questionOf(props: StreamingEtlProps): EtlQuestion {
  const { workload, objective, outputMode, executors, executorCores, trigger, maxOffsetsPerTrigger, restart } = props;
  return {
    workload,
    objective,
    platform: 'spark-operator',
    outputMode: outputMode as EtlQuestion['outputMode'],
    executors,
    executorCores,
    triggerSeconds: trigger?.toSeconds({ integral: false }),
    maxOffsetsPerTrigger,
    restartSeconds: restart?.toSeconds({ integral: false }),
  };
}

function inputChecks(props: StreamingEtlProps): Check[] {
  const { queryName, keys, sums = [], schema, table, checkpoint, serviceAccountAnnotations: annotations = {} } = props;
  const columns = (name: string, list: readonly string[]) =>
    list.map((one) => textCheck(name, one, (text) => COLUMN.test(text), "a column: letters, digits and '_'"));
  const folder = (text: string) => /^[a-z][a-z0-9+.-]*:\/\/[^\s*?]+$/.test(text);
  return [
    textCheck(
      'queryName',
      queryName,
      (text) => QUERY_NAME.test(text),
      '1 to 50 lower-case letters, digits and hyphens',
    ),
    dnsLabel('clusterName', props.clusterName),
    dnsLabel('clusterNamespace', props.clusterNamespace),
    ...(props.bootstrapServers === undefined ? [] : hostPorts('bootstrapServers', props.bootstrapServers)),
    kafkaTopicName('topicName', props.topicName),
    wholeNumber('replicas', props.replicas, 1, 32),
    ...secretChecks('user', props.user),
    ...secretChecks('certificateAuthority', props.certificateAuthority),
    textCheck(
      'schema',
      schema,
      (text) => isPrintable(text) && /^.{1,10000}$/.test(text),
      "columns of SQL in one line, printable, without '$('",
    ),
    textCheck('transform', props.transform, isProgram, 'a program in Python without control characters'),
    ...columns('eventTime', props.eventTime === undefined ? [] : [props.eventTime]),
    { refused: keys?.length === 0, message: 'keys must be at least one column, got none' },
    ...columns('keys', keys ?? []),
    ...columns('sums', sums),
    textCheck('table', table, folder, 'a path such as s3a://lake/page_views'),
    textCheck('checkpoint', checkpoint, folder, 'a path such as s3a://lake-checkpoints/page_views'),
    {
      refused:
        table !== undefined && checkpoint !== undefined && `${checkpoint}/`.startsWith(`${table.replace(/\/+$/, '')}/`),
      message: `checkpoint must not be within the table: Delta would take its files for its own, got ${checkpoint}`,
    },
    imageReference('image', props.image),
    textCheck('sparkVersion', props.sparkVersion, (text) => /^\d+\.\d+\.\d+$/.test(text), 'a version such as 3.5.7'),
    ...Object.entries(props.sparkConf ?? {}).flatMap(([name, text]) => [
      textCheck('sparkConf', name, (one) => /^spark\.[\w.-]+$/.test(one), 'settings that begin with spark.'),
      { refused: name in DELTA_SETTINGS, message: `sparkConf must leave ${name} to the construct` },
      { refused: typeof text !== 'string', message: `sparkConf of ${name} must be text` },
    ]),
    ...Object.keys(annotations).map((name) => qualifiedName('serviceAccountAnnotations', name)),
    ...printableTexts('serviceAccountAnnotations', annotations),
    dnsLabel('monitoringNamespace', props.monitoringNamespace),
  ];
}

/** Lines of a program: no control character but what ends and indents them. */
function isProgram(text: string): boolean {
  return text !== '' && !/[^\P{C}\n\r\t]/u.test(text);
}
