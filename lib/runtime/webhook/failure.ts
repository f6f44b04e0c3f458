/** What a consumer tells of a delivery that failed, on every engine: the log, for a person, and the hook of the user. */
import { DEFAULT_MASKED_FIELDS, Masking } from '../masking';
import { describedError } from './described-error';

/** What is known of a delivery whose signature was verified. */
export interface KnownDelivery {
  readonly source: string;
  readonly claimedTenant: string;
  readonly id: string;
  readonly body: string;
  readonly attempt: number;
}

/** How failures are told. */
export interface FailureOptions<Delivery> {
  /** Called with each failure. It is awaited; what it throws is logged and changes nothing. */
  readonly onError?: (error: unknown, delivery?: Delivery) => unknown;
  /** Names of fields that are masked besides the built-in ones. Default: `MASKED_FIELDS`, separated by commas, or none. */
  readonly maskedFields?: readonly string[];
  /** What every line of the log begins with. Default: nothing. */
  readonly line?: Readonly<Record<string, string>>;
}

/** A failure: what was thrown, of which delivery, and what the message had that the log must not quote. */
export interface Failure<Delivery> {
  readonly thrown: unknown;
  /** The delivery, if its signature was verified. */
  readonly delivery?: Delivery;
  /** The body of the message. */
  readonly body: string;
  /** What names the message in the log. */
  readonly details?: Readonly<Record<string, string>>;
}

/** The business logic threw, or its effect could not be committed. */
export class DeliveryError<Delivery> extends Error {
  public override readonly name = 'DeliveryError';

  constructor(
    public readonly delivery: Delivery,
    public readonly thrown: unknown,
  ) {
    super('the delivery failed');
  }
}

/** A source has a configured name; anything else came from a publisher that is not ours. */
export function loggableSource(source: string): string {
  return /^[a-z0-9-]{1,32}$/.test(source) ? source : 'unknown';
}

/** Makes what tells a failure. */
export function failureTeller<Delivery extends KnownDelivery>(options: FailureOptions<Delivery>) {
  const { onError, line = {} } = options;
  const fields = options.maskedFields ?? (process.env.MASKED_FIELDS ?? '').split(',').filter((name) => name !== '');
  const masking = new Masking([...DEFAULT_MASKED_FIELDS, ...fields]);
  const write = (event: object) => console.error(JSON.stringify({ ...line, ...event }));

  return async ({ thrown, delivery, body, details }: Failure<Delivery>): Promise<void> => {
    const from = delivery && { source: loggableSource(delivery.source), attempt: delivery.attempt };
    const sent = { body, ...(delivery && { id: delivery.id, tenant: delivery.claimedTenant }) };
    write({ message: 'a delivery failed', ...details, ...from, error: describedError(thrown, masking, sent) });
    try {
      await onError?.(thrown, delivery);
    } catch (failed) {
      write({ message: 'onError failed', error: describedError(failed, masking, sent) });
    }
  };
}
