/** A Redis server that several constructs use: its address, its credentials, and what a pod needs to reach it. */
import { type Check, wholeNumber } from '../flow/errors';
import { FLAG, type Kinds, listOf, NUMBER, needed, TEXT } from '../flow/kinds';
import { REDIS_PORT } from '../flow/redis';
import { SECRET_KEY } from './kinds';
import { cidr, cidrs, dnsLabel, host, secretChecks, textCheck } from './names';
import type { Egress } from './network-policy';
import type { SecretKey } from './secret-key';

/**
 * A Redis server.
 */
export interface RedisServer {
  /**
   * Host of the Redis server.
   */
  readonly host: string;

  /**
   * Port of the Redis server. 1 to 65,535.
   *
   * @default 6379
   */
  readonly port?: number;

  /**
   * Namespace of the Redis server.
   *
   * @default - the namespace of the chart
   */
  readonly namespace?: string;

  /**
   * Addresses of a server outside the cluster, such as `10.20.0.0/16`. Instead of `namespace`.
   *
   * @default - the server is in the cluster
   */
  readonly cidr?: string;

  /**
   * Several address ranges outside the cluster, such as one for each zone. Instead of `cidr`.
   *
   * @default - the server is in the cluster, or in `cidr`
   */
  readonly cidrs?: string[];

  /**
   * Name of the user: 1 to 128 letters, digits, `_`, `.`, `@` and `-`. With a password only.
   *
   * @default - the user `default` of the server
   */
  readonly username?: string;

  /**
   * Password, in a Secret.
   *
   * @default - the server asks for none
   */
  readonly password?: SecretKey;

  /**
   * Whether the server requires TLS.
   *
   * @default true
   */
  readonly tls?: boolean;

  /**
   * Certificate (PEM) of the authority that signed the server's certificate, in a Secret. With TLS only.
   *
   * @default - an authority that the images know
   */
  readonly certificateAuthority?: SecretKey;
}

/** The kinds of its fields. */
export const REDIS_SERVER: Kinds<RedisServer> = {
  host: needed(TEXT),
  port: NUMBER,
  namespace: TEXT,
  cidr: TEXT,
  cidrs: listOf(TEXT),
  username: TEXT,
  password: SECRET_KEY,
  tls: FLAG,
  certificateAuthority: SECRET_KEY,
};

/** The checks of its fields, whose names begin with the prefix. */
export function redisServerChecks(prefix: string, server: RedisServer): Check[] {
  const { port, namespace, tls = true, certificateAuthority } = server;
  return [
    wholeNumber(`${prefix}port`, port, 1, 65_535),
    host(`${prefix}host`, server.host),
    dnsLabel(`${prefix}namespace`, namespace),
    cidr(`${prefix}cidr`, server.cidr),
    ...cidrs(`${prefix}cidrs`, server.cidrs),
    {
      refused: [namespace, server.cidr, server.cidrs].filter((place) => place !== undefined).length > 1,
      message: `${prefix}namespace and ${prefix}${server.cidr === undefined ? 'cidrs' : 'cidr'} must not be given together: the server is inside or outside the cluster`,
    },
    textCheck(
      `${prefix}username`,
      server.username,
      (text) => /^[\w.@-]{1,128}$/.test(text),
      "1 to 128 letters, digits, '_', '.', '@' and '-'",
    ),
    {
      refused: server.username !== undefined && server.password === undefined,
      message: `${prefix}username needs ${prefix}password, got none`,
    },
    ...secretChecks(`${prefix}password`, server.password),
    ...secretChecks(`${prefix}certificateAuthority`, certificateAuthority),
    {
      refused: !tls && certificateAuthority !== undefined,
      message: `${prefix}certificateAuthority needs tls, got tls false`,
    },
  ];
}

/** Its address as variables of a container. */
export function redisServerEnvironment(server: RedisServer): Record<string, string> {
  const { host, port = REDIS_PORT, tls = true, username } = server;
  return {
    REDIS_HOST: host,
    REDIS_PORT: String(port),
    REDIS_TLS: String(tls),
    ...(username !== undefined && { REDIS_USERNAME: username }),
  };
}

/** Its credentials as variables of a container. */
export function redisServerSecrets({ password, certificateAuthority }: RedisServer): Record<string, SecretKey> {
  return {
    ...(password ? { REDIS_PASSWORD: password } : {}),
    ...(certificateAuthority ? { REDIS_CA: certificateAuthority } : {}),
  };
}

/** The way to it. */
export function redisServerEgress({ port = REDIS_PORT, namespace, cidr, cidrs }: RedisServer): Egress {
  return { ports: [port], namespace, cidr, cidrs };
}
