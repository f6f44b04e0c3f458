import { InvalidInputError } from '../flow/errors';
import { chosen, type Placed } from './cloudformation/choices';
import { Template } from './cloudformation/read/template';
import { CLOUDFORMATION_RULES } from './cloudformation/rules';
import { type Document, OverLimitError, type Resource, type Value } from './document';
import { EMBEDDED_RULES } from './embedded/rules';
import { Manifests } from './kubernetes/read/manifests';
import { KUBERNETES_RULES } from './kubernetes/rules';
import { MAX_MESSAGE, MAX_SECONDS, printable } from './limits';
import { own } from './own';
import type { Reading } from './read';
import type { Finding, Rule, Severity } from './rule';
import { spoken, spokenBeside } from './spoken';
import { RULES } from './table';

/** A rule's severity as a user wants it; `off` mutes it. */
export type Level = Severity | 'off';

/** Every level, worst first. */
export const LEVELS: readonly Level[] = ['error', 'warning', 'off'];

/** How the rules are run. */
export interface CheckOptions {
  /** Severities other than the rules' own, by rule id. Default: none. */
  readonly severities?: Readonly<Record<string, Level>>;
}

/** A file that could not be checked, and why. */
export interface Failure {
  /** The file; of manifests that are judged together, the first. */
  readonly file: string;
  /** The rule that failed on it; undefined when no rule could check it. */
  readonly ruleId?: string;
  /** One sentence: the error, and the limit if there is one. */
  readonly message: string;
  /** Whether the fault is a rule's rather than the file's. */
  readonly ours: boolean;
}

/** Findings, and files that could not be checked. */
export interface Verdict {
  /** In the order of the documents. */
  readonly findings: Finding[];
  readonly failures: Failure[];
}

/** Findings of a run in which some rule could not check some document. */
export class UnjudgedError extends Error {
  public readonly name = 'UnjudgedError';

  constructor(
    /** What could not be judged. */
    public readonly failures: readonly Failure[],
    /** What was found nevertheless. */
    public readonly findings: readonly Finding[],
  ) {
    super(failures.map(failureText).join('\n'));
  }
}

/**
 * Runs every rule over every document.
 *
 * @returns findings that are not acknowledged, in the order of the documents
 * @throws InvalidInputError when a severity names no rule, or is none
 * @throws UnjudgedError when a rule could not judge a document
 */
export function check(documents: readonly Document[], options: CheckOptions = {}): Finding[] {
  const { findings, failures } = judge(documents, options);
  if (failures.length > 0) throw new UnjudgedError(failures, findings);
  return findings;
}

/**
 * Runs every rule over every document. A rule that fails on one document still checks the others.
 *
 * @throws InvalidInputError when a severity names no rule, or is none
 */
export function judge(documents: readonly Document[], options: CheckOptions = {}): Verdict {
  const severities = options.severities ?? {};
  validateSeverities(severities);
  const verdicts = documents.map((document) => {
    document.allow(MAX_SECONDS);
    const { found, failures } = judgeOne(document, severities);
    const more =
      document instanceof Template
        ? chosen(document, found, (other) => judgeOne(other, severities).found, severities)
        : [];
    if (found.length + more.length === 0) return { findings: [], failures };
    // Under a choice of the deployer a resource is another object, of the same name.
    const places = new Map<Resource | string, number>(
      document.resources.flatMap((resource, place) => [[resource, place] as const, [resource.name, place] as const]),
    );
    const findings = [...found, ...more]
      .map(({ at, finding }) => ({
        place: places.get(at.resource) ?? places.get(at.resource.name) ?? 0,
        declared: document instanceof Manifests ? at.resource.source : document,
        finding,
      }))
      .sort((a, b) => a.place - b.place);
    return { findings, failures };
  });
  return {
    findings: once(verdicts.flatMap(({ findings }) => findings)),
    failures: verdicts.flatMap(({ failures }) => failures),
  };
}

/** What the rules find in one document, and what they could not judge. */
function judgeOne(document: Document, severities: Readonly<Record<string, Level>>) {
  const runs = rulesFor(document).map((rule) => run(rule, document, own(severities, rule.id)));
  return {
    found: runs.flatMap(({ found }) => found),
    failures: distinct(runs.flatMap(({ failure }) => failure ?? [])),
  };
}

/** A finding, and what declares its place: the manifest as the file has it, or the whole template. */
interface Declared {
  readonly declared: unknown;
  readonly finding: Finding;
}

/**
 * Each finding once: two overlays have the faults of their base. Names do not tell two objects of one file apart: it may
 * hold one name in several namespaces, and several templates with one logical id.
 */
function once(findings: readonly Declared[]): Finding[] {
  const numbers = new Map<unknown, number>();
  for (const { declared } of findings) if (!numbers.has(declared)) numbers.set(declared, numbers.size);
  const key = ({ declared, finding: { ruleId, file, resource, namespace, path, message } }: Declared) =>
    [numbers.get(declared), ruleId, file, resource, namespace ?? '', path, message].join('\n');
  return [...new Map(findings.map((one) => [key(one), one.finding])).values()];
}

/** Reads and checks; a file that cannot be read does not affect the findings of others. */
export function judgeEach(reading: Reading, options: CheckOptions = {}): Verdict {
  const { findings, failures } = judge(reading.documents, options);
  const unread = reading.unreadable.map(({ file, reason }) => ({ file, message: reason, ours: false }));
  return { findings, failures: [...unread, ...failures] };
}

/** A failure in one line. */
export function failureText({ file, message }: Failure): string {
  return `${printable(file)}: ${printable(message)}`;
}

/** A document over a limit fails for every rule; it is reported once. */
function distinct(failures: readonly Failure[]): Failure[] {
  return [...new Map(failures.map((failure) => [failure.message, failure])).values()];
}

/**
 * Refuses unknown rules and unknown severities.
 *
 * @throws InvalidInputError that names each of them
 */
export function validateSeverities(severities: Readonly<Record<string, string>>): void {
  const wrong = Object.entries(severities).flatMap(([id, level]) => {
    if (!RULES.some((rule) => rule.id === id))
      return [`severities names ${id}, which is not a rule; docs/rules.md lists them`];
    return (LEVELS as readonly string[]).includes(level)
      ? []
      : [`severity of ${id} must be one of ${LEVELS.join(', ')}, got ${level}`];
  });
  if (wrong.length > 0) throw new InvalidInputError('check', wrong);
}

/** The rules for documents of this engine. */
function rulesFor(document: Document): readonly Rule[] {
  const specific =
    document instanceof Template ? CLOUDFORMATION_RULES : document instanceof Manifests ? KUBERNETES_RULES : [];
  return [...(specific as readonly Rule[]), ...EMBEDDED_RULES];
}

interface Run {
  readonly found: readonly Placed[];
  readonly failure?: Failure;
}

function run(rule: Rule, document: Document, level: Level | undefined): Run {
  const found: { at: Value; finding: Finding }[] = [];
  if (level === 'off') return { found };
  try {
    for (const { at, message, fix, severity, instead } of rule.check(document)) {
      if (at.resource.acknowledged.has(rule.id)) continue;
      const finding: Finding = {
        ruleId: rule.id,
        severity: level ?? severity ?? rule.severity,
        file: at.resource.file,
        resource: at.resource.ownerOf(at.path),
        ...namespaced(at.resource),
        path: at.resource.declaredPath(at.path),
        message: clipped(spoken(message)),
        fix: clipped(spokenBeside(fix)),
        ...(instead === undefined ? {} : { instead }),
      };
      found.push({ at, finding });
    }
    return { found };
  } catch (error) {
    return { found, failure: failureOf(rule, document, error) };
  }
}

function failureOf({ id }: Rule, document: Document, error: unknown): Failure {
  const [file = '', ...others] = new Set(document.resources.map((resource) => resource.file));
  if (error instanceof OverLimitError) return { file, message: error.message, ours: false };
  const met = clipped(error instanceof Error ? error.message : String(error));
  return {
    file,
    ruleId: id,
    message: `rule ${id} could not judge it${others.length > 0 ? ` and ${others.length} more` : ''}, a bug of backpressure, please report it: ${met}`,
    ours: true,
  };
}

/** The namespace that a manifest names. */
function namespaced(resource: Resource): Pick<Finding, 'namespace'> {
  if (!(resource.document instanceof Manifests)) return {};
  const namespace = resource.at('metadata', 'namespace').text();
  return namespace ? { namespace } : {};
}

/** A message that is safe to print with any names in it. */
function clipped(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE)}…`;
}
