/**
 * Who we are to the cluster: a SCRAM user whose password is in Secrets Manager, or the function's own role.
 */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { iamToken, type SigningCredentials } from './iam-token';

/** What the Kafka client signs in with, by the mechanism's name in SASL. */
export type SignIn =
  | { readonly mechanism: 'SCRAM-SHA-512'; readonly username: string; readonly password: string }
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: () => string };

/** The credentials cannot be had. Names the secret, never what is in it. */
export class SignInError extends Error {
  public override readonly name = 'SignInError';
}

/**
 * SCRAM-SHA-512, the only mechanism of Amazon MSK with a password. The secret is read for every event, so that a
 * rotated password is in use at once; an event an hour makes that no cost.
 */
export async function scramSignIn(secretArn: string, secrets: Pick<SecretsManagerClient, 'send'>): Promise<SignIn> {
  let text: string | undefined;
  try {
    text = (await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }))).SecretString;
  } catch (error) {
    const kind = error instanceof Error ? error.name : 'Error';
    throw new SignInError(
      `the secret ${secretArn} cannot be read (${kind}); look at its policy, its key, and the way to Secrets Manager from these subnets`,
    );
  }
  const { username, password } = parsed(text);
  if (typeof username !== 'string' || typeof password !== 'string' || username === '' || password === '') {
    throw new SignInError(`the secret ${secretArn} must hold JSON with the texts username and password`);
  }
  return { mechanism: 'SCRAM-SHA-512', username, password };
}

/** A token that says who the function is, signed anew for each connection. It calls no service. */
export function iamSignIn(environment: NodeJS.ProcessEnv): SignIn {
  const { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  if (!AWS_REGION || !AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new SignInError('the environment holds no region or no credentials of a role');
  }
  const credentials: SigningCredentials = {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    sessionToken: AWS_SESSION_TOKEN,
  };
  return { mechanism: 'OAUTHBEARER', token: () => iamToken(AWS_REGION, credentials, new Date()) };
}

function parsed(text: string | undefined): Record<string, unknown> {
  try {
    return (JSON.parse(text ?? '') ?? {}) as Record<string, unknown>;
  } catch {
    // The error of JSON.parse quotes the text.
    return {};
  }
}
