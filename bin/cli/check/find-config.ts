/**
 * Finds and reads the configuration of `check`.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { InvalidInputError } from '../../../lib/flow/errors';
import { loadRules } from '../../../lib/rules/load';
import type { CheckConfig } from '../../../lib/rules/settings/config';
import { UnreadableError } from '../../../lib/rules/unreadable';
import { UsageError } from '../io';
import { readText } from '../read-file';
import { called } from '../sources';

/** The names of a configuration, one of which may stand in a folder. */
export const CONFIG_NAMES = ['json', 'yaml', 'yml', 'ts'].map((extension) => `backpressure.config.${extension}`);

/** A configuration, and the folder that its paths start from. */
export interface FoundConfig {
  readonly config: CheckConfig;
  /** As messages name it. */
  readonly file: string;
  readonly folder: string;
}

/**
 * The configuration of these paths: in the folder of a path or in one above it, up to the folder that holds `.git`.
 *
 * @throws UsageError when there are two, when it cannot be read, or when it is wrong
 */
export function findConfig(paths: readonly string[]): FoundConfig | undefined {
  const found = new Set(paths.flatMap((path) => above(path === '-' ? '.' : path) ?? []));
  const [file, ...others] = found;
  if (others.length > 0)
    throw new UsageError(
      `the paths have different configurations, ${[...found].map((one) => called(one)).join(' and ')}; name one with --config, or check them one after the other`,
    );
  return file === undefined ? undefined : readConfig(file, false);
}

function above(path: string): string | undefined {
  const start = resolve(path);
  for (let folder = isFolder(start) ? start : dirname(start); ; folder = dirname(folder)) {
    const [file, ...others] = CONFIG_NAMES.map((name) => join(folder, name)).filter((name) => existsSync(name));
    if (others.length > 0)
      throw new UsageError(`there are ${[file, ...others].map((one) => called(one)).join(' and ')}; keep one of them`);
    if (file !== undefined) return file;
    if (existsSync(join(folder, '.git')) || folder === dirname(folder)) return undefined;
  }
}

/** A path that is no folder, or that the system refuses, is reported when it is checked. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Reads a configuration.
 *
 * @param named whether the user named it. A program that was only found is run when the user stands in its folder or
 * below it: a folder of others that is checked must not run its code here
 * @throws UsageError when it cannot be read, or is wrong
 */
export function readConfig(file: string, named: boolean): FoundConfig {
  const name = called(file);
  const folder = dirname(resolve(file));
  const { configFrom, parse } = loadRules();
  try {
    if (extname(file) === '.ts') {
      if (!named && relative(folder, process.cwd()).startsWith('..'))
        throw new UsageError(
          `${name} is a program outside of this folder; name it with --config to run it, or leave it out with --no-config`,
        );
      return { config: configFrom(name, programValue(file, name)), file: name, folder };
    }
    const documents = parse(name, readText(file));
    if (documents.length > 1) throw new UsageError(`${name} has ${documents.length} documents; one is read`);
    return { config: configFrom(name, documents[0]), file: name, folder };
  } catch (error) {
    if (error instanceof InvalidInputError) throw new UsageError(`${name}: ${error.failures.join('; ')}`);
    if (error instanceof UnreadableError) throw new UsageError(`${name}: ${error.reason}`);
    throw error;
  }
}

/** What a program exports as its default, or as its whole. */
function programValue(file: string, name: string): unknown {
  try {
    const exported = require(resolve(file));
    return exported?.default ?? exported;
  } catch (error) {
    const why =
      error instanceof SyntaxError
        ? `this Node, ${process.version}, does not read TypeScript; run it with NODE_OPTIONS='--import tsx', or write ${basename(file, '.ts')}.yaml`
        : `fails: ${error instanceof Error ? error.message : error}`;
    throw new UsageError(`${name}: ${why}`);
  }
}
