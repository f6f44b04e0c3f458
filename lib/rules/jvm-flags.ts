/** Flags of a JVM, wherever a document gives them. */
import { SERVER_CLASS } from '../flow/jvm/collectors';
import type { Value } from './document';
import { mebibytes } from './kubernetes/read/quantities';
import type { Found } from './rule';

/** Of the container's memory: the rest is for metaspace, code cache, thread stacks and direct buffers. */
const HEAP_SHARE = 0.8;

/** A heap so small is collected in a moment by any collector. */
const SMALL_HEAP_BYTES = 256 * 2 ** 20;

/** Variables that a JVM, or the script that starts it, reads flags from. */
export const FLAG_VARIABLES = /(OPTS|OPTIONS|ARGS|ARGUMENTS|FLAGS|PARAMS)$|JAVA|JVM|HEAP/i;

/** Collectors, by the flag that selects them. */
export const COLLECTORS: Readonly<Record<string, string>> = {
  UseZGC: 'ZGC',
  UseShenandoahGC: 'Shenandoah',
  UseSerialGC: 'Serial',
  UseParallelGC: 'Parallel',
  UseG1GC: 'G1',
  UseConcMarkSweepGC: 'CMS',
  UseEpsilonGC: 'Epsilon',
};

/** A container, and the places in which it gives flags to a JVM. */
export interface JavaContainer {
  readonly container: Value;
  readonly flags: readonly FlagText[];
  /** Whether more flags may come from where nothing is known: a Secret, a parameter. */
  readonly more: boolean;
}

/** A place with flags. */
export interface FlagText {
  readonly at: Value;
  readonly text: string;
}

/** How a format names the parts of a container. */
export interface ContainerKeys {
  /** Lists of words of its command. */
  readonly words: readonly string[];
  /** The list of its variables, and in each the name and the value. */
  readonly variables: string;
  readonly name: string;
  readonly value: string;
}

/** The texts of a container in which flags of a JVM may be. */
export interface JavaTexts {
  /** Of its command. */
  readonly words: readonly FlagText[];
  /** Of its variables. */
  readonly variables: readonly FlagText[];
  /** Whether the document does not say what is in one of them, or names a file with more. */
  readonly more: boolean;
}

/** Command and variables of a container. */
export function javaTexts(container: Value, keys: ContainerKeys): JavaTexts {
  const words = keys.words.flatMap((key): FlagText[] => {
    const at = container.at(key);
    const text = at.items().map((word) => word.text() ?? '');
    return text.length === 0 ? [] : [{ at, text: text.join(' ') }];
  });
  const named = container
    .at(keys.variables)
    .items()
    .filter((variable) => FLAG_VARIABLES.test(variable.at(keys.name).text() ?? ''))
    .map((variable) => variable.at(keys.value));
  return {
    words,
    variables: named.map((at) => ({ at, text: at.text() ?? '' })),
    more: named.some((at) => at.text() === undefined) || words.some(({ text }) => /\s@/.test(text)),
  };
}

/** Whether a text has flags of a JVM in it. */
export function hasFlags({ text }: FlagText): boolean {
  return /(^|\s|["'])-X/.test(text);
}

/** Whether the command starts a JVM by its launcher. */
export function isLauncher(words: string): boolean {
  return /^(\S*\/)?java(\s|$)/.test(words);
}

/** `-Xmx4g`; of several, a JVM takes the last. */
export function heapBytes(text: string): number | undefined {
  return sizeOf(text, '-Xmx');
}

/** The last of the sizes that a flag has in a text. */
function sizeOf(text: string, flag: string): number | undefined {
  const match = [...text.matchAll(new RegExp(`${flag}(\\d+)([kKmMgGtT]?)\\b`, 'g'))].pop();
  if (!match) return undefined;
  const power = ['', 'k', 'm', 'g', 't'].indexOf(match[2].toLowerCase());
  return Number(match[1]) * 1024 ** power;
}

/** Whether the flag is switched on, or has that value. */
export function gives(text: string, flag: string): boolean {
  const form = flag.includes('=') ? flag : `\\+${flag}`;
  return new RegExp(`-XX:${form}(?![\\w=])`).test(text);
}

/** The collectors that flags select. */
export function chosenCollectors(text: string): string[] {
  const given = new Set([...text.matchAll(/-XX:\+(\w+)/g)].map(([, flag]) => flag));
  return Object.keys(COLLECTORS).filter((flag) => given.has(flag));
}

/** All flags of a container in one text. */
export function allFlags({ flags }: JavaContainer): string {
  return flags.map(({ text }) => text).join(' ');
}

/** Flags that bound what a JVM has beside its heap: where all of them are given, a large heap may leave less than a fifth. */
const BOUNDS = ['MaxMetaspaceSize', 'ReservedCodeCacheSize', 'MaxDirectMemorySize'];
/** What none of them bounds: stacks, and the collector's own tables of a heap. */
const UNBOUNDED_BYTES = 64 * 2 ** 20;
const TABLES_SHARE = 0.05;

/** The memory beside the heap that the flags bound; undefined where one of them is missing. */
function besideHeap(text: string, heap: number): number | undefined {
  const bounds = BOUNDS.map((flag) => sizeOf(text, `-XX:${flag}=`));
  if (!bounds.every((bound) => bound !== undefined)) return undefined;
  return bounds.reduce((sum, bound) => sum + bound, UNBOUNDED_BYTES + TABLES_SHARE * heap);
}

/** A heap that leaves too little of a limit for everything else, or that was given none. */
export function* largeHeap({ at, text }: FlagText, limit: number | undefined, limitName: string): Iterable<Found> {
  const heap = heapBytes(text);
  const beside = heap === undefined ? undefined : besideHeap(text, heap);
  const isBounded = heap !== undefined && limit !== undefined && beside !== undefined && heap + beside <= limit;
  if (heap !== undefined && limit !== undefined && heap > HEAP_SHARE * limit && !isBounded) {
    yield {
      at,
      message: `a heap of ${mebibytes(heap)} in a container of ${mebibytes(limit)}, above ${HEAP_SHARE * 100} %: with other memory it can exceed the limit`,
      fix: `set ${limitName} to ${mebibytes(Math.ceil(heap / HEAP_SHARE))} or more, or -Xmx to ${Math.floor((HEAP_SHARE * limit) / 2 ** 20)}m`,
    };
  }
  const share = Number(/-XX:MaxRAMPercentage=(\d+(?:\.\d+)?)/.exec(text)?.[1]);
  if (share > HEAP_SHARE * 100) {
    yield {
      at,
      message: `MaxRAMPercentage ${share} leaves ${Math.round(100 - share)} % beside the heap, less than ${100 - HEAP_SHARE * 100} %`,
      fix: `set MaxRAMPercentage to ${HEAP_SHARE * 100} or less`,
    };
  }
}

/** Whether a JVM without a named collector, and with a heap of any size, is left to choose one by its container. */
export function choosesItself(jvm: JavaContainer): boolean {
  const text = allFlags(jvm);
  if (jvm.more || chosenCollectors(text).length > 0 || gives(text, 'AlwaysActAsServerClassMachine')) return false;
  return (heapBytes(text) ?? Number.POSITIVE_INFINITY) > SMALL_HEAP_BYTES;
}

/** Processors that the flags name. */
export function namedProcessors(text: string): number | undefined {
  const found = /-XX:ActiveProcessorCount=(\d+)/.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Why a JVM that chooses its collector takes Serial; undefined where it does not, or where that is not known. */
export function serialBecause(processors: number | undefined, memory: number | undefined): string | undefined {
  if (processors !== undefined && processors < SERVER_CLASS.processors) {
    return `counts ${processors} processor, fewer than ${SERVER_CLASS.processors}`;
  }
  if (memory !== undefined && memory < SERVER_CLASS.bytes) {
    return `has ${mebibytes(memory)}, less than ${mebibytes(SERVER_CLASS.bytes)}`;
  }
  return undefined;
}

/** What to do where a JVM takes Serial. */
export const NAME_THE_COLLECTOR =
  'name the collector: -XX:+UseG1GC, or -XX:+UseSerialGC where its pauses are short enough for the heap';
