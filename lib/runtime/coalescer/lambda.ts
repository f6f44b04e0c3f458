/** A function that gets the keys and rebuilds what is cached of them. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { LAMBDA_PAYLOAD } from '../../flow/kinesis';
import type { Invalidator, Outcome } from './flush';
import type { MergedKey } from './merge';
import { answered, requestText } from './request';
import { within } from './time-out';

/** Invokes a Lambda function and waits for its answer. */
export class LambdaInvalidator implements Invalidator {
  readonly #client: Pick<LambdaClient, 'send'>;

  constructor(
    private readonly functionName: string,
    timeoutSeconds: number,
    client?: Pick<LambdaClient, 'send'>,
  ) {
    this.#client = client ?? new LambdaClient({ maxAttempts: 1, requestHandler: within(timeoutSeconds) });
  }

  public async invalidate(keys: readonly MergedKey[]): Promise<Outcome> {
    const Payload = new TextEncoder().encode(requestText(keys));
    const names = keys.map(({ key }) => key);
    // Fewer keys may fit. One that does not fit by itself never will.
    if (Payload.length > LAMBDA_PAYLOAD) return keys.length > 1 ? { busy: names, smaller: true } : { refused: names };
    return this.#invoke(keys, Payload);
  }

  async #invoke(keys: readonly MergedKey[], request: Uint8Array): Promise<Outcome> {
    try {
      const { FunctionError, Payload } = await this.#client.send(
        new InvokeCommand({ FunctionName: this.functionName, Payload: request }),
      );
      if (FunctionError !== undefined) throw Object.assign(new Error(FunctionError), { name: 'FunctionError' });
      // The client gives null for an answer of no bytes, whatever its types say.
      return answered(Payload ? Buffer.from(Payload).toString('utf8') : '', keys);
    } catch (error) {
      if ((error as { name?: string }).name === 'TooManyRequestsException') return { busy: keys.map(({ key }) => key) };
      throw error;
    }
  }
}
