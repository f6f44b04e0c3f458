/**
 * The token with which a role signs in to Amazon MSK: a presigned request for `kafka-cluster:Connect`, encoded for a
 * URL. AWS's own signer for Node brings the clients of four services along, a third of a bundle; this is the one
 * signature that is needed, and AWS's signer judges it in the tests.
 */
import { escaped, type SigningCredentials, scopeOf, sha256, signatureOf, timeOf } from '../aws-signature';

const SERVICE = 'kafka-cluster';
/** As long as AWS's own signer lets one live; a connection signs in once. */
const EXPIRES_SECONDS = 900;
const USER_AGENT = 'backpressure-constructs';

/** @see Signature Version 4, query parameters, in the IAM user guide */
export function iamToken(region: string, credentials: SigningCredentials, now: Date): string {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const host = `kafka.${region}.amazonaws.com`;
  const time = timeOf(now);
  const scope = scopeOf(time, region, SERVICE);
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
  const signature = signatureOf(secretAccessKey, time, scope, request);
  // The user agent is not signed: it is for the broker's log.
  const url = `https://${host}/?${query}&X-Amz-Signature=${signature}&User-Agent=${USER_AGENT}`;
  return Buffer.from(url, 'utf8').toString('base64url');
}

/** Sorted by name and escaped as the signature wants it. */
function queryText(parameters: Record<string, string>): string {
  return Object.entries(parameters)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${escaped(value)}`)
    .join('&');
}
