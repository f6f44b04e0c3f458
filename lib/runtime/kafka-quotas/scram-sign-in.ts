/**
 * Signing in as a SCRAM user, whose password is in Secrets Manager.
 */
import { readUser, type Secrets } from '../user-secret';
import { type SignIn, SignInError } from './sign-in';

/**
 * SCRAM-SHA-512, the only mechanism of Amazon MSK with a password. The secret is read for every event, so that a
 * rotated password is in use at once; an event an hour makes that no cost.
 */
export async function scramSignIn(secretArn: string, secrets?: Secrets): Promise<SignIn> {
  const user = await readUser(secretArn, (message) => new SignInError(message), secrets);
  return { mechanism: 'SCRAM-SHA-512', ...user };
}
