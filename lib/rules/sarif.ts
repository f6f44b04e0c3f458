/**
 * Findings in SARIF 2.1.0, the form in which code hosts and editors take findings.
 */
import type { Finding, Rule } from './rule';
import { RULES } from './table';

/** A finding, and the line in which it stands when that is known. */
export interface Located extends Finding {
  /** From 1; undefined when the file does not tell. */
  readonly line?: number;
}

/**
 * The log of one run.
 *
 * @param findings what was found
 * @param version of this package
 */
export function sarif(findings: readonly Located[], version: string): object {
  const ids = RULES.map(({ id }) => id);
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'backpressure', version, rules: RULES.map(descriptor) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => result(finding, ids.indexOf(finding.ruleId))),
      },
    ],
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
  const parts = file.split(/[\\/]/).map(encodeURIComponent).join('/');
  return file.startsWith('/') ? `file://${parts}` : parts;
}
