/**
 * Signing in as a SCRAM user, whose password is in Secrets Manager.
 */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type SignIn, SignInError } from './sign-in';

/** Where secrets come from. */
export type Secrets = Pick<SecretsManagerClient, 'send'>;

/**
 * SCRAM-SHA-512, the only mechanism of Amazon MSK with a password. The secret is read for every event, so that a
 * rotated password is in use at once; an event an hour makes that no cost.
 */
export async function scramSignIn(secretArn: string, secrets?: Secrets): Promise<SignIn> {
  // Loaded only if there is a password to fetch.
  const sdk = await import('@aws-sdk/client-secrets-manager');
  const client = secrets ?? new sdk.SecretsManagerClient({ maxAttempts: 2 });
  let text: string | undefined;
  try {
    text = (await client.send(new sdk.GetSecretValueCommand({ SecretId: secretArn }))).SecretString;
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

function parsed(text: string | undefined): Record<string, unknown> {
  try {
    return (JSON.parse(text ?? '') ?? {}) as Record<string, unknown>;
  } catch {
    // The error of JSON.parse quotes the text.
    return {};
  }
}
