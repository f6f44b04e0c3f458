/** Reads what the report needs of a table. */
import {
  type AttributeValue,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { answered } from './items';
import { type Pacer, TimeIsUp } from './pacer';
import type { Described, Sample, SampledItem } from './report';
import type { UnitBucket } from './unit-bucket';

/** Size and time to live of a table. */
export async function describe(
  client: Pick<DynamoDBClient, 'send'>,
  TableName: string,
  attribute: string,
): Promise<Described> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  const { TimeToLiveDescription: ttl } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
  const isOn = ttl?.TimeToLiveStatus === 'ENABLED' || ttl?.TimeToLiveStatus === 'ENABLING';
  return {
    items: Table?.ItemCount ?? 0,
    bytes: Table?.TableSizeBytes ?? 0,
    expires: isOn && ttl.AttributeName === attribute,
  };
}

/** What is read, and how fast. */
export interface Sampling {
  readonly tableName: string;
  readonly attribute: string;
  readonly createdAttribute: string;
  /** The segments that are read, of so many. */
  readonly segments: readonly number[];
  readonly allSegments: number;
  /** Items of a call. */
  readonly pageItems: number;
  /** The most read units of the whole sample. */
  readonly readUnits: number;
  readonly bucket: UnitBucket;
  readonly pacer: Pacer;
}

/** Reads segments in turns, a short page of each, so that a sample that is cut off is one of all of them. */
export async function sampleOf(client: Pick<DynamoDBClient, 'send'>, sampling: Sampling): Promise<Sample> {
  const { segments, readUnits, bucket, pacer } = sampling;
  const items: SampledItem[] = [];
  let units = 0;
  let places: readonly Place[] = segments.map((segment) => ({ segment }));
  try {
    while (places.length > 0) {
      const left: Place[] = [];
      for (const place of places) {
        if (units >= readUnits) return { items, isRead: true };
        const page = await pacer.call(bucket, () => answered(() => pageOf(client, sampling, place)));
        bucket.take(page.units);
        units += page.units;
        for (const item of page.items) items.push(item);
        if (page.from !== undefined) left.push({ segment: place.segment, from: page.from });
      }
      // After the round: a segment that is longer than others must not hold them up.
      places = left;
      bucket.recover();
    }
    return { items, isRead: true };
  } catch (error) {
    if (!(error instanceof TimeIsUp)) throw error;
    return { items, isRead: items.length > 0 };
  }
}

/** Where a segment is read next. */
interface Place {
  readonly segment: number;
  readonly from?: Record<string, AttributeValue>;
}

async function pageOf(
  client: Pick<DynamoDBClient, 'send'>,
  { tableName, attribute, createdAttribute, allSegments, pageItems }: Sampling,
  { segment, from }: Place,
) {
  const { Items, LastEvaluatedKey, ConsumedCapacity } = await client.send(
    new ScanCommand({
      TableName: tableName,
      Segment: segment,
      TotalSegments: allSegments,
      Limit: pageItems,
      ExclusiveStartKey: from,
      ProjectionExpression: '#expiry, #created',
      ExpressionAttributeNames: { '#expiry': attribute, '#created': createdAttribute },
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  return {
    items: (Items ?? []).map((item) => ({ expiry: item[attribute], created: item[createdAttribute] })),
    from: LastEvaluatedKey,
    units: ConsumedCapacity?.CapacityUnits ?? 0,
  };
}
