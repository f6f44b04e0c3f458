/**
 * Signing secrets from Secrets Manager. During a rotation two are in use: the sender may still sign with the old one.
 */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CachedSecrets } from '../cached-secrets';

type Client = Pick<SecretsManagerClient, 'send'>;

/** Reads a secret's current version, which comes first, and, where there is one, the previous one. */
export class SigningSecrets extends CachedSecrets {
  constructor(client: Client, now?: () => number) {
    super((secretArn) => versionsOf(client, secretArn), now);
  }
}

async function versionsOf(client: Client, secretArn: string): Promise<readonly string[]> {
  const current = await version(client, secretArn, 'AWSCURRENT');
  if (current === undefined) throw new Error(`secret ${secretArn} has no value; put one before sending deliveries`);
  const previous = await version(client, secretArn, 'AWSPREVIOUS');
  return previous === undefined ? [current] : [current, previous];
}

async function version(client: Client, secretArn: string, stage: string): Promise<string | undefined> {
  try {
    const answer = await client.send(new GetSecretValueCommand({ SecretId: secretArn, VersionStage: stage }));
    return answer.SecretString;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}
