/** One DynamoDB table in memory that evaluates the expressions it is sent: conditions of comparisons, SET and REMOVE. */
import { type AttributeValue, ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';

type Item = Record<string, AttributeValue>;

interface Command {
  readonly constructor: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: commands of four kinds
  readonly input: any;
}

/** `items` is what is stored. `failOn` makes the next command of a kind fail; `pause` runs before each command. */
export class DynamoTable {
  public readonly items = new Map<string, Item>();
  public readonly client = new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
  public readonly calls: string[] = [];
  public pause: (kind: string) => Promise<void> = async () => {};
  readonly #failing: string[] = [];
  readonly #losing: string[] = [];

  constructor() {
    // biome-ignore lint/suspicious/noExplicitAny: stands in for every overload
    (this.client as any).send = async (command: Command) => {
      const kind = command.constructor.name.replace(/Command$/, '');
      await this.pause(kind);
      this.calls.push(kind);
      const at = this.#failing.indexOf(kind);
      if (at >= 0) {
        this.#failing.splice(at, 1);
        throw new Error(`${kind} did not come through`);
      }
      const lost = this.#losing.indexOf(kind);
      if (lost >= 0) {
        this.#losing.splice(lost, 1);
        // As the client does: the answer was lost, and it makes the call again.
        try {
          this.#answer(kind, command.input);
        } catch {
          // It is lost too.
        }
      }
      return this.#answer(kind, command.input);
    };
  }

  /** Makes the next commands of that kind fail. */
  public failOn(kind: string, times = 1): void {
    for (let time = 0; time < times; time += 1) this.#failing.push(kind);
  }

  /** Loses the answer to the next command of that kind, which is then made a second time. */
  public loseAnswer(kind: string): void {
    this.#losing.push(kind);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the input of any command
  #answer(kind: string, input: any): unknown {
    const id: string = (input.Key ?? input.Item).id.S;
    const old = this.items.get(id);
    const values: Item = input.ExpressionAttributeValues ?? {};
    if (kind === 'GetItem') return { Item: old };
    if (input.ConditionExpression && !holds(input.ConditionExpression, old ?? {}, values)) {
      throw new ConditionalCheckFailedException({
        message: 'The conditional request failed',
        $metadata: {},
        Item: input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' ? old : undefined,
      });
    }
    if (kind === 'PutItem') this.items.set(id, input.Item);
    else if (kind === 'DeleteItem') this.items.delete(id);
    else if (kind === 'UpdateItem') {
      const item = { ...(old ?? input.Key) };
      update(input.UpdateExpression, item, values);
      this.items.set(id, item);
      return { Attributes: item };
    } else throw new Error(`the table knows no ${kind}`);
    return {};
  }
}

function update(expression: string, item: Item, values: Item): void {
  const [, set, , remove] = /^(?:SET (.*?))?( ?)(?:REMOVE (.*))?$/.exec(expression) as RegExpExecArray;
  for (const part of set?.split(', ') ?? []) {
    const [, name, from, by] = /^(\w+) = (?:(\w+) \+ )?(:\w+)$/.exec(part) as RegExpExecArray;
    if (from === undefined) item[name] = values[by];
    else item[name] = { N: String(Math.round((Number(item[from].N) + Number(values[by].N)) * 1000) / 1000) };
  }
  for (const name of remove?.split(', ') ?? []) delete item[name];
}

/** Terms joined by AND, each a comparison or several of them joined by OR, in brackets or alone. */
function holds(expression: string, item: Item, values: Item): boolean {
  return splitOutside(expression, ' AND ').every((term) =>
    splitOutside(bare(term), ' OR ').some((one) => compare(one, item, values)),
  );
}

function bare(term: string): string {
  return term.startsWith('(') && term.endsWith(')') ? term.slice(1, -1) : term;
}

/** Splits where no bracket is open. */
function splitOutside(text: string, at: string): string[] {
  const parts = [''];
  let open = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '(') open += 1;
    if (text[index] === ')') open -= 1;
    if (open === 0 && text.startsWith(at, index)) {
      parts.push('');
      index += at.length - 1;
    } else parts[parts.length - 1] += text[index];
  }
  return parts;
}

function compare(text: string, item: Item, values: Item): boolean {
  const missing = /^attribute_not_exists\((\w+)\)$/.exec(text);
  if (missing) return item[missing[1]] === undefined;
  const [, name, operator, value] = /^(\w+) (=|<|<=|>|>=) (:\w+)$/.exec(text) as RegExpExecArray;
  if (item[name] === undefined) return false;
  const [left, right] = [item[name], values[value]].map((one) => one.S ?? Number(one.N));
  switch (operator) {
    case '=':
      return left === right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left >= right;
  }
}
