/**
 * A program of lib/runtime inside the definition of a container, so that a stock image of Node.js runs it: no image of ours
 * is built, pushed or pulled.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packageRoot } from '../package-root';

/** Amazon ECS, Service quotas, Task definition size. Half of it is left for the other containers. */
const LARGEST_BYTES = 32_768;

/** What `node` is given to run `dist/runtime/<name>/index.js`. */
export function inlineProgram(name: string): string[] {
  const file = join(packageRoot(), 'dist', 'runtime', name, 'index.js');
  if (!existsSync(file)) throw new Error(`the program '${name}' is missing: no ${file}; run npm run prepare`);
  const packed = gzipSync(readFileSync(file), { level: 9 }).toString('base64');
  if (packed.length > LARGEST_BYTES) {
    throw new Error(`${name} has ${packed.length} bytes, a task definition has room for ${LARGEST_BYTES}`);
  }
  return ['-e', `eval(require('node:zlib').gunzipSync(Buffer.from('${packed}','base64')).toString())`];
}
