/**
 * Signature Version 4 for the few requests that need no client of AWS: one of them is a third of a bundle. AWS's own signer
 * judges it in the tests.
 *
 * @see Signature Version 4 for API requests, in the IAM user guide
 */
import { createHash, createHmac } from 'node:crypto';

/** Credentials to sign with. A Lambda function finds those of its role in its environment. */
export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The credentials of the function's role. */
export function lambdaCredentials(environment: NodeJS.ProcessEnv): SigningCredentials {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) throw new Error('the environment has no credentials of AWS');
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    sessionToken: AWS_SESSION_TOKEN,
  };
}

/** What is called. */
export interface AwsRequest {
  readonly method: 'GET' | 'POST';
  readonly service: string;
  readonly region: string;
  readonly host: string;
  /** The path as it is sent, each part escaped. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The headers of a request, with its signature. */
export function signedHeaders(request: AwsRequest, credentials: SigningCredentials, now: Date): Record<string, string> {
  const { method, service, region, host, path, body = '' } = request;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const time = timeOf(now);
  const scope = scopeOf(time, region, service);
  const sent: Record<string, string> = {
    ...request.headers,
    host,
    'x-amz-date': time,
    ...(sessionToken && { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(sent).sort();
  // Every service but S3 itself signs the path escaped once more.
  const signedPath = path.split('/').map(escaped).join('/');
  const canonical = [
    method,
    signedPath,
    '',
    ...names.map((name) => `${name}:${sent[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const signature = signatureOf(secretAccessKey, time, scope, canonical);
  const credential = `Credential=${accessKeyId}/${scope}`;
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}

/** A moment as signatures have it. */
export function timeOf(now: Date): string {
  return now.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** What a signature is good for. */
export function scopeOf(time: string, region: string, service: string): string {
  return `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
}

/** The signature of a request in its canonical form. */
export function signatureOf(secretAccessKey: string, time: string, scope: string, canonical: string): string {
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${secretAccessKey}`);
  return hmac(key, toSign).toString('hex');
}

/** `encodeURIComponent` leaves five characters out. */
export function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
