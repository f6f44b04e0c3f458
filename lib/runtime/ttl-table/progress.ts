/** Where each segment of a backfill stands: one item a segment, and one for the whole backfill. */
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { PROGRESS_KEY } from '../../flow/retention/table-settings';
import type { Key, Progress, ProgressTable } from './backfill';

type Item = Record<string, AttributeValue>;

/** What says where progress is, and who works. */
export interface ProgressSettings {
  readonly tableName: string;
  /** The table with the items. It is known only here: the progress stays when another one takes its place in the stack. */
  readonly itemTableName: string;
  /** Name of the settings: with other ones it is another backfill. */
  readonly run: string;
  /** Name of this worker. */
  readonly holder: string;
  readonly leaseMillis: number;
}

/** A whole backfill. */
export interface Overview {
  /** The second at which it began; undefined when it did not. */
  readonly startedAt: number | undefined;
  /** The second at which the last segment was done; undefined when one is not. */
  readonly doneAt: number | undefined;
  readonly dated: number;
}

/** Progress in a table of DynamoDB. */
export class DynamoProgress implements ProgressTable {
  constructor(
    private readonly client: Pick<DynamoDBClient, 'send'>,
    private readonly settings: ProgressSettings,
  ) {}

  public async begin(now: number): Promise<number> {
    const { Attributes } = await this.client.send(
      new UpdateItemCommand({
        ...this.#item(this.#backfill()),
        UpdateExpression: 'SET #startedAt = if_not_exists(#startedAt, :now)',
        ExpressionAttributeNames: { '#startedAt': 'startedAt' },
        ExpressionAttributeValues: { ':now': { N: String(Math.floor(now)) } },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return Number(Attributes?.startedAt.N);
  }

  public async acquire(segment: number, nowMillis: number): Promise<Progress | undefined> {
    const { holder, leaseMillis } = this.settings;
    // A read costs a tenth of a write, and most starts come after the end.
    const old = await this.#read(this.#segment(segment));
    if (old.done?.BOOL === true) return undefined;
    try {
      const { Attributes } = await this.client.send(
        new UpdateItemCommand({
          ...this.#item(this.#segment(segment)),
          UpdateExpression: 'SET #holder = :holder, #leasedUntil = :until',
          ConditionExpression: 'attribute_not_exists(#leasedUntil) OR #leasedUntil < :now',
          ExpressionAttributeNames: { '#holder': 'holder', '#leasedUntil': 'leasedUntil' },
          ExpressionAttributeValues: {
            ':holder': { S: holder },
            ':now': { N: String(nowMillis) },
            ':until': { N: String(nowMillis + leaseMillis) },
          },
          ReturnValues: 'ALL_NEW',
        }),
      );
      return progressOf(Attributes ?? {});
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }

  public async save(segment: number, progress: Progress, nowMillis: number): Promise<boolean> {
    const values = {
      ...itemOf(progress),
      leasedUntil: { N: String(progress.done ? 0 : nowMillis + this.settings.leaseMillis) },
      ...(progress.done ? { doneAt: { N: String(Math.floor(nowMillis / 1000)) } } : {}),
    };
    return this.#write(segment, values);
  }

  public async renew(segment: number, nowMillis: number): Promise<boolean> {
    return this.#write(segment, { leasedUntil: { N: String(nowMillis + this.settings.leaseMillis) } });
  }

  public async release(segment: number): Promise<void> {
    await this.#write(segment, { leasedUntil: { N: '0' } });
  }

  /** The whole backfill of so many segments. */
  public async overview(segments: number): Promise<Overview> {
    const { startedAt } = await this.#read(this.#backfill());
    const items = await Promise.all(
      Array.from({ length: segments }, (_, segment) => this.#read(this.#segment(segment))),
    );
    const done = items.every((item) => item.done?.BOOL === true);
    return {
      startedAt: startedAt?.N === undefined ? undefined : Number(startedAt.N),
      doneAt: done ? Math.max(...items.map(({ doneAt }) => Number(doneAt?.N ?? 0))) : undefined,
      dated: items.reduce((sum, { dated }) => sum + Number(dated?.N ?? 0), 0),
    };
  }

  /** Sets attributes while this worker holds the lease; false when another one does. */
  async #write(segment: number, values: Item): Promise<boolean> {
    const names = Object.keys(values);
    try {
      await this.client.send(
        new UpdateItemCommand({
          ...this.#item(this.#segment(segment)),
          UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
          ConditionExpression: '#holder = :holder',
          ExpressionAttributeNames: Object.fromEntries(['holder', ...names].map((name) => [`#${name}`, name])),
          ExpressionAttributeValues: {
            ':holder': { S: this.settings.holder },
            ...Object.fromEntries(names.map((name) => [`:${name}`, values[name]])),
          },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  async #read(id: string): Promise<Item> {
    const { Item } = await this.client.send(new GetItemCommand({ ...this.#item(id), ConsistentRead: true }));
    return Item ?? {};
  }

  #backfill(): string {
    return `${this.settings.itemTableName}/${this.settings.run}`;
  }

  #segment(segment: number): string {
    return `${this.#backfill()}/${segment}`;
  }

  #item(id: string) {
    return { TableName: this.settings.tableName, Key: { [PROGRESS_KEY]: { S: id } } };
  }
}

function itemOf({ place, passes, changed, changedBefore, dated, done }: Progress): Item {
  const number = (value: number) => ({ N: String(value) });
  return {
    place: place === undefined ? { NULL: true } : { M: place },
    passes: number(passes),
    changed: number(changed),
    changedBefore: number(changedBefore),
    dated: number(dated),
    done: { BOOL: done },
  };
}

function progressOf(item: Item): Progress {
  const number = (name: string) => Number(item[name]?.N ?? 0);
  return {
    place: item.place?.M as Key | undefined,
    passes: number('passes'),
    changed: number('changed'),
    changedBefore: number('changedBefore'),
    dated: number('dated'),
    done: item.done?.BOOL === true,
  };
}
