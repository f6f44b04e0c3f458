import { createHash } from 'node:crypto';
import { type ApiObject, Cron, Duration, Names, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { type Check } from '../../flow/errors';
import { CHECKED, type Kinds, NUMBER, needed, sound, TEXT } from '../../flow/kinds';
import {
  backfillSettings,
  COLLECTION_NAME,
  collectionReportSettings,
  FIELD_PATH,
} from '../../flow/retention/collection-settings';
import { planRetention } from '../../flow/retention/plan';
import type { RetentionObjective, RetentionPlan, RetentionWorkload } from '../../flow/retention/workload';
import { minuteOf } from '../../flow/schedule/schedule';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { stockImage } from '../images';
import { SECRET_KEY } from '../kinds';
import { cidr, dnsLabel, secretChecks, textCheck } from '../names';
import { type Egress, networkPolicy, placeOf } from '../network-policy';
import { namespaceOf } from '../promql';
import {
  chartLabels,
  LINUX,
  mountTemporary,
  onLinux,
  refuseSharedPaths,
  restrictedContainer,
  restrictedPod,
  UNDISTURBED,
} from '../restricted-pod';
import { scriptConfigMap } from '../script';
import type { SecretKey } from '../secret-key';
import { ttlAlerts, ttlGraphs } from './ttl-alerts';

/** Folder of the scripts. */
const SCRIPTS = '/opt/ttl';
const MONGODB_PORT = 27_017;

/**
 * What a collection with a time to live is sized from.
 */
export interface TtlCollectionProps {
  /**
   * The inserts, the existing documents, and the load that the database can bear.
   */
  readonly workload: RetentionWorkload;

  /**
   * How long documents are kept, and the limits on size and time.
   */
  readonly objective: RetentionObjective;

  /**
   * Name of the collection. It gets the field `expireAt`; progress is kept in the collection `ttl_backfill` beside it.
   */
  readonly collection: string;

  /**
   * Connection string with the database in its path, such as
   * `mongodb+srv://user:password@events.example.net/shop?tls=true`, in a Secret. The user needs only `readWrite` on
   * that database.
   */
  readonly connection: SecretKey;

  /**
   * Field with the creation time of a document, of BSON type `date`. Every document that has it expires. If it is missing,
   * of another type (a number or a timestamp for instance) or before 1971, the document gets no date and stays, unless
   * `expireUnknownAge` of the objective is true. 1 to 120 letters, digits, `_` and `.`.
   *
   * @default - the time within the ObjectId of `_id`: every document with one expires; an `_id` of another type says nothing
   */
  readonly createdField?: string;

  /**
   * Address of a Prometheus Pushgateway, such as `http://pushgateway.monitoring:9091`. Prometheus must scrape it with
   * `honor_labels: true`.
   */
  readonly pushGateway: string;

  /**
   * Namespace of the database.
   *
   * @default - it is outside the cluster
   */
  readonly databaseNamespace?: string;

  /**
   * Addresses of the database, such as `10.20.0.0/16`, when it is outside the cluster. Instead of `databaseNamespace`.
   *
   * @default - any address outside but link-local ones
   */
  readonly databaseCidr?: string;

  /**
   * Port of the database. 1 to 65535.
   *
   * @default 27017
   */
  readonly databasePort?: number;
}

/**
 * A MongoDB collection with a time to live: a throttled backfill gives every document that says when it was created its
 * date of expiry, then makes the TTL index, and a report measures the size of the collection and the lag of deletion.
 * Documents without a usable creation time stay, unless the objective says `expireUnknownAge`.
 *
 * Cures a collection that grows because deletion is a manual chore (case 16). The index comes last, and documents that
 * are already too old are spread over the time that the database needs to delete them, so that there is no flood.
 */
export class TtlCollection extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: RetentionPlan;

  /** The backfill. Other settings make another Job, because the template of a Job cannot be changed. */
  public readonly backfill: kplus.Job;

  /** The report. */
  public readonly report: kplus.CronJob;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /** What backfill and report may connect to: the database, and the gateway of their metrics. */
  public readonly networkPolicy: ApiObject;

  /**
   * @throws CapacityError when backfill or deletion cannot keep ahead of inserts, or size or time are above the
   *   objective; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: TtlCollectionProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const { workload, objective } = usable;
    this.plan = planRetention(id, { workload, objective }, [...checks, ...inputChecks(usable)]);
    const serviceAccount = new kplus.ServiceAccount(this, 'ServiceAccount', { automountToken: false });
    this.backfill = this.createBackfill(props, serviceAccount);
    this.report = this.createReport(props, serviceAccount);
    const database: Egress = {
      ports: [props.databasePort ?? MONGODB_PORT],
      ...placeOf(props.databaseNamespace, props.databaseCidr),
    };
    this.networkPolicy = networkPolicy(this, 'NetworkPolicy', { [LABEL]: this.node.addr }, [
      database,
      gatewayEgress(props.pushGateway),
    ]);
    const series = { namespace: namespaceOf(this), report: this.report.name, backfill: this.backfill.name };
    this.alerts = alertRules(this, 'Alerts', this.node.path, ttlAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, ttlGraphs(this.plan, series));
  }

  private createBackfill(props: TtlCollectionProps, serviceAccount: kplus.IServiceAccount): kplus.Job {
    const settings = {
      COLLECTION: props.collection,
      CREATED_FIELD: props.createdField ?? '',
      ...backfillSettings(this.plan),
    };
    const script = scriptConfigMap(this, 'BackfillScript', 'ttl-collection/backfill.js');
    // The template of a Job cannot be changed, so every change to it makes another Job.
    const metadata = { ...UNDISTURBED, ...chartLabels(this) };
    const template = [settings, script.data, props.connection, stockImage('mongosh'), metadata, LINUX];
    const digest = createHash('sha256').update(JSON.stringify(template)).digest('hex');
    const job = new kplus.Job(this, 'Backfill', {
      metadata: { name: `${Names.toDnsLabel(this, { maxLen: 50 })}-${digest.slice(0, 8)}` },
      // It runs for hours or days, and every removal of its node would count as a failure.
      ...this.podProps(serviceAccount, UNDISTURBED),
      restartPolicy: kplus.RestartPolicy.ON_FAILURE,
      backoffLimit: 6,
      activeDeadline: Duration.seconds(this.plan.value('backfillDeadlineSeconds')),
      containers: [this.container('backfill', props, settings)],
    });
    this.finishPod(job, 'Backfill', script);
    return job;
  }

  private createReport(props: TtlCollectionProps, serviceAccount: kplus.IServiceAccount): kplus.CronJob {
    const script = scriptConfigMap(this, 'ReportScript', 'ttl-collection/report.js');
    const name = Names.toDnsLabel(this, { maxLen: 50, extra: ['report'] });
    const cronJob = new kplus.CronJob(this, 'Report', {
      metadata: { name },
      ...this.podProps(serviceAccount),
      // Reports of different collections run at different minutes, each always at the same one.
      schedule: new Cron({ minute: String(minuteOf(name)) }),
      timeZone: 'Etc/UTC',
      concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
      startingDeadline: Duration.seconds(this.plan.value('reportStartingDeadlineSeconds')),
      successfulJobsRetained: 1,
      failedJobsRetained: 3,
      restartPolicy: kplus.RestartPolicy.NEVER,
      backoffLimit: 1,
      activeDeadline: Duration.seconds(this.plan.value('reportDeadlineSeconds')),
      containers: [
        this.container('report', props, {
          COLLECTION: props.collection,
          CREATED_FIELD: props.createdField ?? '',
          ...collectionReportSettings(this.plan),
          PUSHGATEWAY: props.pushGateway,
          JOB: name,
        }),
      ],
    });
    this.finishPod(cronJob, 'Report', script);
    return cronJob;
  }

  private podProps(serviceAccount: kplus.IServiceAccount, annotations: Readonly<Record<string, string>> = {}) {
    return {
      podMetadata: { labels: { ...chartLabels(this), [LABEL]: this.node.addr }, annotations: { ...annotations } },
      securityContext: restrictedPod(),
      serviceAccount,
      automountServiceAccountToken: false,
      terminationGracePeriod: Duration.seconds(this.plan.value('terminationGracePeriodSeconds')),
    };
  }

  private container(
    script: 'backfill' | 'report',
    props: TtlCollectionProps,
    settings: Record<string, string>,
  ): kplus.ContainerProps {
    const { secretName, key } = props.connection;
    const secret = kplus.Secret.fromSecretName(this, `${script}-connection`, secretName);
    const texts = Object.entries(settings).map(([name, text]) => [name, kplus.EnvValue.fromValue(text)] as const);
    return {
      name: script,
      image: stockImage('mongosh'),
      // Not on the command line, where every process on the node could read the password.
      command: ['mongosh', '--nodb', '--quiet', '--norc', '--file', `${SCRIPTS}/${script}.js`],
      envVariables: {
        ...Object.fromEntries(texts),
        MONGODB_URI: kplus.EnvValue.fromSecretValue({ secret, key }),
        ...(script === 'report' ? { NAMESPACE: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_NAMESPACE) } : {}),
        // mongosh keeps its settings in its home folder, which must be writable.
        HOME: kplus.EnvValue.fromValue('/tmp'),
      },
      resources: {
        cpu: { request: kplus.Cpu.millis(100), limit: kplus.Cpu.millis(500) },
        memory: { request: Size.mebibytes(256), limit: Size.mebibytes(512) },
      },
      securityContext: restrictedContainer(),
    };
  }

  private finishPod(workload: kplus.Workload, id: string, script: kplus.ConfigMap): void {
    const scope = new Construct(this, `${id}Volumes`);
    const [container] = workload.containers;
    container.mount(SCRIPTS, kplus.Volume.fromConfigMap(scope, 'Script', script));
    mountTemporary(scope, container);
    refuseSharedPaths(this, workload);
    onLinux(workload);
  }
}

/** The label that selects the pods of a collection. */
const LABEL = 'backpressure/ttl-collection';

/** The second label of a host in the cluster is its namespace. */
function gatewayEgress(address: string): Egress {
  const { hostname, port, protocol } = new URL(address);
  return { ports: [Number(port || (protocol === 'https:' ? 443 : 80))], namespace: hostname.split('.')[1] };
}

const KINDS: Kinds<TtlCollectionProps> = {
  workload: CHECKED,
  objective: CHECKED,
  collection: needed(TEXT),
  connection: needed(SECRET_KEY),
  createdField: TEXT,
  pushGateway: needed(TEXT),
  databaseNamespace: TEXT,
  databaseCidr: TEXT,
  databasePort: NUMBER,
};

function inputChecks(props: TtlCollectionProps): Check[] {
  const { collection, createdField, pushGateway, databasePort } = props;
  return [
    textCheck('collection', collection, COLLECTION_NAME.has, COLLECTION_NAME.form),
    textCheck('createdField', createdField, FIELD_PATH.has, FIELD_PATH.form),
    textCheck(
      'pushGateway',
      pushGateway,
      (text) => /^https?:\/\/[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/.test(text),
      'an address of the cluster such as http://pushgateway.monitoring:9091',
    ),
    ...secretChecks('connection', props.connection),
    dnsLabel('databaseNamespace', props.databaseNamespace),
    cidr('databaseCidr', props.databaseCidr),
    {
      refused: props.databaseNamespace !== undefined && props.databaseCidr !== undefined,
      message: 'databaseNamespace and databaseCidr must not be given together: it is inside or outside the cluster',
    },
    {
      refused:
        databasePort !== undefined && !(Number.isInteger(databasePort) && databasePort >= 1 && databasePort <= 65_535),
      message: `databasePort must be a whole number, between 1 and 65535, got ${databasePort}`,
    },
  ];
}
