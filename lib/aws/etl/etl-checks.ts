/** The question of a streaming ETL, and what is wrong with its props. */
import { existsSync } from 'node:fs';
import { Token } from 'aws-cdk-lib';
import { type Check, shown } from '../../flow/errors';
import { COLUMN, QUERY_NAME } from '../../flow/etl/settings';
import type { EtlQuestion } from '../../flow/etl/workload';
import { CHECKED, having, type Kinds, listOf, needed, OBJECT, sound, TEXT } from '../../flow/kinds';
import { ALARM_SETTINGS } from '../alarm-settings';
import { BUCKET, DURATION, KEY, SECURITY_GROUP, TOPIC, VPC } from '../kinds';
import { removalCheck } from '../removal-policy';
import type { StreamAggregateOptions, StreamLandingOptions } from './stream-sink';
import type { StreamingEtlProps } from './streaming-etl-props';

const LANDING_KINDS: Kinds<StreamLandingOptions> = {
  schema: TEXT,
  schemaArn: TEXT,
  timeColumn: needed(TEXT),
  tableNamespace: needed(TEXT),
  tableName: needed(TEXT),
  tableBucketArn: TEXT,
  deadLetterBucket: BUCKET,
};
const AGGREGATE_KINDS: Kinds<StreamAggregateOptions> = {
  vpc: needed(VPC),
  vpcSubnets: OBJECT,
  clusterSecurityGroup: needed(SECURITY_GROUP),
  schema: needed(TEXT),
  eventTime: needed(TEXT),
  keys: needed(listOf(TEXT)),
  sums: listOf(TEXT),
  transform: TEXT,
  script: TEXT,
  jarBucket: needed(BUCKET),
  jarKeys: needed(listOf(TEXT)),
  tableBucket: BUCKET,
  checkpointBucket: BUCKET,
  prefix: TEXT,
  releaseLabel: TEXT,
  outputMode: CHECKED,
  executors: CHECKED,
  executorCores: CHECKED,
  trigger: DURATION,
  maxOffsetsPerTrigger: CHECKED,
  restart: DURATION,
};

/** A source and a sink, known by their members. */
const SOURCE = having(['_checks'], 'an EtlSource: EtlSource.mskTopic() or EtlSource.kinesisStream()');
const SINK = having(['_landing'], 'a StreamSink: StreamSink.aggregate() or StreamSink.landing()');

/** What each prop has to be. */
export const ETL_KINDS: Kinds<StreamingEtlProps> = {
  workload: CHECKED,
  objective: CHECKED,
  queryName: needed(TEXT),
  source: needed(SOURCE),
  sink: needed(SINK),
  encryptionKey: KEY,
  serverAccessLogsBucket: BUCKET,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  removalPolicy: CHECKED,
};

/** Amazon S3 Tables user guide, naming rules; AWS::Kinesis::Channel has the same pattern. */
const TABLE_NAME = /^[0-9a-z_]{1,255}$/;
const SCHEMA_ARN = /^arn:[\w-]+:glue:[\w-]+:\d{12}:schema\/[\w$#.-]+\/[\w$#.-]+$/;
const TABLE_BUCKET_ARN = /^arn:[\w-]+:s3tables:[\w-]+:\d{12}:bucket\/[a-z0-9_-]{3,63}$/;
const RELEASE = /^emr-(\d+)\.(\d+)\.\d+$/;
/** The first release whose runs can be cancelled with time for the batch. */
const FIRST_RELEASE = [7, 9];
const MOST_SCHEMA_CHARACTERS = 1500;

/** The question that the plan answers. */
export function questionOf({ workload, objective, source, sink }: StreamingEtlProps): EtlQuestion {
  const spark = sink?._aggregate;
  if (spark === undefined) return { workload, objective, sink: 'landing', source: source?._name };
  const seconds = (one: StreamAggregateOptions['trigger']) =>
    one === undefined || typeof one.toSeconds !== 'function' ? undefined : one.toSeconds({ integral: false });
  return {
    workload,
    objective,
    platform: 'emr-serverless',
    outputMode: spark.outputMode as EtlQuestion['outputMode'],
    executors: spark.executors,
    executorCores: spark.executorCores,
    triggerSeconds: seconds(spark.trigger),
    maxOffsetsPerTrigger: spark.maxOffsetsPerTrigger,
    restartSeconds: seconds(spark.restart),
  };
}

/** Everything that is wrong with the props beside the numbers. */
export function inputChecks({ queryName, source, sink, removalPolicy }: StreamingEtlProps): Check[] {
  return [
    textCheck('queryName', queryName, QUERY_NAME, '1 to 50 lower-case letters, digits and hyphens'),
    removalCheck(removalPolicy),
    ...(source?._checks ?? []),
    ...(sink?._landing === undefined ? [] : landingChecks(sink._landing)),
    ...(sink?._aggregate === undefined ? [] : aggregateChecks(sink._aggregate)),
    {
      refused: sink?._aggregate !== undefined && source !== undefined && source._topic === undefined,
      message:
        'source: the Spark job reads Kafka; give EtlSource.mskTopic(), or StreamSink.landing() for a stream of Kinesis',
    },
  ];
}

function landingChecks(landing: StreamLandingOptions): Check[] {
  const { props, checks } = sound(landing, LANDING_KINDS, 'sink.');
  const { schema, schemaArn, timeColumn, tableNamespace, tableName, tableBucketArn } = props;
  return [
    ...checks,
    {
      refused: (schema === undefined) === (schemaArn === undefined),
      message: 'sink.schema or sink.schemaArn must be given, one of them',
    },
    ...(schema === undefined || timeColumn === undefined ? [] : [schemaCheck(schema, timeColumn)]),
    textCheck('sink.schemaArn', schemaArn, SCHEMA_ARN, 'the ARN of a schema in the AWS Glue Schema Registry'),
    textCheck('sink.tableNamespace', tableNamespace, TABLE_NAME, '1 to 255 lower-case letters, digits and underscores'),
    textCheck('sink.tableName', tableName, TABLE_NAME, '1 to 255 lower-case letters, digits and underscores'),
    textCheck('sink.tableBucketArn', tableBucketArn, TABLE_BUCKET_ARN, 'the ARN of a table bucket of Amazon S3 Tables'),
  ];
}

/** Amazon MSK developer guide, Data delivery: the column of the partitions needs the format date-time. */
function schemaCheck(schema: string, timeColumn: string): Check {
  const format = formatOf(schema, timeColumn);
  return {
    refused: format !== 'date-time',
    message: `sink.schema must be a JSON schema whose property '${timeColumn}' has the format date-time, got ${shown(format)}`,
  };
}

function formatOf(schema: string, column: string): unknown {
  try {
    return JSON.parse(schema)?.properties?.[column]?.format;
  } catch {
    return schema;
  }
}

function aggregateChecks(aggregate: StreamAggregateOptions): Check[] {
  const { props, checks } = sound(aggregate, AGGREGATE_KINDS, 'sink.');
  const { schema, eventTime, keys, sums = [], jarKeys, prefix, releaseLabel, transform, script } = props;
  const [, major, minor] = (RELEASE.exec(releaseLabel ?? '') ?? []).map(Number);
  return [
    ...checks,
    textCheck(
      'sink.schema',
      schema,
      new RegExp(`^\\P{C}{1,${MOST_SCHEMA_CHARACTERS}}$`, 'u'),
      `columns of SQL in one line of at most ${MOST_SCHEMA_CHARACTERS} printable characters`,
    ),
    ...[['sink.eventTime', eventTime], ...listed('sink.keys', keys), ...listed('sink.sums', sums)].map(([name, text]) =>
      textCheck(name as string, text, COLUMN, "a column: letters, digits and '_'"),
    ),
    { refused: keys?.length === 0, message: 'sink.keys must be at least one column, got none' },
    { refused: jarKeys?.length === 0, message: 'sink.jarKeys must be at least one jar, got none' },
    ...listed('sink.jarKeys', jarKeys).map(([name, text]) =>
      textCheck(name, text, /^[\w!.*'()/-]+\.jar$/, 'the key of a jar, without spaces and commas'),
    ),
    textCheck('sink.prefix', prefix, /^[\w-][\w./-]*[\w-]$|^[\w-]$/, "letters, digits, '-', '_', '.' and '/'"),
    {
      refused: releaseLabel !== undefined && !Token.isUnresolved(releaseLabel) && !isLateEnough(major, minor),
      message: `sink.releaseLabel must be emr-${FIRST_RELEASE.join('.')}.0 or a later one of emr-7, got ${shown(releaseLabel)}`,
    },
    ...[transform, script].flatMap((path, index) =>
      path === undefined || existsSync(path)
        ? []
        : [{ refused: true, message: `sink.${['transform', 'script'][index]}: there is no file ${shown(path)}` }],
    ),
  ];
}

/** Spark 4, which comes with the next major release, has other jars. */
function isLateEnough(major: number | undefined, minor: number | undefined): boolean {
  return major === FIRST_RELEASE[0] && minor !== undefined && minor >= FIRST_RELEASE[1];
}

function listed(name: string, texts: readonly string[] = []): [string, string][] {
  return texts.map((text) => [name, text]);
}

/** A token passes: only the deployment knows it. */
function textCheck(name: string, value: string | undefined, pattern: RegExp, form: string): Check {
  return {
    refused: value !== undefined && !Token.isUnresolved(value) && !pattern.test(value),
    message: `${name} must be ${form}, got ${shown(value)}`,
  };
}
