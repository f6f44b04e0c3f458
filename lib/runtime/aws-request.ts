/** One signed request to a service of AWS that answers in JSON: a client of its own would be a third of a bundle. */
import { type AwsRequest, lambdaCredentials, signedHeaders } from './aws-signature';
import { setting } from './settings';

/** A function that sends a request, as `fetch` does. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

const TIMEOUT_MILLIS = 10_000;

/** What the service answers; an answer that is no success is an error with its reason. */
export async function ask<T>(send: Send, request: Omit<AwsRequest, 'host' | 'region'>): Promise<T> {
  const region = setting('AWS_REGION');
  const host = `${request.service}.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
  // The host is the sender's own to set.
  const { host: _, ...headers } = signedHeaders(
    { ...request, region, host },
    lambdaCredentials(process.env),
    new Date(),
  );
  const answer = await send(`https://${host}${request.path}`, {
    method: request.method,
    headers,
    body: request.body,
    signal: AbortSignal.timeout(TIMEOUT_MILLIS),
  });
  const text = await answer.text();
  // Lambda invokes a function again that failed on an event of a schedule.
  if (!answer.ok) throw new Error(`${request.service} answered ${answer.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}
