/** The effects of the torture run on SQS: items of DynamoDB, each committed with the key of its delivery. */
import { type AttributeValue, DescribeTableCommand, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import type { Effect, Effects } from '../effects';

export class Ledger implements Effects {
  private counted = 0;

  /** @param said what the consumers wrote: they count the deliveries that they recognized */
  constructor(
    private readonly dynamo: DynamoDBClient,
    private readonly table: string,
    private readonly said: () => string,
  ) {}

  /** The local AWS counts as it writes; DynamoDB itself does every six hours. While it is away, as many as there were. */
  public async count(): Promise<number> {
    const described = await this.dynamo
      .send(new DescribeTableCommand({ TableName: this.table }))
      .catch(() => undefined);
    this.counted = described?.Table?.ItemCount ?? this.counted;
    return this.counted;
  }

  /** One that was made twice is there twice. In no order: none is promised. */
  public async all(): Promise<readonly Effect[]> {
    const effects: Effect[] = [];
    for await (const { Items = [] } of paginateScan({ client: this.dynamo }, { TableName: this.table }))
      for (const item of Items) effects.push(...Array.from({ length: Number(item.effects.N) }, () => effectOf(item)));
    return effects;
  }

  public async repeated(): Promise<number> {
    return this.said().split('"Duplicate":1').length - 1;
  }
}

function effectOf({ id, key, place, madeAt, version }: Record<string, AttributeValue>): Effect {
  return {
    id: id.S ?? '',
    key: key.S ?? '',
    place: Number(place.N),
    at: Number(madeAt.N),
    version: Number(version.N),
  };
}
