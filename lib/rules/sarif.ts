/**
 * Findings in SARIF 2.1.0, the format that code hosts and editors read.
 */
import type { Failure } from './check';
import { linkOf } from './link';
import type { NotRead } from './not-read';
import type { Finding, Rule } from './rule';
import { RULES } from './table';

/** A finding, and its line if known. */
export interface Located extends Finding {
  /** From 1; undefined when the file does not tell. */
  readonly line?: number;
  /** The path of the construct that made the resource, when the file has it. */
  readonly constructPath?: string;
  /** What `--fix` would replace. */
  readonly replacement?: Replaced;
}

/** A piece of a file between two places, and what to put there. */
export interface Replaced {
  readonly from: Place;
  readonly until: Place;
  readonly text: string;
}

/** A place in a file: line and column, from 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** How a run ended, beside its findings. */
export interface Outcome {
  /** What could not be judged. */
  readonly failures: readonly Failure[];
  /** What no rule has read. Default: nothing. */
  readonly notRead?: readonly NotRead[];
  /** Of the process. */
  readonly exitCode: number;
  /** How many findings a baseline holds; undefined without a baseline. */
  readonly known?: number;
}

/**
 * The log of one run.
 *
 * @param findings what was found
 * @param version of this package
 * @param outcome how it ended. Default: everything could be judged
 */
export function sarif(findings: readonly Located[], version: string, outcome?: Outcome): object {
  const ids = RULES.map(({ id }) => id);
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'backpressure', version, rules: RULES.map(descriptor) } },
        ...(outcome === undefined || outcome.failures.length + (outcome.notRead ?? []).length === 0
          ? {}
          : { invocations: [invocation(outcome)] }),
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => ({
          ...result(finding, ids.indexOf(finding.ruleId)),
          // Those of the baseline are not reported.
          ...(outcome?.known === undefined ? {} : { baselineState: 'new' }),
        })),
      },
    ],
  };
}

function invocation({ failures, notRead = [], exitCode }: Outcome): object {
  const failed = failures.map(({ file, ruleId, message }) => ({
    level: 'error',
    message: { text: `${message}.` },
    locations: [{ physicalLocation: { artifactLocation: { uri: uri(file) } } }],
    ...(ruleId === undefined ? {} : { associatedRule: { id: ruleId } }),
  }));
  const passedOver = notRead.map(({ file, what, count }) => ({
    level: 'note',
    message: { text: `Not read: ${count} × ${what}.` },
    locations: [{ physicalLocation: { artifactLocation: { uri: uri(file) } } }],
  }));
  return {
    executionSuccessful: failures.length === 0,
    exitCode,
    toolExecutionNotifications: [...failed, ...passedOver],
  };
}

function descriptor(rule: Rule<never>): object {
  return {
    id: rule.id,
    shortDescription: { text: `${rule.title}.` },
    fullDescription: { text: rule.why },
    help: { text: `${rule.why}\nSource: ${rule.source}.` },
    helpUri: linkOf(rule.id),
    defaultConfiguration: { level: rule.severity },
  };
}

function result(finding: Located, ruleIndex: number): object {
  const { ruleId, severity, file, path, message, fix, line, constructPath, replacement } = finding;
  const resource = withNamespace(finding);
  return {
    ruleId,
    ruleIndex,
    level: severity,
    message: { text: `${message}. Fix: ${fix}.` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uri(file) },
          ...(line === undefined ? {} : { region: { startLine: line } }),
        },
        logicalLocations: [
          { name: resource, fullyQualifiedName: path === '' ? resource : `${resource}.${path}` },
          ...(constructPath === undefined ? [] : [{ fullyQualifiedName: constructPath, kind: 'resource' }]),
        ],
      },
    ],
    // Identifies the finding in the next run, even if it has moved in the file.
    partialFingerprints: { 'ruleAndPlace/v1': `${ruleId} ${resource} ${path}` },
    ...(replacement === undefined ? {} : { fixes: [fixWith(file, fix, replacement)] }),
  };
}

/** The resource, after its namespace as acknowledgements name it: a file may hold one name in several namespaces. */
function withNamespace({ namespace, resource }: Finding): string {
  return namespace === undefined ? resource : `${namespace}/${resource}`;
}

function fixWith(file: string, text: string, { from, until, text: inserted }: Replaced): object {
  const deletedRegion = {
    startLine: from.line,
    startColumn: from.column,
    endLine: until.line,
    endColumn: until.column,
  };
  return {
    description: { text: `${text}.` },
    artifactChanges: [
      { artifactLocation: { uri: uri(file) }, replacements: [{ deletedRegion, insertedContent: { text: inserted } }] },
    ],
  };
}

/** A path as a URI reference, relative paths kept relative. */
function uri(file: string): string {
  // Through bytes and back, so that half of a surrogate pair does not make encodeURIComponent throw.
  const parts = Buffer.from(file).toString().split(/[\\/]/).map(encodeURIComponent).join('/');
  return file.startsWith('/') ? `file://${parts}` : parts;
}
