/** The switches of a sender: its buckets and its gate in DynamoDB, configuration sets of Amazon SES, an event source mapping. */
import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type LambdaClient, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { PutConfigurationSetSendingOptionsCommand, type SESv2Client } from '@aws-sdk/client-sesv2';
import { bucketKey, DynamoDayStore } from '../sender/dynamo';
import type { Switches } from './breaker';

/** A provider as the breaker knows it. */
export interface BreakerLane {
  readonly name: string;
  readonly region?: string;
  readonly configurationSet?: string;
  readonly messagesPerDay?: number;
}

/** What a breaker acts on. */
export interface Switched {
  readonly dynamo: DynamoDBClient;
  readonly lambda: Pick<LambdaClient, 'send'>;
  readonly ses: (region: string | undefined) => Pick<SESv2Client, 'send'>;
  readonly table: string;
  /** The event source mapping, by which the gate of this sender is named: senders with one limit share the table. */
  readonly mapping: string;
  readonly lanes: readonly BreakerLane[];
}

/** All that a sender can be stopped by. */
export class SenderSwitches implements Omit<Switches, 'count' | 'now'> {
  readonly #gate: { readonly id: { readonly S: string } };

  constructor(private readonly switched: Switched) {
    this.#gate = { id: { S: `gate#${switched.mapping}` } };
  }

  public async setPaused(reason: string | undefined): Promise<void> {
    const keys = [this.#gate, ...this.switched.lanes.map(({ name }) => bucketKey(name))];
    // Each for itself: one that fails must not keep the others from being closed.
    const results = await Promise.allSettled(
      keys.map((key) =>
        reason === undefined
          ? this.#update(key, 'REMOVE pausedAt, pauseReason, awayUntil')
          : this.#update(key, 'SET pausedAt = :now, pauseReason = :reason', {
              ':now': { N: String(Date.now()) },
              ':reason': { S: reason },
            }),
      ),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  public async setSending(SendingEnabled: boolean): Promise<void> {
    await Promise.all(
      this.switched.lanes.map(async ({ configurationSet: ConfigurationSetName, region }) => {
        if (ConfigurationSetName === undefined) return;
        await this.switched
          .ses(region)
          .send(new PutConfigurationSetSendingOptionsCommand({ ConfigurationSetName, SendingEnabled }));
      }),
    );
  }

  public async setReceiving(Enabled: boolean): Promise<void> {
    await this.switched.lambda.send(new UpdateEventSourceMappingCommand({ UUID: this.switched.mapping, Enabled }));
  }

  public async isPaused(): Promise<boolean> {
    const keys = [this.#gate, ...this.switched.lanes.map(({ name }) => bucketKey(name))];
    const items = await Promise.all(keys.map((key) => this.#read(key)));
    return items.some((item) => item?.pausedAt !== undefined);
  }

  public async isDayClosed(): Promise<boolean> {
    return (await this.#read(this.#gate))?.dayClosed?.BOOL === true;
  }

  public async setDayClosed(closed: boolean): Promise<void> {
    await this.#update(this.#gate, 'SET dayClosed = :closed', { ':closed': { BOOL: closed } });
  }

  public days(): ReturnType<Switches['days']> {
    const { dynamo, table, lanes } = this.switched;
    return Promise.all(
      lanes.map(async ({ name, messagesPerDay = Number.POSITIVE_INFINITY }) => ({
        quarters: (await new DynamoDayStore(dynamo, table, name).read()).quarters,
        messagesPerDay,
      })),
    );
  }

  async #read(Key: { readonly id: { readonly S: string } }) {
    const { dynamo, table: TableName } = this.switched;
    const { Item } = await dynamo.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
    return Item;
  }

  async #update(
    Key: { readonly id: { readonly S: string } },
    UpdateExpression: string,
    ExpressionAttributeValues?: Record<string, { S: string } | { N: string } | { BOOL: boolean }>,
  ): Promise<void> {
    const { dynamo, table: TableName } = this.switched;
    await dynamo.send(new UpdateItemCommand({ TableName, Key, UpdateExpression, ExpressionAttributeValues }));
  }
}
