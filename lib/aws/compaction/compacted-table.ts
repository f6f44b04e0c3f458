import { type RemovalPolicy, Token } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { CfnTable } from 'aws-cdk-lib/aws-s3tables';
import { CompactedTableKind, type CompactionQuestion, type CompactionWriter } from '../../flow/compaction/workload';
import { type Check, shown } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, NUMBER, needed, OBJECT, sound, TEXT } from '../../flow/kinds';
import { BUCKET, KEY, ROLE } from '../kinds';
import { removalCheck } from '../removal-policy';
import { knownNumber } from '../tokens';

/**
 * An Iceberg table in the Glue Data Catalog, in a bucket of yours.
 */
export interface IcebergTableProps {
  /**
   * Database in the Glue Data Catalog. 1 to 255 characters.
   */
  readonly database: string;

  /**
   * Name of the table. 1 to 255 characters. It must be there before the optimizers are made.
   */
  readonly tableName: string;

  /**
   * The bucket with its files. The role gets its key as well.
   */
  readonly bucket: IBucket;

  /**
   * Where in the bucket the files are, such as `lake/events`. Letters, digits, `!`, `-`, `_`, `.`, `'`, `(`, `)`, `=` and
   * `/`.
   */
  readonly prefix: string;

  /**
   * The role of the optimizers; it gets what it lacks.
   *
   * @default - a separate one
   */
  readonly role?: IRole;

  /**
   * Whether the table is registered with Lake Formation. The role then also needs permissions there, which CloudFormation
   * of this stack does not give.
   *
   * @default false
   */
  readonly lakeFormation?: boolean;

  /**
   * Deletes in a data file from which it is rewritten. A whole number, 1 to 1,000,000.
   *
   * @default - that of AWS Glue, 1
   */
  readonly deleteFileThreshold?: number;
}

/**
 * A table of Amazon S3 Tables: one of this app, or what it is made of.
 */
export interface S3TableProps {
  /**
   * The table, where this app makes it already. Its maintenance is set here; leave it out there. Nothing else of these
   * props may be given then.
   *
   * @default - it is made
   */
  readonly table?: CfnTable;

  /**
   * Namespace of the table: lower-case letters, digits and underscores. It is made together with the table bucket, and has
   * to be in one that is given.
   *
   * @default - needed, unless `table` is given
   */
  readonly namespace?: string;

  /**
   * Name of the table: lower-case letters, digits and underscores.
   *
   * @default - needed, unless `table` is given
   */
  readonly tableName?: string;

  /**
   * Schema, partitions and properties of the table.
   *
   * @default - the first writer gives them
   */
  readonly icebergMetadata?: CfnTable.IcebergMetadataProperty;

  /**
   * ARN of a table bucket. Whether it deletes files without a snapshot is its own setting; a warning says what to set.
   *
   * @default - a table bucket is made
   */
  readonly tableBucketArn?: string;

  /**
   * The key of the table bucket that is made. Amazon S3 gets the permission to compact with it.
   *
   * @default - keys of Amazon S3
   */
  readonly encryptionKey?: IKey;

  /**
   * What happens to table, namespace and table bucket when they leave the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A Delta table in a bucket of yours, compacted by a job of AWS Glue.
 */
export interface DeltaTableProps {
  /**
   * The bucket of the table. The role gets its key as well.
   */
  readonly bucket: IBucket;

  /**
   * Where in the bucket the table is, such as `lake/events`. Letters, digits, `!`, `-`, `_`, `.`, `'`, `(`, `)`, `=` and
   * `/`.
   */
  readonly prefix: string;

  /**
   * What writes the table meanwhile. On Amazon S3 a driver of Spark that writes at the same time loses commits, and is
   * refused: compact inside that job.
   *
   * @default CompactionWriter.BATCH: jobs that never run at the same time as the compaction
   */
  readonly writer?: CompactionWriter;

  /**
   * Whether a schedule starts the job. With `false` start `job` from the state machine that runs the writers, as often as
   * the plan says.
   *
   * @default true
   */
  readonly createSchedule?: boolean;

  /**
   * The role of the job; it gets what it lacks.
   *
   * @default - a separate one
   */
  readonly role?: IRole;

  /**
   * Version of AWS Glue: 5.0 or later.
   *
   * @default '5.1', with Spark 3.5.6 and Delta Lake 3.3.2
   */
  readonly glueVersion?: string;

  /**
   * Name of a security configuration of AWS Glue, by which logs are encrypted.
   *
   * @default - none
   */
  readonly securityConfiguration?: string;

  /**
   * The key of the queue with undelivered starts.
   *
   * @default - keys of Amazon SQS
   */
  readonly encryptionKey?: IKey;

  /**
   * What happens to that queue when it leaves the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * What is compacted, and by what.
 */
export class CompactedTable {
  /**
   * An Iceberg table in the Glue Data Catalog, by the three optimizers of AWS Glue.
   */
  public static iceberg(props: IcebergTableProps): CompactedTable {
    const { props: iceberg, checks } = sound(props, ICEBERG_KINDS, 'table');
    return new CompactedTable({ iceberg }, { table: CompactedTableKind.ICEBERG }, [
      ...checks,
      catalogName('table.database', iceberg.database),
      catalogName('table.tableName', iceberg.tableName),
      prefixCheck(iceberg.prefix),
      knownNumber('table.deleteFileThreshold', iceberg.deleteFileThreshold, 1, 1e6),
    ]);
  }

  /**
   * A table of Amazon S3 Tables, which compacts by itself.
   */
  public static s3Table(props: S3TableProps): CompactedTable {
    const { props: s3Table, checks } = sound(props, S3_TABLE_KINDS, 'table');
    return new CompactedTable({ s3Table }, { table: CompactedTableKind.S3_TABLE }, [
      ...checks,
      ...s3TableChecks(s3Table),
    ]);
  }

  /**
   * A Delta table, by a scheduled job of AWS Glue with one run at a time.
   */
  public static delta(props: DeltaTableProps): CompactedTable {
    const { props: delta, checks } = sound(props, DELTA_KINDS, 'table');
    return new CompactedTable({ delta }, { table: CompactedTableKind.DELTA_SPARK, writer: delta.writer }, [
      ...checks,
      prefixCheck(delta.prefix),
      textIs('table.glueVersion', delta.glueVersion, /^([5-9]|\d\d)\.\d$/, "a version from 5.0 on, such as '5.1'"),
      removalCheck(delta.removalPolicy),
    ]);
  }

  private constructor(
    private readonly place: TablePlace,
    private readonly kind: Pick<CompactionQuestion, 'table' | 'writer'>,
    private readonly checks: readonly Check[],
  ) {}

  /**
   * What is compacted; one of the three.
   *
   * @internal
   */
  public _place(): TablePlace {
    return this.place;
  }

  /**
   * What the plan is asked about it.
   *
   * @internal
   */
  public _kind(): Pick<CompactionQuestion, 'table' | 'writer'> {
    return this.kind;
  }

  /**
   * What is wrong with its props.
   *
   * @internal
   */
  public _checks(): readonly Check[] {
    return this.checks;
  }
}

/** One of the three kinds of tables. */
interface TablePlace {
  readonly iceberg?: IcebergTableProps;
  readonly s3Table?: S3TableProps;
  readonly delta?: DeltaTableProps;
}

const ICEBERG_KINDS: Kinds<IcebergTableProps> = {
  database: needed(TEXT),
  tableName: needed(TEXT),
  bucket: needed(BUCKET),
  prefix: needed(TEXT),
  role: ROLE,
  lakeFormation: FLAG,
  deleteFileThreshold: NUMBER,
};
const S3_TABLE_KINDS: Kinds<S3TableProps> = {
  table: having(['attrTableArn', 'tableBucketArn'], 'a table of S3 Tables: a CfnTable'),
  namespace: TEXT,
  tableName: TEXT,
  icebergMetadata: OBJECT,
  tableBucketArn: TEXT,
  encryptionKey: KEY,
  removalPolicy: CHECKED,
};
const DELTA_KINDS: Kinds<DeltaTableProps> = {
  bucket: needed(BUCKET),
  prefix: needed(TEXT),
  writer: CHECKED,
  createSchedule: FLAG,
  role: ROLE,
  glueVersion: TEXT,
  securityConfiguration: TEXT,
  encryptionKey: KEY,
  removalPolicy: CHECKED,
};

function textIs(name: string, value: string | undefined, form: RegExp, give: string): Check {
  return {
    refused: value !== undefined && !Token.isUnresolved(value) && !form.test(value),
    message: `${name} must be ${give}, got ${shown(value)}`,
  };
}

/** AWS Glue API Reference, Single-line string pattern. */
function catalogName(name: string, value: string | undefined): Check {
  return textIs(name, value, /^[^\p{C}]{1,255}$/u, '1 to 255 characters in one line');
}

/** Amazon S3 User Guide, Object key naming guidelines, Safe characters; part of an ARN, in which a star is any text. */
function prefixCheck(value: string | undefined): Check {
  return textIs(
    'table.prefix',
    value,
    /^[\w!.'()=-]+(\/[\w!.'()=-]+)*$/,
    "folders of a bucket without a '/' at either end, such as lake/events",
  );
}

function s3TableChecks(props: S3TableProps): Check[] {
  const { table, namespace, tableName, tableBucketArn, encryptionKey, removalPolicy } = props;
  const others = Object.entries({ ...props, table: undefined }).filter(([, value]) => value !== undefined);
  const maintained = table !== undefined && (table.compaction !== undefined || table.snapshotManagement !== undefined);
  const needs = (name: string, value: string | undefined): Check => ({
    refused: table === undefined && value === undefined,
    message: `${name} is missing`,
  });
  return [
    needs('table.namespace', namespace),
    needs('table.tableName', tableName),
    textIs('table.namespace', namespace, NAME, NAME_FORM),
    textIs('table.tableName', tableName, NAME, NAME_FORM),
    {
      refused: table !== undefined && others.length > 0,
      message: `table.table is made already: leave out ${others.map(([name]) => name).join(', ')}`,
    },
    {
      refused: maintained,
      message: 'table.table must leave compaction and snapshotManagement to the plan: they are set here',
    },
    {
      refused: tableBucketArn !== undefined && encryptionKey !== undefined,
      message: 'table.encryptionKey is that of a table bucket made here; leave it out where tableBucketArn is given',
    },
    removalCheck(removalPolicy),
  ];
}

/** Amazon S3 API Reference, CreateTable and CreateNamespace. */
const NAME = /^[0-9a-z][0-9a-z_]{0,254}$/;
const NAME_FORM = '1 to 255 lower-case letters, digits and underscores';
