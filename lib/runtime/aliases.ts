/** Packages that another file takes the place of in a bundle. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where a client of AWS looks for credentials that a function on Lambda never has. */
const ELSEWHERE = ['sso', 'ini', 'process', 'web-identity'].map((way) => `@aws-sdk/credential-provider-${way}`);

/**
 * The aliases of the bundle of a folder. A container, and a function of a user that is tried on a machine, may have
 * credentials from elsewhere.
 */
export function aliasesOf(folder: string): Record<string, string> {
  if (!existsSync(join(folder, 'handler.ts'))) return {};
  return Object.fromEntries(ELSEWHERE.map((name) => [name, join(__dirname, 'lambda-credentials.ts')]));
}
