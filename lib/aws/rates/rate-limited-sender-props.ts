/** The props of a rate-limited sender, the question that its plan answers, and the checks on the props. */
import { type RemovalPolicy, Token } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IConfigurationSet, IEmailIdentity } from 'aws-cdk-lib/aws-ses';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { type Check, oneOf } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, listOf, needed, OBJECT, struct, TEXT } from '../../flow/kinds';
import { type ProviderLimit, type RatesObjective, type RatesWorkload, UnknownMail } from '../../flow/rates/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { CONFIGURATION_SET, EMAIL_IDENTITY, KEY, QUEUE, TABLE, TOPIC } from '../kinds';
import { removalCheck } from '../removal-policy';

/**
 * A second provider: Amazon SES in another region, with quotas of its own.
 */
export interface StandbyProvider {
  /**
   * Its limit.
   */
  readonly limit: ProviderLimit;

  /**
   * The region, such as `eu-west-1`. Another one than that of the stack, whose quotas it would share.
   */
  readonly region: string;

  /**
   * The identity that mail is sent as, in that region.
   */
  readonly identity: IEmailIdentity;

  /**
   * Name of a configuration set in that region. It needs an event destination of its own. The breaker pauses it too.
   *
   * @default - none; the breaker closes the bucket of this provider all the same
   */
  readonly configurationSetName?: string;
}

/**
 * What a rate-limited sender is sized from.
 */
export interface RateLimitedSenderProps {
  /**
   * What is sent.
   */
  readonly workload: RatesWorkload;

  /**
   * The limit of Amazon SES in this region. Quotas are of the whole account in one region: give `share` where others send
   * too.
   */
  readonly limit: ProviderLimit;

  /**
   * What is promised, and when sending pauses by itself.
   *
   * @default - no more than the limit; pauses at 5 % bounces and 0.1 % complaints
   */
  readonly objective?: RatesObjective;

  /**
   * The identity that mail is sent as.
   */
  readonly identity: IEmailIdentity;

  /**
   * The address that mail is sent from, of that identity, unless a mail has its own.
   */
  readonly from: string;

  /**
   * Names of the templates of Amazon SES that mails may use.
   *
   * @default - none
   */
  readonly templates?: string[];

  /**
   * A second provider, which takes over while the first takes nothing or its day is full. A pause is for both: what
   * bounces at one bounces at the other.
   *
   * @default - none; messages wait
   */
  readonly standby?: StandbyProvider;

  /**
   * Seconds within which a message reaches the provider after its slot; one that leaves later than half of them takes a
   * new slot. 0.002 to 10.
   *
   * @default 0.05
   */
  readonly jitterSeconds?: number;

  /**
   * Messages that may leave at once. Each beyond the first lowers the rate. A whole number from 1.
   *
   * @default 1
   */
  readonly burst?: number;

  /**
   * Messages per second. At most what the limit leaves.
   *
   * @default - as many as the limit leaves
   */
  readonly messagesPerSecond?: number;

  /**
   * What becomes of a mail that was perhaps sent: its sender ended between call and record, or the call had no answer.
   *
   * @default UnknownMail.PARK
   */
  readonly onUnknown?: UnknownMail;

  /**
   * A queue with the mails. Its visibility timeout has to be at least the knob `visibilityTimeoutSeconds`. Unless it is
   * of a `RedriveQueue`, give it a dead-letter queue with at least the knob `maxReceiveCount`.
   *
   * @default - a `RedriveQueue`
   */
  readonly queue?: IQueue;

  /**
   * A table with a partition key `id` of type string, and `expires` as its time to live. Senders that share a limit
   * share a table.
   *
   * @default - a new one
   */
  readonly table?: ITable;

  /**
   * A configuration set. The event destination is added to it.
   *
   * @default - a new one, with reputation metrics, suppression of bounces and complaints, validation and TLS
   */
  readonly configurationSet?: IConfigurationSet;

  /**
   * A tenant of Amazon SES that mails are sent as: it is made, with the identity, the configuration set and the templates. What
   * bounces then is this sender's reputation and not that of the account, and Amazon SES pauses the tenant by its policy.
   * Mails of the second provider have none.
   *
   * @default - none; the reputation is that of the account
   */
  readonly tenant?: SenderTenant;

  /**
   * Whether sending pauses by itself. It resumes only by hand. A full day stops and starts receiving in any case.
   *
   * @default true
   */
  readonly breaker?: boolean;

  /**
   * The key that encrypts the messages of all queues.
   *
   * @default - keys of Amazon SQS (SSE-SQS)
   */
  readonly encryptionKey?: IKey;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms still exist
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;

  /**
   * Whether to make a CloudWatch dashboard of the queue and the senders.
   *
   * @default true
   */
  readonly dashboard?: boolean;

  /**
   * Name of the queue. Only needed to keep a queue whose construct is renamed: give its present name.
   *
   * @default - from the construct path and the id of the stack
   */
  readonly queueName?: string;

  /**
   * What happens to queues and table when they leave the stack or are replaced. Without the records of its mails, a
   * sender may send a mail twice. RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** When Amazon SES pauses a tenant by itself. */
export enum TenantPolicy {
  /** Never; the breaker of the sender still does. */
  NONE = 'none',
  /** When bounces or complaints are high. */
  STANDARD = 'standard',
  /** Sooner than that. */
  STRICT = 'strict',
}

/**
 * A tenant of Amazon SES.
 */
export interface SenderTenant {
  /**
   * Its name, one in the account and region. 1 to 64 letters, digits, `-` and `_`.
   */
  readonly name: string;

  /**
   * When Amazon SES pauses it by itself.
   *
   * @default TenantPolicy.STANDARD
   */
  readonly policy?: TenantPolicy;
}

/** What each prop has to be. */
export const SENDER_KINDS: Kinds<RateLimitedSenderProps> = {
  workload: CHECKED,
  limit: CHECKED,
  objective: CHECKED,
  identity: needed(EMAIL_IDENTITY),
  from: needed(TEXT),
  templates: listOf(TEXT),
  standby: OBJECT,
  jitterSeconds: CHECKED,
  burst: CHECKED,
  messagesPerSecond: CHECKED,
  onUnknown: CHECKED,
  queue: QUEUE,
  table: TABLE,
  configurationSet: CONFIGURATION_SET,
  tenant: struct<SenderTenant>({ name: needed(TEXT), policy: CHECKED }),
  breaker: FLAG,
  encryptionKey: KEY,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  dashboard: FLAG,
  queueName: TEXT,
  removalPolicy: CHECKED,
};

/** What the parts of a second provider have to be. */
export const STANDBY_KINDS: Kinds<StandbyProvider> = {
  limit: CHECKED,
  region: needed(TEXT),
  identity: needed(EMAIL_IDENTITY),
  configurationSetName: TEXT,
};

/** What is wrong with the props, beside what the plan refuses. */
export function senderChecks(
  { from, standby, onUnknown, removalPolicy, queue, queueName, ...props }: RateLimitedSenderProps,
  region: string,
): Check[] {
  return [
    {
      refused: from !== undefined && !Token.isUnresolved(from) && !/^[^\s@]+@[^\s@]+$|<[^\s@]+@[^\s@]+>$/.test(from),
      message: `from must be an address, alone or as Name <address>, got '${from}'`,
    },
    {
      refused: standby?.region !== undefined && !Token.isUnresolved(region) && standby.region === region,
      message: `standby.region must be another one than ${region}, the region of this stack, whose quotas it would share`,
    },
    {
      refused: queue !== undefined && queueName !== undefined,
      message: 'queueName is for the queue that is made here; leave it out with queue',
    },
    {
      refused: queue !== undefined && props.encryptionKey !== undefined,
      message: 'encryptionKey is for the queues that are made here; leave it out with queue, whose own key is used',
    },
    oneOf('onUnknown', onUnknown, Object.values(UnknownMail)),
    oneOf('tenant.policy', props.tenant?.policy, Object.values(TenantPolicy)),
    {
      refused:
        props.tenant?.name !== undefined &&
        !Token.isUnresolved(props.tenant.name) &&
        !/^[\w-]{1,64}$/.test(props.tenant.name),
      message: `tenant.name must be 1 to 64 letters, digits, '-' and '_', got '${props.tenant?.name}'`,
    },
    removalCheck(removalPolicy),
  ];
}
