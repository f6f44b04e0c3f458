/**
 * A DynamoDB table in memory, as far as the idempotency layer uses one: conditional put, transaction, conditional delete.
 */
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';

type Item = Record<string, { S?: string; N?: string }>;

interface Command {
  readonly constructor: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: commands of four kinds
  readonly input: any;
}

/** The table; `items` is what is stored. `failOn` makes a kind of call fail once, `dieOn` makes it and all after it fail. */
export class FakeDynamo {
  public readonly items = new Map<string, Item>();
  public readonly client: DynamoDBClient;
  public readonly calls: string[] = [];
  #failOn: string | undefined;
  #dieOn: string | undefined;
  #dead = false;
  #thrown: Error | undefined;

  constructor() {
    this.client = new DynamoDBClient({ region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
    // biome-ignore lint/suspicious/noExplicitAny: stands in for every overload
    (this.client as any).send = async (command: Command) => this.#send(command);
  }

  /** Makes the next command of that kind fail. */
  public failOn(kind: string): void {
    this.#failOn = kind;
  }

  /** From the next command of that kind on nothing comes through, as when the process has died. */
  public dieOn(kind: string): void {
    this.#dieOn = kind;
  }

  /** Every command is rejected with this, until `revive`. */
  public rejectAll(error: Error): void {
    this.#dead = true;
    this.#thrown = error;
  }

  /** A new process. */
  public revive(): void {
    this.#dead = false;
    this.#dieOn = undefined;
    this.#thrown = undefined;
  }

  #send(command: Command): unknown {
    const kind = command.constructor.name;
    this.calls.push(kind);
    if (this.#dieOn === kind) this.#dead = true;
    if (this.#dead || this.#failOn === kind) {
      this.#failOn = undefined;
      throw this.#thrown ?? new Error(`${kind} did not come through`);
    }
    const { input } = command;
    switch (kind) {
      case 'PutItemCommand':
        return this.#put(input);
      case 'GetItemCommand':
        return { Item: this.items.get(input.Key.id.S) };
      case 'DeleteItemCommand':
        if (!this.#isMine(input.Key.id.S, input.ExpressionAttributeValues)) throw refused();
        this.items.delete(input.Key.id.S);
        return {};
      case 'UpdateItemCommand':
        return this.#count(input);
      case 'TransactWriteItemsCommand':
        return this.#transact(input.TransactItems);
      default:
        throw new Error(`the fake knows no ${kind}`);
    }
  }

  #put(input: { Item: Item; ExpressionAttributeValues: Item }): unknown {
    const id = input.Item.id.S as string;
    const old = this.items.get(id);
    const now = Number(input.ExpressionAttributeValues[':now_in_millis'].N);
    const expired = old && Number(old.expiration.N) < now / 1000;
    const abandoned = old?.status.S === 'INPROGRESS' && Number(old.in_progress_expiration?.N) < now;
    if (old && !expired && !abandoned) throw refused(old);
    this.items.set(id, input.Item);
    return {};
  }

  // biome-ignore lint/suspicious/noExplicitAny: a counter with an upper bound
  #count({ Key, ExpressionAttributeValues: values }: any): unknown {
    const parked = Number(this.items.get(Key.id.S)?.parked?.N ?? 0);
    if (parked > Number(values[':room'].N)) throw refused();
    this.items.set(Key.id.S, {
      parked: { N: String(parked + Number(values[':block'].N)) },
      expiration: values[':expiry'],
    });
    return {};
  }

  // biome-ignore lint/suspicious/noExplicitAny: the items of a transaction
  #transact(transaction: any[]): unknown {
    const [complete, ...effects] = transaction.filter((one) => one.Update).map((one) => one.Update);
    const puts = transaction.filter((one) => one.Put).map((one) => one.Put);
    const canceled = new TransactionCanceledException({ message: 'ConditionalCheckFailed', $metadata: {} });
    if (!this.#isMine(complete.Key.id.S, complete.ExpressionAttributeValues)) throw canceled;
    for (const { Item, ExpressionAttributeValues } of puts) {
      const old = this.items.get(Item.id.S);
      const expired = old && Number(old.expiration.N) < Number(ExpressionAttributeValues[':now'].N);
      const abandoned =
        old?.status.S === 'INPROGRESS' &&
        Number(old.in_progress_expiration?.N) < Number(ExpressionAttributeValues[':millis'].N);
      if (old && !expired && !abandoned) throw canceled;
    }
    for (const { Item } of puts) this.items.set(Item.id.S, Item);
    const record = this.items.get(complete.Key.id.S) as Item;
    record.status = complete.ExpressionAttributeValues[':completed'];
    record.expiration = complete.ExpressionAttributeValues[':expiry'];
    for (const effect of effects) {
      const key = `effect:${effect.Key.id.S}`;
      const before = Number(this.items.get(key)?.effects?.N ?? 0);
      this.items.set(key, { effects: { N: String(before + 1) } });
    }
    return {};
  }

  #isMine(id: string, values: Item): boolean {
    const old = this.items.get(id);
    return old?.status.S === 'INPROGRESS' && old.in_progress_expiration?.N === values[':lock'].N;
  }
}

function refused(item?: Item): ConditionalCheckFailedException {
  return new ConditionalCheckFailedException({
    message: 'The conditional request failed',
    $metadata: {},
    Item: item as never,
  });
}
