import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version in the package.json above this file: two levels up in the sources, three in `dist`. */
export function packageVersion(): string {
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
