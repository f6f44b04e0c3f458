import { type RemovalPolicy, Token } from 'aws-cdk-lib';
import type { Attribute, ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { type Check, shown } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, needed, sound, struct, TEXT } from '../../flow/kinds';
import type { TtlTableObjective, TtlTableWorkload } from '../../flow/retention/table-workload';
import { ALARM_SETTINGS, type AlarmSettings, alarmSettingsChecks } from '../alarm-settings';
import { KEY, TABLE, TOPIC } from '../kinds';
import { removalCheck } from '../removal-policy';
import { timeToLiveChecks } from './time-to-live';
import { TTL_TABLE_ALARMS } from './ttl-table-rows';

/** Name of the attribute with the expiry. */
export const DEFAULT_ATTRIBUTE = 'expiresAt';

/**
 * What a table with a time to live is sized from.
 */
export interface TtlTableProps {
  /**
   * The inserts, the existing items, and what the table can take beside its traffic.
   */
  readonly workload: TtlTableWorkload;

  /**
   * How long items are kept or how large the table may become, the limits on time, and whether items of unknown age expire.
   */
  readonly objective: TtlTableObjective;

  /**
   * Attribute with the creation time of an item: a number of seconds or milliseconds since 1970, or text that begins with a
   * date as in ISO 8601. Every item that has it expires. An item without a usable one gets no expiry and stays, unless
   * `expireUnknownAge` of the objective is true. 1 to 255 characters.
   */
  readonly createdAttribute: string;

  /**
   * Attribute with the expiry, a number of seconds since 1970. No key of the table. 1 to 255 characters.
   *
   * @default 'expiresAt'
   */
  readonly attribute?: string;

  /**
   * The table. Of one made in this app the time to live is set here; leave it out there. One that is imported needs it set
   * where it is made, and its key is granted where it is known.
   *
   * @default - a table on demand is made
   */
  readonly table?: ITable;

  /**
   * Partition key of the table that is made.
   *
   * @default - needed, unless `table` is given
   */
  readonly partitionKey?: Attribute;

  /**
   * Sort key of the table that is made.
   *
   * @default - none
   */
  readonly sortKey?: Attribute;

  /**
   * The key of the table that is made.
   *
   * @default - a key of AWS, `aws/dynamodb`
   */
  readonly encryptionKey?: IKey;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms exist without an action
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;

  /**
   * Whether to make a CloudWatch dashboard.
   *
   * @default true
   */
  readonly dashboard?: boolean;

  /**
   * What happens to the table that is made when it leaves the stack: RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

const ATTRIBUTE = struct<Attribute>({ name: needed(TEXT), type: needed(TEXT) });

const KINDS: Kinds<TtlTableProps> = {
  workload: CHECKED,
  objective: CHECKED,
  createdAttribute: needed(TEXT),
  attribute: TEXT,
  table: TABLE,
  partitionKey: ATTRIBUTE,
  sortKey: ATTRIBUTE,
  encryptionKey: KEY,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  dashboard: FLAG,
  removalPolicy: CHECKED,
};

/** The props as far as they can be used, and what is wrong with them. */
export function usableProps(props: TtlTableProps): { props: TtlTableProps; checks: Check[] } {
  const { props: usable, checks } = sound(props, KINDS);
  return { props: usable, checks: [...checks, ...propChecks(usable)] };
}

function propChecks(props: TtlTableProps): Check[] {
  const { table, partitionKey, sortKey, encryptionKey, removalPolicy, attribute, createdAttribute, alarms } = props;
  const made = { partitionKey, sortKey, encryptionKey, removalPolicy };
  const stray = Object.entries(made).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const expiry = attribute ?? DEFAULT_ATTRIBUTE;
  const keys = [partitionKey, sortKey].map((key) => key?.name);
  return [
    attributeName('attribute', attribute),
    attributeName('createdAttribute', createdAttribute),
    {
      refused: expiry === createdAttribute || keys.includes(expiry),
      message: `attribute must be neither a key nor createdAttribute, got ${shown(expiry)}`,
    },
    {
      refused: table === undefined && partitionKey === undefined,
      message: 'table or partitionKey is missing: the table that is there, or the key of the one that is made',
    },
    {
      refused: table !== undefined && stray.length > 0,
      message: `${stray.join(', ')} must not be given together with table: they are settings of the table that is made`,
    },
    removalCheck(removalPolicy),
    ...timeToLiveChecks(table, expiry),
    ...alarmSettingsChecks(alarms, TTL_TABLE_ALARMS),
  ];
}

/** Amazon DynamoDB Developer Guide, Constraints, Attributes; a value that only the deployment knows passes. */
function attributeName(name: string, text: string | undefined): Check {
  const bytes = Buffer.byteLength(text ?? 'x');
  return {
    refused: !Token.isUnresolved(text) && (bytes < 1 || bytes > 255),
    message: `${name} must have 1 to 255 bytes, got ${bytes}`,
  };
}
