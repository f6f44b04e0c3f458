import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The templates of nested stacks beside these templates; CDK writes both into the folder of their assembly, and hands
 * only the outer ones to plugins.
 *
 * @param files templates of one or more assemblies
 */
export function nestedTemplates(files: readonly string[]): string[] {
  const folders = [...new Set(files.map((file) => dirname(file)))];
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.nested.template.json'))
      .sort()
      .map((name) => join(folder, name)),
  );
}
