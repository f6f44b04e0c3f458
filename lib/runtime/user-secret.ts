/** A user's name and password, as one secret of Secrets Manager holds them. */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** Where secrets come from. */
export type Secrets = Pick<SecretsManagerClient, 'send'>;

/** A user who signs in with a password. */
export interface User {
  readonly username: string;
  readonly password: string;
}

/**
 * Reads a secret that holds `username` and `password` as JSON.
 *
 * @param refuse the error of what is wrong, in a sentence that names the secret and never its content
 */
export async function readUser(
  secretArn: string,
  refuse: (message: string) => Error,
  secrets?: Secrets,
): Promise<User> {
  // Loaded only if there is a password to fetch.
  const sdk = await import('@aws-sdk/client-secrets-manager');
  const client = secrets ?? new sdk.SecretsManagerClient({ maxAttempts: 2 });
  let text: string | undefined;
  try {
    text = (await client.send(new sdk.GetSecretValueCommand({ SecretId: secretArn }))).SecretString;
  } catch (error) {
    const kind = error instanceof Error ? error.name : 'Error';
    throw refuse(
      `the secret ${secretArn} cannot be read (${kind}); look at its policy, its key, and the way to Secrets Manager from these subnets`,
    );
  }
  const { username, password } = parsed(text);
  if (typeof username !== 'string' || typeof password !== 'string' || username === '' || password === '') {
    throw refuse(`the secret ${secretArn} must hold JSON with the texts username and password`);
  }
  return { username, password };
}

function parsed(text: string | undefined): Record<string, unknown> {
  try {
    return (JSON.parse(text ?? '') ?? {}) as Record<string, unknown>;
  } catch {
    // The error of JSON.parse quotes the text.
    return {};
  }
}
