/**
 * Signing secrets from Secrets Manager. During a rotation two are in use: the sender may still sign with the old one.
 */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CachedSecrets, type RereadLimits } from '../cached-secrets';

type Client = Pick<SecretsManagerClient, 'send'>;

/**
 * Forgeries can cause two calls in ten seconds, for each secret and warm function. The function does not wait: the queue
 * keeps the message and delivers it again.
 */
export const QUEUE_REREADS: RereadLimits = { intervalMillis: 10_000, maxWaitMillis: 0, maxWaiting: 0 };

/** Reads a secret's current version, which comes first, and, where there is one, the previous one. */
export class SigningSecrets extends CachedSecrets {
  constructor(client: Client, now?: () => number) {
    super((secretArn) => versionsOf(client, secretArn), QUEUE_REREADS, now);
  }
}

async function versionsOf(client: Client, secretArn: string): Promise<readonly string[]> {
  const current = await version(client, secretArn, 'AWSCURRENT');
  if (current === undefined) return [];
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
