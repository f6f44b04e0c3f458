/** The breaker of `RateLimitedSender`: the decisions wired to DynamoDB, Amazon SES and AWS Lambda. */
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { LambdaClient, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { PutConfigurationSetSendingOptionsCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { countMetric } from '../metrics';
import { bucketKey, DynamoDayStore } from '../sender/dynamo';
import { setting } from '../settings';
import { type BreakerEvent, type Done, decide, type Switches } from './breaker';

/** A provider as the breaker knows it. */
export interface BreakerLane {
  readonly name: string;
  readonly region?: string;
  readonly configurationSet?: string;
  readonly messagesPerDay?: number;
}

const requestHandler = { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true };
const dynamo = new DynamoDBClient({ requestHandler });
const lambda = new LambdaClient({ requestHandler });
const TableName = setting('TABLE');
const mapping = setting('MAPPING_ID');
const batch = Number(setting('BATCH'));
const lanes = JSON.parse(setting('LANES')) as BreakerLane[];
const GATE = { id: { S: 'gate' } };

const switches: Switches = {
  async setPaused(reason) {
    await Promise.all(
      lanes.map(({ name }) =>
        dynamo.send(
          new UpdateItemCommand({
            TableName,
            Key: bucketKey(name),
            ...(reason === undefined
              ? { UpdateExpression: 'REMOVE pausedAt, pauseReason, awayUntil' }
              : {
                  UpdateExpression: 'SET pausedAt = :now, pauseReason = :reason',
                  ExpressionAttributeValues: { ':now': { N: String(Date.now()) }, ':reason': { S: reason } },
                }),
          }),
        ),
      ),
    );
  },
  async setSending(SendingEnabled) {
    await Promise.all(
      lanes.map(async ({ configurationSet, region }) => {
        if (configurationSet === undefined) return;
        const ses = new SESv2Client({ requestHandler, ...(region !== undefined && { region }) });
        await ses.send(
          new PutConfigurationSetSendingOptionsCommand({ ConfigurationSetName: configurationSet, SendingEnabled }),
        );
      }),
    );
  },
  async setReceiving(Enabled) {
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping, Enabled }));
  },
  async isPaused() {
    const items = await Promise.all(lanes.map(({ name }) => read(bucketKey(name))));
    return items.some((item) => item?.pausedAt !== undefined);
  },
  async isDayClosed() {
    return (await read(GATE))?.dayClosed?.BOOL === true;
  },
  async setDayClosed(closed) {
    await dynamo.send(
      new UpdateItemCommand({
        TableName,
        Key: GATE,
        UpdateExpression: 'SET dayClosed = :closed',
        ExpressionAttributeValues: { ':closed': { BOOL: closed } },
      }),
    );
  },
  days: () =>
    Promise.all(
      lanes.map(async ({ name, messagesPerDay = Number.POSITIVE_INFINITY }) => ({
        quarters: (await new DynamoDayStore(dynamo, TableName, name).read()).quarters,
        messagesPerDay,
      })),
    ),
  count: (name, reason) => countMetric(name, {}, { reason }),
  now: Date.now,
};

export async function handler(event: BreakerEvent): Promise<{ done: Done }> {
  return { done: await decide(event, batch, switches) };
}

async function read(Key: { id: { S: string } }) {
  const { Item } = await dynamo.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  return Item;
}
