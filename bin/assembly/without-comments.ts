/** Compiled code without its comments: they stand in the types, which editors read, and are a sixth of the package. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';

const compilerOptions = { removeComments: true, module: ModuleKind.CommonJS, target: ScriptTarget.ESNext };

/** Rewrites every compiled file below a folder. Lines and names stay readable in a stack. */
export function withoutComments(folder: string): void {
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((file) => file.endsWith('.js'));
  for (const file of files.map((one) => join(folder, one))) writeFileSync(file, bare(readFileSync(file, 'utf8')));
}

/** A module as it is, but for its comments. */
export function bare(code: string): string {
  return transpileModule(code, { compilerOptions, fileName: 'module.js' }).outputText;
}
