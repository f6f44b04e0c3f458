import { Token } from 'aws-cdk-lib';
import { CompactedTableKind, type CompactionQuestion } from '../../flow/compaction/workload';
import { type Check, shown } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, NUMBER, needed, OBJECT, sound, TEXT } from '../../flow/kinds';
import { BUCKET, KEY, ROLE } from '../kinds';
import { removalCheck } from '../removal-policy';
import { knownNumber } from '../tokens';
import type { DeltaTableProps, IcebergTableProps, S3TableProps } from './table-props';

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
