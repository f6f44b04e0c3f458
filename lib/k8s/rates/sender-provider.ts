import { type Check, wholeNumber } from '../../flow/errors';
import { FLAG, type Kinds, NUMBER, needed, sound, TEXT } from '../../flow/kinds';
import { SECRET_KEY } from '../kinds';
import { cidr, dnsLabel, secretChecks, textCheck } from '../names';
import { placeOf } from '../network-policy';
import type { SecretKey } from '../secret-key';
import type { ProviderBinding } from './provider-binding';

const SMTPS_PORT = 465;
const HTTPS_PORT = 443;
const LARGEST_PORT = 65_535;

/**
 * A server that speaks SMTP.
 */
export interface SmtpProviderProps {
  /**
   * Its address with user and password, in a Secret: `smtps://user:password@smtp.example.net:465`, or `smtp://` for a server
   * that encrypts the connection by STARTTLS. Special characters of user and password are percent-encoded.
   */
  readonly connection: SecretKey;

  /**
   * The port in that address, for the network policy. 1 to 65,535.
   *
   * @default 465
   */
  readonly port?: number;

  /**
   * Whether a connection by `smtp://` has to be encrypted before a mail or a password is sent.
   *
   * @default true
   */
  readonly requireTls?: boolean;

  /**
   * Namespace of the server.
   *
   * @default - it is outside the cluster
   */
  readonly namespace?: string;

  /**
   * Addresses of the server, such as `203.0.113.0/24`, when it is outside the cluster. Instead of `namespace`.
   *
   * @default - any address outside but link-local ones
   */
  readonly cidr?: string;
}

/**
 * A provider with an HTTP API that takes a mail as JSON: `id`, `from`, `to`, `subject`, `text`, `html`, `template`, `data`,
 * with the id as `Idempotency-Key`. Other APIs need a proxy that translates.
 */
export interface HttpProviderProps {
  /**
   * Where mails are posted: `https://api.example.net/v1/mails`, or `http://` within the cluster.
   */
  readonly url: string;

  /**
   * Value of the header that authorizes, such as `Bearer 4711`, in a Secret.
   */
  readonly key: SecretKey;

  /**
   * Name of that header.
   *
   * @default 'authorization'
   */
  readonly header?: string;

  /**
   * Namespace of the API.
   *
   * @default - it is outside the cluster
   */
  readonly namespace?: string;

  /**
   * Addresses of the API, such as `203.0.113.0/24`, when it is outside the cluster. Instead of `namespace`.
   *
   * @default - any address outside but link-local ones
   */
  readonly cidr?: string;
}

/**
 * Who takes the mails. Pick one of the two.
 */
export class SenderProvider {
  /** A server that speaks SMTP, over connections that stay open. */
  public static smtp(props: SmtpProviderProps): SenderProvider {
    return new SenderProvider(smtpProvider(props));
  }

  /** An HTTP API that takes a mail as JSON. */
  public static http(props: HttpProviderProps): SenderProvider {
    return new SenderProvider(httpProvider(props));
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _binding: ProviderBinding,
  ) {}
}

const SMTP_KINDS: Kinds<SmtpProviderProps> = {
  connection: needed(SECRET_KEY),
  port: NUMBER,
  requireTls: FLAG,
  namespace: TEXT,
  cidr: TEXT,
};

const HTTP_KINDS: Kinds<HttpProviderProps> = {
  url: needed(TEXT),
  key: needed(SECRET_KEY),
  header: TEXT,
  namespace: TEXT,
  cidr: TEXT,
};

function smtpProvider(given: SmtpProviderProps): ProviderBinding {
  const { props, checks } = sound(given, SMTP_KINDS, 'provider');
  const { connection, port = SMTPS_PORT, requireTls = true, namespace } = props;
  return {
    checks: (prefix) => [
      ...checks,
      ...secretChecks(`${prefix}connection`, connection),
      wholeNumber(`${prefix}port`, port, 1, LARGEST_PORT),
      ...placeChecks(prefix, props),
    ],
    lane: (variables) => ({ kind: 'smtp', urlFrom: `${variables}_URL`, requireTls }),
    environment: () => ({}),
    secrets: (variables) => ({ [`${variables}_URL`]: connection }),
    egress: () => ({ ports: [port], ...placeOf(namespace, props.cidr) }),
  };
}

function httpProvider(given: HttpProviderProps): ProviderBinding {
  const { props, checks } = sound(given, HTTP_KINDS, 'provider');
  const { url, key, header = 'authorization', namespace } = props;
  const isAddress = (text: string) => {
    const parsed = URL.canParse(text) ? new URL(text) : undefined;
    if (parsed === undefined || parsed.username !== '' || parsed.password !== '' || /[\s$]/.test(text)) return false;
    return parsed.protocol === 'https:' || (parsed.protocol === 'http:' && namespace !== undefined);
  };
  return {
    checks: (prefix) => [
      ...checks,
      textCheck(
        `${prefix}url`,
        url,
        isAddress,
        'an https address without user and password such as https://api.example.net/v1/mails, or http with namespace',
      ),
      ...secretChecks(`${prefix}key`, key),
      textCheck(`${prefix}header`, header, (text) => /^[A-Za-z0-9-]{1,100}$/.test(text), 'the name of a header'),
      ...placeChecks(prefix, props),
    ],
    lane: (variables) => ({ kind: 'http', urlFrom: `${variables}_URL`, keyFrom: `${variables}_KEY`, header }),
    environment: (variables) => ({ [`${variables}_URL`]: url }),
    secrets: (variables) => ({ [`${variables}_KEY`]: key }),
    egress: () => {
      const { port, protocol } = new URL(url);
      return { ports: [Number(port || (protocol === 'https:' ? HTTPS_PORT : 80))], ...placeOf(namespace, props.cidr) };
    },
  };
}

function placeChecks(prefix: string, place: { readonly namespace?: string; readonly cidr?: string }): Check[] {
  return [
    dnsLabel(`${prefix}namespace`, place.namespace),
    cidr(`${prefix}cidr`, place.cidr),
    {
      refused: place.namespace !== undefined && place.cidr !== undefined,
      message: `${prefix}namespace and ${prefix}cidr must not be given together: it is inside or outside the cluster`,
    },
  ];
}
