/**
 * Findings in SARIF 2.1.0, the form in which code hosts and editors take findings.
 */
import type { Failure } from './check';
import type { Finding, Rule } from './rule';
import { RULES } from './table';

/** A finding, and the line in which it stands when that is known. */
export interface Located extends Finding {
  /** From 1; undefined when the file does not tell. */
  readonly line?: number;
}

/** How a run ended, beside its findings. */
export interface Outcome {
  /** What could not be judged. */
  readonly failures: readonly Failure[];
  /** Of the process. */
  readonly exitCode: number;
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
        ...(outcome === undefined || outcome.failures.length === 0 ? {} : { invocations: [invocation(outcome)] }),
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => result(finding, ids.indexOf(finding.ruleId))),
      },
    ],
  };
}

function invocation({ failures, exitCode }: Outcome): object {
  return {
    executionSuccessful: false,
    exitCode,
    toolExecutionNotifications: failures.map(({ file, ruleId, message }) => ({
      level: 'error',
      message: { text: `${message}.` },
      locations: [{ physicalLocation: { artifactLocation: { uri: uri(file) } } }],
      ...(ruleId === undefined ? {} : { associatedRule: { id: ruleId } }),
    })),
  };
}

function descriptor(rule: Rule<never>): object {
  return {
    id: rule.id,
    shortDescription: { text: `${rule.title}.` },
    fullDescription: { text: rule.why },
    help: { text: `${rule.why}\nSource: ${rule.source}.` },
    defaultConfiguration: { level: rule.severity },
  };
}

function result({ ruleId, severity, file, resource, path, message, fix, line }: Located, ruleIndex: number): object {
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
        logicalLocations: [{ name: resource, fullyQualifiedName: path === '' ? resource : `${resource}.${path}` }],
      },
    ],
    // What makes it the same finding in the next run, wherever in the file it then stands.
    partialFingerprints: { 'ruleAndPlace/v1': `${ruleId} ${resource} ${path}` },
  };
}

/** A path as a URI reference, relative paths kept relative. */
function uri(file: string): string {
  // Through bytes and back, so that half of a surrogate pair does not make encodeURIComponent throw.
  const parts = Buffer.from(file).toString().split(/[\\/]/).map(encodeURIComponent).join('/');
  return file.startsWith('/') ? `file://${parts}` : parts;
}
