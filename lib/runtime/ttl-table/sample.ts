/** Reads what the report needs of a table. */
import {
  type AttributeValue,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import type { Described } from './report';

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

/** The expiries of a page of a segment; undefined for an item that has none. */
export async function expiriesOf(
  client: Pick<DynamoDBClient, 'send'>,
  TableName: string,
  attribute: string,
  Segment: number,
  TotalSegments: number,
): Promise<(AttributeValue | undefined)[]> {
  const { Items = [] } = await client.send(
    new ScanCommand({
      TableName,
      Segment,
      TotalSegments,
      ProjectionExpression: '#expiry',
      ExpressionAttributeNames: { '#expiry': attribute },
    }),
  );
  return Items.map((item) => item[attribute]);
}
