/** Amazon SES as a provider. */
import { GetConfigurationSetCommand, SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { SENDERS } from '../../flow/rates/senders';
import type { Mail, Outcome, Provider } from './mail';

/** Where and as whom mail is sent. */
export interface SesConfig {
  /** Default: the region of the function. */
  readonly region?: string;
  readonly configurationSet?: string;
  /** The address of the sender, unless a mail has its own. */
  readonly from: string;
  readonly identityArn?: string;
  readonly tenant?: string;
}

/** SES says how long only in words: wait up to ten minutes. A pause or a full day lasts longer, and is asked for again. */
const AWAY_MILLIS = 900_000;
const CHARSET = 'UTF-8';

/** Amazon SES in one region. */
export class SesProvider implements Provider {
  readonly #client: Pick<SESv2Client, 'send'>;

  constructor(
    private readonly config: SesConfig,
    callSeconds: number,
    /** Calls that run at once, by messages/s and the time of a call. */
    private readonly connections = 1,
    client?: Pick<SESv2Client, 'send'>,
  ) {
    this.#client =
      client ??
      new SESv2Client({
        ...(config.region !== undefined && { region: config.region }),
        // The SDK would send a mail again when the answer to the first call was lost. SES has no token against that.
        maxAttempts: 1,
        requestHandler: {
          // A call that waits for a socket leaves after its slot: as many as a function has in flight.
          httpsAgent: { maxSockets: SENDERS.lambda.mostPerInstance },
          httpAgent: { maxSockets: SENDERS.lambda.mostPerInstance },
          connectionTimeout: 1000,
          requestTimeout: callSeconds * 1000,
          throwOnRequestTimeout: true,
        },
      });
  }

  public async prepare(): Promise<void> {
    const { configurationSet: ConfigurationSetName } = this.config;
    if (ConfigurationSetName === undefined) return;
    // At once, so that each opens a connection. One that is refused for its rate has opened it all the same.
    await Promise.allSettled(
      Array.from({ length: this.connections }, () =>
        this.#client.send(new GetConfigurationSetCommand({ ConfigurationSetName })),
      ),
    );
  }

  public async send(mail: Mail): Promise<Outcome> {
    const { configurationSet, from, identityArn, tenant } = this.config;
    const text = (data: string | undefined) => (data === undefined ? undefined : { Data: data, Charset: CHARSET });
    try {
      const { MessageId } = await this.#client.send(
        new SendEmailCommand({
          FromEmailAddress: mail.from ?? from,
          FromEmailAddressIdentityArn: identityArn,
          Destination: { ToAddresses: [...mail.to] },
          Content:
            mail.template === undefined
              ? { Simple: { Subject: text(mail.subject), Body: { Text: text(mail.text), Html: text(mail.html) } } }
              : { Template: { TemplateName: mail.template, TemplateData: JSON.stringify(mail.data ?? {}) } },
          ConfigurationSetName: configurationSet,
          TenantName: tenant,
        }),
      );
      return { kind: 'sent', messageId: MessageId ?? 'unknown' };
    } catch (error) {
      return outcomeOf(error);
    }
  }
}

/** Names of errors of the SES API v2, SendEmail. */
const THROTTLES = /^(TooManyRequests|Throttling|LimitExceeded)/;
const PAUSES = /^(SendingPaused|AccountSuspended)/;
const REFUSALS = /^(MessageRejected|BadRequest|Validation)/;
/** A refusal of the sender, not of the mail: "Email address is not verified. The following identities failed the check …". */
const SENDER_REFUSED = /not verified|sandbox/i;
/** Nothing was sent: no connection, or none of the operating system's. */
const UNCONNECTED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** What an error means. An error that is not known to mean that nothing was sent is `unknown`. */
export function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof Error)) return { kind: 'unknown', reason: 'no error' };
  const { name, message } = error;
  const { code, $metadata } = error as { code?: string; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (THROTTLES.test(name) || status === 429) {
    // "Daily message quota exceeded" and "Maximum sending rate exceeded" are of one kind to SES.
    return /daily/i.test(message) ? { kind: 'away', millis: AWAY_MILLIS } : { kind: 'throttled' };
  }
  if (PAUSES.test(name) || SENDER_REFUSED.test(message)) return { kind: 'away', millis: AWAY_MILLIS };
  if (REFUSALS.test(name)) return { kind: 'refused', reason: name };
  // Permissions or a missing template: a person repairs it.
  if (status === 503 || (status !== undefined && status >= 400 && status < 500))
    return { kind: 'not-sent', reason: name };
  if (code !== undefined && UNCONNECTED.includes(code)) return { kind: 'not-sent', reason: code };
  return { kind: 'unknown', reason: code ?? name };
}
