/**
 * From paths on a command line to the files that rules can check.
 */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';
import type { Total } from '../../lib/rules/limits';
import { nestedTemplates } from '../../lib/rules/nested-templates';
import type { Source } from '../../lib/rules/read';
import { isMapping } from '../../lib/rules/resolved';
import { UnreadableError } from '../../lib/rules/unreadable';
import { readText, reasonOf } from './read-file';

/** Files in a folder that may be templates or manifests. */
const EXTENSIONS = ['.json', '.yaml', '.yml', '.template', '.conf', '.cnf'];

/** Folders without files of the user: installed packages, and names that begin with a dot. */
const NOT_THE_USERS = /^(node_modules$|\.(?!github$|aws-sam$|serverless$))/;

/** Files that `sam build` makes anew of a template beside its folder. */
const SAM_TEMPLATES = ['template.yaml', 'template.yml', 'template.json'];

/** A file that may be checked. */
export interface Candidate extends Source {
  /** Whether the user named it, so that it has to be a document; a file of a folder may be something else. */
  readonly named: boolean;
}

/** The content of a path. */
export interface Found {
  readonly candidates: Candidate[];
  /** Files that could not be read. */
  readonly unreadable: UnreadableError[];
  /** Symbolic links within folders: they are not followed, since they may lead anywhere, and back. */
  readonly links: string[];
  /** Files that were left out as the caller wished. */
  readonly excluded: string[];
  /** Totals of all files read. */
  readonly total: Total;
}

/** The same while it is being filled. */
interface Filling extends Found {
  readonly leaveOut: (file: string) => boolean;
}

/**
 * Reads a path: a file, every file below a folder, or the templates of a cloud assembly. An unreadable file does not
 * affect the rest.
 *
 * @param leaveOut whether a file is not read. Default: none is left out
 */
export function sourcesAt(path: string, total: Total, leaveOut: (file: string) => boolean = () => false): Found {
  const found: Filling = { candidates: [], unreadable: [], links: [], excluded: [], total, leaveOut };
  attempt(found, path, () => {
    if (!statSync(path).isDirectory()) take(found, path, { named: true });
    else if (!inAssembly(path, found)) inFolder(path, found);
  });
  return found;
}

/** Runs it, and records unreadable files. */
function attempt(found: Filling, path: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (error instanceof UnreadableError)
      found.unreadable.push(new UnreadableError(called(error.file), error.reason, true));
    else if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    else found.unreadable.push(new UnreadableError(called(path), reasonOf(error), true));
  }
}

function take(found: Filling, file: string, rest: Pick<Candidate, 'named' | 'acknowledged'>): void {
  if (found.leaveOut(file)) {
    found.excluded.push(called(file));
    return;
  }
  attempt(found, file, () => {
    const text = readText(file);
    found.total.addText(file, text);
    found.candidates.push({ file: called(file), text, ...rest });
  });
}

function inFolder(folder: string, found: Filling): void {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const known = EXTENSIONS.includes(extname(entry.name)) || basename(folder) === 'logrotate.d';
    if (isCopy(entry.name, entries)) continue;
    if (entry.isDirectory()) {
      if (NOT_THE_USERS.test(entry.name)) continue;
      attempt(found, path, () => {
        if (!inAssembly(path, found)) inFolder(path, found);
      });
    } else if (entry.isFile() && known && !isOfATool(entry.name)) take(found, path, { named: false });
    else if (entry.isSymbolicLink() && !NOT_THE_USERS.test(entry.name) && (known || leadsToFolder(path)))
      found.links.push(called(path));
  }
}

/** The settings of a tool, which begin with a dot; pipelines of GitLab and Filebeat's are configuration that rules know. */
function isOfATool(name: string): boolean {
  return name.startsWith('.') && !/^\.(gitlab-ci|filebeat)/.test(name);
}

/** Whether it is a copy of a file beside it: what a build makes of a template, or the first of two deployments. */
function isCopy(name: string, entries: readonly { readonly name: string }[]): boolean {
  const beside = (other: string) => entries.some((entry) => entry.name === other);
  if (name === '.aws-sam') return SAM_TEMPLATES.some(beside);
  return name.endsWith('-create-stack.json') && beside(name.replace('-create-stack.json', '-update-stack.json'));
}

function leadsToFolder(link: string): boolean {
  try {
    return statSync(link).isDirectory();
  } catch {
    return false;
  }
}

/** An artifact of a cloud assembly; its fields come from a file and may have any type. */
type Artifact = Readonly<Record<string, unknown>>;

interface Entry {
  readonly type?: unknown;
  readonly data?: unknown;
}

/** Takes the templates that `cdk synth` left in a folder, those of stages and nested stacks too; false elsewhere. */
function inAssembly(folder: string, found: Filling, seen: ReadonlySet<string> = new Set()): boolean {
  const manifest = json(join(folder, 'manifest.json'));
  if (!isMapping(manifest) || !isMapping(manifest.artifacts) || json(join(folder, 'cdk.out')) === undefined)
    return false;
  const artifacts = Object.values(manifest.artifacts).filter(isMapping);
  const stacks = artifacts.filter(({ type }) => type === 'aws:cloudformation:stack');
  const acknowledged = acknowledgements(stacks.flatMap((stack) => metadataOf(folder, stack)));
  const outer = stacks.flatMap((stack) => namedIn(folder, stack, 'templateFile'));
  for (const file of [...outer, ...nestedTemplates(outer)]) take(found, file, { named: true, acknowledged });
  // A stage that names its own folder would be read without end.
  const inside = new Set([...seen, realpathSync(folder)]);
  for (const stage of artifacts.filter(({ type }) => type === 'cdk:cloud-assembly')) {
    for (const path of namedIn(folder, stage, 'directoryName')) {
      attempt(found, path, () => {
        if (!inside.has(realpathSync(path))) inAssembly(path, found, inside);
      });
    }
  }
  return true;
}

/** The file or folder that an artifact names, when it names one. */
function namedIn(folder: string, { properties }: Artifact, key: string): string[] {
  const name = isMapping(properties) ? properties[key] : undefined;
  return typeof name === 'string' ? [join(folder, name)] : [];
}

/** Metadata of the constructs of a stack; newer CDKs keep it in a separate file. */
function metadataOf(folder: string, { metadata, additionalMetadataFile }: Artifact): [string, Entry[]][] {
  const more = typeof additionalMetadataFile === 'string' ? json(join(folder, additionalMetadataFile)) : undefined;
  return [metadata, more].flatMap((part) =>
    Object.entries(isMapping(part) ? part : {}).map(([path, entries]): [string, Entry[]] => [
      path,
      (Array.isArray(entries) ? entries : []).filter(isMapping),
    ]),
  );
}

/** An acknowledgement by `Validations.of(construct).acknowledge()` holds for the construct and everything below it. */
function acknowledgements(metadata: readonly [string, Entry[]][]): Source['acknowledged'] {
  const recorded = metadata.flatMap(([path, entries]) =>
    entries
      .filter(({ type, data }) => type === 'aws:cdk:acknowledged-rules' && isMapping(data))
      .flatMap(({ data }) => Object.entries(data as Record<string, unknown>))
      .filter(([id]) => id.startsWith('Backpressure::'))
      .map(([id, reason]) => ({
        path: path.replace(/^\//, ''),
        id: id.slice('Backpressure::'.length),
        reason: String(reason),
      })),
  );
  return (constructPath) =>
    new Map(
      recorded
        .filter(({ path }) => constructPath === path || constructPath.startsWith(`${path}/`))
        .map(({ id, reason }) => [id, reason]),
    );
}

function json(file: string): unknown {
  try {
    // An empty object or `null` means that the file is there.
    return JSON.parse(readText(file)) ?? true;
  } catch {
    return undefined;
  }
}

/** The path of a file for messages: relative if it is below this folder, unchanged otherwise. */
export function called(file: string, folder = process.cwd()): string {
  const path = relative(folder, file);
  return path.startsWith('..') || basename(dirname(path)) === '..' ? file : path;
}
