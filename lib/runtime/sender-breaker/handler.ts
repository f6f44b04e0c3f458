/** The breaker of `RateLimitedSender`: the decisions wired to DynamoDB, Amazon SES and AWS Lambda. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { countMetric } from '../metrics';
import { setting } from '../settings';
import { type BreakerEvent, type Done, decide, type Switches } from './breaker';
import { type BreakerLane, SenderSwitches } from './switches';

const requestHandler = { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true };
const batch = Number(setting('BATCH'));
const made = new SenderSwitches({
  dynamo: new DynamoDBClient({ requestHandler }),
  lambda: new LambdaClient({ requestHandler }),
  ses: (region) => new SESv2Client({ requestHandler, ...(region !== undefined && { region }) }),
  table: setting('TABLE'),
  mapping: setting('MAPPING_ID'),
  lanes: JSON.parse(setting('LANES')) as BreakerLane[],
});
const switches: Switches = Object.assign(made, {
  count: (name: string, reason: string) => countMetric(name, {}, { reason }),
  now: Date.now,
});

export async function handler(event: BreakerEvent): Promise<{ done: Done }> {
  return { done: await decide(event, batch, switches) };
}
