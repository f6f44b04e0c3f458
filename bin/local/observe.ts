/**
 * Watches the queues during the flood, and counts the rest at the end.
 */
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  GetQueueAttributesCommand,
  type QueueAttributeName,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';

/** Messages of one queue, by state. */
export interface QueueDepth {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** One booked delivery. */
export interface LedgerEntry {
  readonly id: string;
  readonly effects: number;
  readonly receivedAtMillis: number;
  readonly bookedAtMillis: number;
}

/** The AWS services behind the reference environment, as an operator sees them. */
export class Observer {
  readonly #sqs: SQSClient;
  readonly #dynamo: DynamoDBClient;
  readonly #logs: CloudWatchLogsClient;
  readonly #secrets: SecretsManagerClient;

  constructor(endpoint: string) {
    const settings = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    this.#sqs = new SQSClient(settings);
    this.#dynamo = new DynamoDBClient(settings);
    this.#logs = new CloudWatchLogsClient(settings);
    this.#secrets = new SecretsManagerClient(settings);
  }

  public async secret(arn: string): Promise<string> {
    const { SecretString } = await this.#secrets.send(new GetSecretValueCommand({ SecretId: arn }));
    if (!SecretString) throw new Error(`secret ${arn} has no value`);
    return SecretString;
  }

  public async depth(queueUrl: string): Promise<QueueDepth> {
    const { Attributes } = await this.#sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: queueUrl,
        AttributeNames: [
          'ApproximateNumberOfMessages',
          'ApproximateNumberOfMessagesNotVisible',
          'ApproximateNumberOfMessagesDelayed',
        ],
      }),
    );
    const count = (name: QueueAttributeName) => Number(Attributes?.[name] ?? 0);
    return {
      visible: count('ApproximateNumberOfMessages'),
      inFlight: count('ApproximateNumberOfMessagesNotVisible'),
      delayed: count('ApproximateNumberOfMessagesDelayed'),
    };
  }

  /** Every entry of the ledger. */
  public async ledger(table: string): Promise<LedgerEntry[]> {
    const entries: LedgerEntry[] = [];
    let from: Record<string, never> | undefined;
    do {
      const page = await this.#dynamo.send(
        new ScanCommand({ TableName: table, ExclusiveStartKey: from, ConsistentRead: true }),
      );
      for (const item of page.Items ?? []) {
        entries.push({
          id: item.deliveryId.S ?? '',
          effects: Number(item.effects.N),
          receivedAtMillis: Number(item.receivedAt.N),
          bookedAtMillis: Number(item.bookedAt.N),
        });
      }
      from = page.LastEvaluatedKey as Record<string, never> | undefined;
    } while (from);
    return entries;
  }

  /** The bodies in quarantine. They stay there: they are only received, and hidden for a while. */
  public async quarantined(queueUrl: string, expected: number): Promise<string[]> {
    const bodies = new Map<string, string>();
    for (let call = 0; call < expected + 10; call++) {
      const { Messages } = await this.#sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: 300,
          WaitTimeSeconds: 0,
        }),
      );
      if (!Messages || Messages.length === 0) break;
      for (const { MessageId, Body } of Messages) bodies.set(MessageId ?? '', Body ?? '');
    }
    return [...bodies.values()];
  }

  /** Values of a field in a function's structured log lines. */
  public async logged(logGroup: string, pattern: string): Promise<Record<string, unknown>[]> {
    const lines: Record<string, unknown>[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.#logs.send(
        new FilterLogEventsCommand({ logGroupName: logGroup, filterPattern: pattern, nextToken, limit: 10_000 }),
      );
      for (const { message } of page.events ?? []) {
        const parsed = jsonIn(message ?? '');
        if (parsed) lines.push(parsed);
      }
      nextToken = page.nextToken;
    } while (nextToken);
    return lines;
  }
}

function jsonIn(line: string): Record<string, unknown> | undefined {
  const start = line.indexOf('{');
  if (start < 0) return undefined;
  try {
    return JSON.parse(line.slice(start)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
