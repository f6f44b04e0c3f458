/** The handler that is shipped with the library: what it is told, and what it may read. */
import * as secretmanager from '@pulumi/gcp/secretmanager';
import type * as pulumi from '@pulumi/pulumi';
import { type Check, oneOf, shown, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, type Kind, needed, struct, TEXT } from '../../flow/kinds';
import { bucketSettings } from '../../flow/rates/question';
import { type RatesPlan, type RatesWorkload, UnknownMail } from '../../flow/rates/workload';
import { REDIS_PORT } from '../../flow/redis';
import type { ContainerLane } from '../../runtime/sender-container/lane';
import { INPUT } from '../kinds';
import type { RunNetwork, SecretVariable } from '../run-service';

/** A Redis server that the instances of the handler share, such as Memorystore for Redis. */
export interface HandlerRedis {
  /** Its host. */
  readonly host: pulumi.Input<string>;
  /** Its port. 1 to 65,535. Default: 6379. */
  readonly port?: number;
  /** Whether it is connected to by TLS. Default: true. */
  readonly tls?: boolean;
  /** Secret of Secret Manager with its password (AUTH string). Default: it asks for none. */
  readonly passwordSecret?: pulumi.Input<string>;
  /** Certificate of the authority that signed its certificate, as PEM. Default: those that Node.js knows. */
  readonly certificateAuthority?: pulumi.Input<string>;
}

/** A server that speaks SMTP. */
export interface HandlerSmtp {
  /** Secret of Secret Manager with its address, `smtps://user:password@smtp.example.net:465`, or `smtp://` with STARTTLS. */
  readonly connectionSecret: pulumi.Input<string>;
  /** Whether a connection by `smtp://` has to be encrypted before a mail or a password is sent. Default: true. */
  readonly requireTls?: boolean;
}

/** A provider with an HTTP API that takes a mail as JSON, with its id as `Idempotency-Key`. */
export interface HandlerHttp {
  /** Where mails are posted. */
  readonly url: pulumi.Input<string>;
  /** Secret of Secret Manager with the value of the header that authorizes, such as `Bearer 4711`. */
  readonly keySecret: pulumi.Input<string>;
  /** Name of that header. Default: `authorization`. */
  readonly header?: string;
}

/** Settings of the handler that is shipped. */
export interface SenderHandlerArgs {
  /** Address that mails are sent from, unless a mail names another. */
  readonly from: string;
  /** Where the bucket of all instances and the records of mails are. */
  readonly redis: HandlerRedis;
  /** The provider, by SMTP. Give this or `http`. */
  readonly smtp?: HandlerSmtp;
  /** The provider, by HTTP. Give this or `smtp`. */
  readonly http?: HandlerHttp;
  /** What becomes of a mail that was perhaps sent. Default: `UnknownMail.PARK`. */
  readonly onUnknown?: UnknownMail;
  /** The network of Redis, which the service is attached to. */
  readonly network: RunNetwork;
}

/** What each setting has to be. */
export const HANDLER_KIND: Kind = struct<SenderHandlerArgs>({
  from: needed(TEXT),
  redis: needed(
    struct<HandlerRedis>({
      host: needed(INPUT),
      port: CHECKED,
      tls: FLAG,
      passwordSecret: INPUT,
      certificateAuthority: INPUT,
    }),
  ),
  smtp: struct<HandlerSmtp>({ connectionSecret: needed(INPUT), requireTls: FLAG }),
  http: struct<HandlerHttp>({ url: needed(INPUT), keySecret: needed(INPUT), header: TEXT }),
  onUnknown: TEXT,
  network: needed(struct<RunNetwork>({ network: needed(INPUT), subnetwork: needed(INPUT) })),
});

/** The one provider, as its lane is called. */
const LANE = 'first';

/** Variables that are set here. */
export const HANDLER_SETS: readonly string[] = [
  ...['REDIS_HOST', 'REDIS_PORT', 'REDIS_TLS', 'REDIS_CA', 'REDIS_PASSWORD', 'PROVIDER_URL', 'PROVIDER_KEY'],
  ...['QUEUE', 'LANES', 'MOST_RECIPIENTS', 'ON_UNKNOWN', 'IN_FLIGHT', 'REQUEST_TIMEOUT_SECONDS', 'PARK_AT_ATTEMPT'],
  ...['RECORD_SECONDS', 'BACKOFF_SECONDS', 'BACKOFF_CAP_SECONDS', 'CLOSED_SECONDS', 'HOLD_SECONDS'],
];

/** What is wrong with the settings. */
export function handlerChecks(handler: SenderHandlerArgs | undefined): Check[] {
  if (handler === undefined) return [];
  const { smtp, http, redis, from, onUnknown } = handler;
  return [
    {
      refused: (smtp === undefined) === (http === undefined),
      message: `handler must have smtp or http, one of them, got ${smtp === undefined ? 'neither' : 'both'}`,
    },
    {
      refused: typeof from === 'string' && !/^[^\s@]+@[^\s@]+$/.test(from),
      message: `handler.from must be an address such as shop@example.com, got ${shown(from)}`,
    },
    wholeNumber('handler.redis.port', redis?.port, 1, 65_535),
    oneOf('handler.onUnknown', onUnknown, Object.values(UnknownMail)),
    {
      refused: http?.header !== undefined && !/^[\w-]+$/.test(http.header),
      message: `handler.http.header must be the name of a header, got ${shown(http?.header)}`,
    },
  ];
}

/** What the handler reads: `lib/runtime/sender-tasks/main.ts`. */
export function handlerVariables(
  name: string,
  { from, redis, smtp, http, onUnknown = UnknownMail.PARK }: SenderHandlerArgs,
  { recipientsPerMessage = 1 }: RatesWorkload,
  plan: RatesPlan,
): Record<string, pulumi.Input<string>> {
  const value = (knob: string) => String(plan.value(knob));
  const lane: ContainerLane = {
    name: LANE,
    from,
    pace: bucketSettings(plan, 'first'),
    ...(smtp === undefined
      ? { kind: 'http', urlFrom: 'PROVIDER_URL', keyFrom: 'PROVIDER_KEY', ...(http?.header && { header: http.header }) }
      : { kind: 'smtp', urlFrom: 'PROVIDER_URL', requireTls: smtp.requireTls ?? true }),
  };
  return {
    REDIS_HOST: redis.host,
    REDIS_PORT: String(redis.port ?? REDIS_PORT),
    REDIS_TLS: String(redis.tls ?? true),
    ...(redis.certificateAuthority !== undefined && { REDIS_CA: redis.certificateAuthority }),
    ...(http !== undefined && { PROVIDER_URL: http.url }),
    QUEUE: name,
    LANES: JSON.stringify([lane]),
    MOST_RECIPIENTS: String(recipientsPerMessage),
    ON_UNKNOWN: onUnknown,
    IN_FLIGHT: value('slotsPerInstance'),
    REQUEST_TIMEOUT_SECONDS: value('requestTimeoutSeconds'),
    PARK_AT_ATTEMPT: value('parkAtAttempt'),
    RECORD_SECONDS: value('recordSeconds'),
    BACKOFF_SECONDS: value('backoffSeconds'),
    BACKOFF_CAP_SECONDS: value('backoffCapSeconds'),
    CLOSED_SECONDS: value('closedSeconds'),
    HOLD_SECONDS: value('holdSeconds'),
  };
}

/** The variables whose values are secrets. */
export function handlerSecrets({ redis, smtp, http }: SenderHandlerArgs): SecretVariable[] {
  return [
    ...(redis.passwordSecret === undefined ? [] : [{ name: 'REDIS_PASSWORD', secret: redis.passwordSecret }]),
    ...(smtp === undefined ? [] : [{ name: 'PROVIDER_URL', secret: smtp.connectionSecret }]),
    ...(http === undefined ? [] : [{ name: 'PROVIDER_KEY', secret: http.keySecret }]),
  ];
}

/** Lets the account of the handler read its secrets, and those alone. */
export function grantSecrets(
  name: string,
  secrets: readonly SecretVariable[],
  member: pulumi.Input<string>,
  project: pulumi.Input<string> | undefined,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  return secrets.map(
    ({ name: variable, secret }) =>
      new secretmanager.SecretIamMember(
        `${name}-${variable.toLowerCase().replace(/_/g, '-')}`,
        { secretId: secret, project, role: 'roles/secretmanager.secretAccessor', member },
        options,
      ),
  );
}
