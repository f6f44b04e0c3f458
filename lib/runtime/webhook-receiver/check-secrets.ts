/** A check of every signing secret before the first delivery. */
import type { SecretSource } from '../cached-secrets';
import { kindOf, logEvent } from '../cloud-log';
import { problemIn } from '../webhook/signing-secret';
import type { ReceiverSource } from './contract';

/**
 * Logs each source with an unusable secret. Its deliveries are answered 503; the other sources still work.
 *
 * @throws when no source has a secret that can be used; the message names every source and its problem, never a value
 */
export async function checkSecrets(
  sources: Readonly<Record<string, ReceiverSource>>,
  secrets: SecretSource,
): Promise<void> {
  const problems: string[] = [];
  for (const [name, source] of Object.entries(sources)) {
    const problem = await problemOf(source, secrets);
    if (problem === undefined) continue;
    logEvent('ERROR', 'unusable secret', { source: name, problem });
    problems.push(`the secret of ${name} ${problem}`);
  }
  if (problems.length > 0 && problems.length === Object.keys(sources).length) {
    throw new Error(`no source can be received: ${problems.join('; ')}`);
  }
}

async function problemOf(source: ReceiverSource, secrets: SecretSource): Promise<string | undefined> {
  try {
    return problemIn((await secrets.of(source.secretFile)).texts, source);
  } catch (error) {
    return `cannot be read: ${kindOf(error)}`;
  }
}
