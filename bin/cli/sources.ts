/**
 * From what is named on a command line to the files that rules can be run on.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';
import { nestedTemplates } from '../../lib/rules/nested-templates';
import type { Source } from '../../lib/rules/read';

/** Files in a folder that may be templates or manifests. */
const EXTENSIONS = ['.json', '.yaml', '.yml', '.template'];

/** Folders in which there is nothing of the user's: what was installed, and what begins with a dot. */
const NOT_THE_USERS = /^(node_modules$|\.)/;

/** A file that may be checked. */
export interface Candidate extends Source {
  /** Whether the user named it, so that it has to be a document; of a folder's files any may be something else. */
  readonly named: boolean;
}

/**
 * Reads what a path names: a file, every file below a folder, or the templates of a cloud assembly.
 *
 * @throws NodeJS.ErrnoException when it cannot be read
 */
export function candidates(path: string): Candidate[] {
  if (!statSync(path).isDirectory()) return [{ file: path, text: readFileSync(path, 'utf8'), named: true }];
  return inAssembly(path) ?? inFolder(path);
}

function inFolder(folder: string): Candidate[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        return NOT_THE_USERS.test(entry.name) ? [] : (inAssembly(path) ?? inFolder(path));
      }
      if (!entry.isFile() || !EXTENSIONS.includes(extname(entry.name))) return [];
      return [{ file: path, text: readFileSync(path, 'utf8'), named: false }];
    });
}

interface Artifact {
  readonly type: string;
  readonly properties?: { readonly templateFile?: string; readonly directoryName?: string };
  readonly metadata?: Record<string, Entry[]>;
  readonly additionalMetadataFile?: string;
}

interface Entry {
  readonly type: string;
  readonly data?: unknown;
}

/** The templates that `cdk synth` left in a folder, those of stages and nested stacks too; undefined elsewhere. */
function inAssembly(folder: string): Candidate[] | undefined {
  const manifest = json(join(folder, 'manifest.json')) as { artifacts?: Record<string, Artifact> } | undefined;
  if (!manifest?.artifacts || !json(join(folder, 'cdk.out'), true)) return undefined;
  const artifacts = Object.values(manifest.artifacts);
  const stacks = artifacts.filter(({ type }) => type === 'aws:cloudformation:stack');
  const acknowledged = acknowledgements(stacks.flatMap((stack) => metadataOf(folder, stack)));
  const outer = stacks.map(({ properties }) => join(folder, properties!.templateFile!));
  const own = [...outer, ...nestedTemplates(outer)].map((file) => template(file, acknowledged));
  const stages = artifacts
    .filter(({ type }) => type === 'cdk:cloud-assembly')
    .flatMap(({ properties }) => inAssembly(join(folder, properties!.directoryName!)) ?? []);
  return [...own, ...stages];
}

/** What is recorded of the constructs of a stack; newer CDKs keep it in a file of its own. */
function metadataOf(folder: string, { metadata, additionalMetadataFile }: Artifact): [string, Entry[]][] {
  const more = additionalMetadataFile ? json(join(folder, additionalMetadataFile)) : undefined;
  return [...Object.entries(metadata ?? {}), ...Object.entries((more ?? {}) as Record<string, Entry[]>)];
}

function template(file: string, acknowledged: Source['acknowledged']): Candidate {
  return { file, text: readFileSync(file, 'utf8'), acknowledged, named: true };
}

/** What `Validations.of(construct).acknowledge()` recorded counts for the construct and everything below it. */
function acknowledgements(metadata: readonly [string, Entry[]][]): Source['acknowledged'] {
  const recorded = metadata.flatMap(([path, entries]) =>
    entries
      .filter(({ type, data }) => type === 'aws:cdk:acknowledged-rules' && typeof data === 'object')
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .filter(([id]) => id.startsWith('Backpressure::'))
      .map(([id, reason]) => ({ path: path.replace(/^\//, ''), id: id.slice('Backpressure::'.length), reason })),
  );
  return (constructPath) =>
    new Map(
      recorded
        .filter(({ path }) => constructPath === path || constructPath.startsWith(`${path}/`))
        .map(({ id, reason }) => [id, reason]),
    );
}

function json(file: string, present = false): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) ?? present;
  } catch {
    return undefined;
  }
}

/** A file as a person in this folder calls it: relative when it is below, as it is otherwise. */
export function called(file: string, folder = process.cwd()): string {
  const path = relative(folder, file);
  return path.startsWith('..') || basename(dirname(path)) === '..' ? file : path;
}
