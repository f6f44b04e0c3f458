/**
 * The business logic of the reference environment "telemetry": keeps the last reading of each device. A reading that comes
 * again, or after a newer one of its device, changes nothing.
 */
import { ConditionalCheckFailedException, DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type StreamRecord, streamConsumer } from '../stream/stream-consumer';

const READINGS_TABLE = process.env.READINGS_TABLE ?? '';

const dynamodb = new DynamoDBClient({});

/** A message that no attempt can read. */
class InvalidReadingError extends Error {
  public override readonly name = 'InvalidReadingError';
}

async function keep({ key, value, sentAtMillis }: StreamRecord): Promise<void> {
  if (key === undefined) throw new InvalidReadingError('a reading has no device');
  const reading = readingIn(value);
  try {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: READINGS_TABLE,
        Key: { device: { S: key } },
        UpdateExpression: 'SET reading = :reading, sentAt = :sent',
        // Records of a device come in their order; those of a batch that comes again are not newer.
        ConditionExpression: 'attribute_not_exists(sentAt) OR sentAt <= :sent',
        ExpressionAttributeValues: {
          ':reading': { S: JSON.stringify(reading) },
          ':sent': { N: String(Math.round(sentAtMillis)) },
        },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

function readingIn(value: string): object {
  const reading: unknown = JSON.parse(value);
  if (typeof reading !== 'object' || reading === null || Array.isArray(reading)) {
    throw new InvalidReadingError('a reading must be an object');
  }
  return reading;
}

export const handler = streamConsumer(keep);
