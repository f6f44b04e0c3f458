/**
 * The token with which a role signs in to Amazon MSK: a presigned request for `kafka-cluster:Connect`, encoded for a
 * URL. AWS's own signer for Node brings the clients of four services along, a third of a bundle; this is the one
 * signature that is needed, and AWS's signer judges it in the tests.
 */
import { createHash, createHmac } from 'node:crypto';

/** Credentials to sign with. A Lambda function finds those of its role in its environment. */
export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const SERVICE = 'kafka-cluster';
/** As long as AWS's own signer lets one live; a connection signs in once. */
const EXPIRES_SECONDS = 900;
const USER_AGENT = 'backpressure-constructs';

/** @see Signature Version 4, query parameters, in the IAM user guide */
export function iamToken(region: string, credentials: SigningCredentials, now: Date): string {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const host = `kafka.${region}.amazonaws.com`;
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/${region}/${SERVICE}/aws4_request`;
  const query = queryText({
    Action: 'kafka-cluster:Connect',
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(EXPIRES_SECONDS),
    ...(sessionToken && { 'X-Amz-Security-Token': sessionToken }),
    'X-Amz-SignedHeaders': 'host',
  });
  const request = ['GET', '/', query, `host:${host}`, '', 'host', sha256('')].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(request)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${secretAccessKey}`);
  const signature = hmac(key, toSign).toString('hex');
  // The user agent is not signed: it is for the broker's log.
  const url = `https://${host}/?${query}&X-Amz-Signature=${signature}&User-Agent=${USER_AGENT}`;
  return Buffer.from(url, 'utf8').toString('base64url');
}

/** Sorted by name and escaped as the signature wants it: `encodeURIComponent` leaves five characters out. */
function queryText(parameters: Record<string, string>): string {
  const escaped = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  return Object.entries(parameters)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${escaped(value)}`)
    .join('&');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
