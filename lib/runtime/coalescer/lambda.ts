/** A function that gets the keys and rebuilds what is cached of them. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
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
    try {
      const { FunctionError, Payload } = await this.#client.send(
        new InvokeCommand({ FunctionName: this.functionName, Payload: new TextEncoder().encode(requestText(keys)) }),
      );
      if (FunctionError !== undefined) throw Object.assign(new Error(FunctionError), { name: 'FunctionError' });
      return answered(Payload === undefined ? '' : new TextDecoder().decode(Payload), keys);
    } catch (error) {
      if ((error as { name?: string }).name === 'TooManyRequestsException') return { busy: keys.map(({ key }) => key) };
      throw error;
    }
  }
}
