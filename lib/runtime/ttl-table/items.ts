/** The table with the items: pages of a segment, and dates that are written once. */
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DescribeTableCommand,
  type DynamoDBClient,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Dated, ItemTable, Key, Page, Undated } from './backfill';
import { Throttled, Unanswered } from './pacer';

/** Amazon DynamoDB Developer Guide, Error handling: errors of a call that may be made again, more slowly. */
const THROTTLING = ['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded'];
/** Codes of Node.js for connections that were not made, or broke. */
const CONNECTION_CODES = [
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
];

/** What says which items are read, and what is written. */
export interface ItemSettings {
  readonly tableName: string;
  /** Names of the key attributes, the partition key first. */
  readonly keys: readonly string[];
  /** Attribute with the expiry. */
  readonly attribute: string;
  /** Attribute with the creation time. */
  readonly createdAttribute: string;
  readonly segments: number;
  readonly pageItems: number;
  /** Units that a refused write is taken for: DynamoDB does not say. */
  readonly unitsPerItem: number;
}

/** Names of the key attributes. */
export async function keysOf(client: DynamoDBClient, TableName: string): Promise<string[]> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  const schema = Table?.KeySchema ?? [];
  return [...schema]
    .sort((one, other) => (one.KeyType === other.KeyType ? 0 : one.KeyType === 'HASH' ? -1 : 1))
    .map(({ AttributeName }) => AttributeName as string);
}

/** A table of DynamoDB. */
export class DynamoItems implements ItemTable {
  constructor(
    private readonly client: Pick<DynamoDBClient, 'send'>,
    private readonly settings: ItemSettings,
  ) {}

  public async page(segment: number, from: Key | undefined): Promise<Page> {
    const { tableName, keys, attribute, createdAttribute, segments, pageItems } = this.settings;
    const wanted = [...new Set([...keys, createdAttribute])];
    const answer = await answered(() =>
      this.client.send(
        new ScanCommand({
          TableName: tableName,
          Segment: segment,
          TotalSegments: segments,
          Limit: pageItems,
          ExclusiveStartKey: from,
          FilterExpression: 'attribute_not_exists(#expiry)',
          ProjectionExpression: wanted.map((_, index) => `#w${index}`).join(', '),
          ExpressionAttributeNames: {
            '#expiry': attribute,
            ...Object.fromEntries(wanted.map((name, index) => [`#w${index}`, name])),
          },
          ReturnConsumedCapacity: 'TOTAL',
        }),
      ),
    );
    return {
      items: (answer.Items ?? []).map((item) => ({
        key: Object.fromEntries(keys.map((name) => [name, item[name]])),
        created: item[createdAttribute],
      })),
      next: answer.LastEvaluatedKey,
      units: answer.ConsumedCapacity?.CapacityUnits ?? 0,
    };
  }

  /** The item has to be there, without an expiry, and as old as it was when it was read. */
  public async date({ key, created }: Undated, expiry: number): Promise<Dated> {
    const { tableName, keys, attribute, createdAttribute, unitsPerItem } = this.settings;
    const isKey = keys.includes(createdAttribute);
    const unchanged = created === undefined ? 'attribute_not_exists(#created)' : '#created = :created';
    const values: Record<string, AttributeValue> = { ':expiry': { N: String(expiry) } };
    try {
      const answer = await answered(() =>
        this.client.send(
          new UpdateItemCommand({
            TableName: tableName,
            Key: key,
            UpdateExpression: 'SET #expiry = :expiry',
            ConditionExpression: `attribute_exists(#key) AND attribute_not_exists(#expiry)${isKey ? '' : ` AND ${unchanged}`}`,
            ExpressionAttributeNames: {
              '#key': keys[0],
              '#expiry': attribute,
              ...(isKey ? {} : { '#created': createdAttribute }),
            },
            ExpressionAttributeValues: isKey || created === undefined ? values : { ...values, ':created': created },
            ReturnConsumedCapacity: 'TOTAL',
          }),
        ),
      );
      return { written: true, units: answer.ConsumedCapacity?.CapacityUnits ?? unitsPerItem };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return { written: false, units: unitsPerItem };
      throw error;
    }
  }
}

/** What errors of the SDK and of Node.js tell. */
interface CallError extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/**
 * The answer of a call.
 *
 * @throws Throttled when DynamoDB took the call for one too many
 * @throws Unanswered when the connection broke, the time-out was over, or the server had an error
 */
export async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const { name, code = '', $metadata } = error as CallError;
    if (THROTTLING.includes(name)) throw new Throttled(name);
    const isOfServer = ($metadata?.httpStatusCode ?? 0) >= 500;
    if (isOfServer || name === 'TimeoutError' || CONNECTION_CODES.includes(code))
      throw new Unanswered(name, { cause: error });
    throw error;
  }
}
