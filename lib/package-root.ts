/** Where this package is: its own folder, above lib in a checkout and above dist/lib as it is installed. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folder with the package's own `package.json`.
 *
 * @throws Error when there is none above this file
 */
export function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${__dirname}`);
    folder = parent;
  }
  return folder;
}
