/**
 * Identity at the cluster: a SCRAM user, or the function's own role.
 */
import type { SigningCredentials } from '../aws-signature';
import { iamToken } from './iam-token';

/** Credentials of the Kafka client, by the mechanism's name in SASL. */
export type SignIn =
  | { readonly mechanism: 'SCRAM-SHA-512'; readonly username: string; readonly password: string }
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: () => string };

/** The credentials are not available. Names the secret, never its content. */
export class SignInError extends Error {
  public override readonly name = 'SignInError';
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
