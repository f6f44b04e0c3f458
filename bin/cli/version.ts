import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version that the bundle was made of; elsewhere there is no such name. */
declare const BUNDLED_VERSION: string;

/** The version in the package.json above this file: two levels up in the sources, three in `dist`. */
export function packageVersion(): string {
  if (typeof BUNDLED_VERSION === 'string') return BUNDLED_VERSION;
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (found.name === 'backpressure-constructs') return found.version;
    } catch {
      // no package.json here: try one level up
    }
  }
  return 'unknown';
}
