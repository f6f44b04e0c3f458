/** A server of MySQL or MariaDB: its address, and what a pod needs to reach it. */
import { isIP } from 'node:net';
import { type Check, wholeNumber } from '../../flow/errors';
import { type Kinds, NUMBER, needed, TEXT } from '../../flow/kinds';
import { cidr, dnsLabel, host } from '../names';
import { type Egress, placeOf } from '../network-policy';

const MYSQL_PORT = 3306;

/**
 * A server of MySQL or MariaDB.
 */
export interface MysqlServer {
  /** Its host. */
  readonly host: string;

  /**
   * Its port. 1 to 65,535.
   *
   * @default 3306
   */
  readonly port?: number;

  /**
   * Name in metrics, in the signal and for readers. A DNS label: 1 to 63 lower-case letters, digits and hyphens.
   *
   * @default - `source` for the source, `replica-1`, `replica-2` … for replicas
   */
  readonly name?: string;

  /**
   * Namespace of the server.
   *
   * @default - it is outside the cluster
   */
  readonly namespace?: string;

  /**
   * Addresses of the server, such as `10.20.0.0/16`, when it is outside the cluster. Instead of `namespace`.
   *
   * @default - any address outside but link-local ones
   */
  readonly cidr?: string;
}

/** The kinds of its fields. */
export const MYSQL_SERVER: Kinds<MysqlServer> = {
  host: needed(TEXT),
  port: NUMBER,
  name: TEXT,
  namespace: TEXT,
  cidr: TEXT,
};

/** The checks of its fields, whose names begin with the prefix. */
export function mysqlServerChecks(prefix: string, server: MysqlServer): Check[] {
  return [
    host(`${prefix}host`, server.host),
    wholeNumber(`${prefix}port`, server.port, 1, 65_535),
    dnsLabel(`${prefix}name`, server.name),
    dnsLabel(`${prefix}namespace`, server.namespace),
    cidr(`${prefix}cidr`, server.cidr),
    {
      refused: server.namespace !== undefined && server.cidr !== undefined,
      message: `${prefix}namespace and ${prefix}cidr must not be given together: the server is inside or outside the cluster`,
    },
  ];
}

/** A certificate is checked for a name: it has that of a server, and seldom its address. */
export function mysqlIdentityCheck(prefix: string, { host }: MysqlServer): Check {
  return {
    refused: isIP(String(host)) !== 0,
    message: `${prefix}host must be a name that is in the certificate of the server, got the address ${host}; give a name, verifyIdentity false, or tls false`,
  };
}

/** Its address, as the guard takes it. */
export function mysqlAddress({ name, host, port = MYSQL_PORT }: MysqlServer, fallback: string) {
  return { name: name ?? fallback, host, port };
}

/** The way to it. */
export function mysqlEgress({ port = MYSQL_PORT, namespace, cidr }: MysqlServer): Egress {
  return { ports: [port], ...placeOf(namespace, cidr) };
}
