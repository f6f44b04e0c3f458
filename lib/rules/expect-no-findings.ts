import { type CheckOptions, check } from './check';
import { describe } from './describe';
import { documentsFrom, readDocuments } from './read';

/**
 * Fails a unit test when a rule finds anything in a document.
 *
 * ```ts
 * expectNoFindings(Template.fromStack(stack).toJSON());
 * expectNoFindings(Testing.synth(chart));
 * ```
 *
 * @param document a parsed CloudFormation template, the parsed manifests of a chart, or the text of either
 * @param options severities other than the rules' own; `off` leaves a rule out. Default: every rule, warnings too
 * @throws Error that lists every finding with its fix
 * @throws UnreadableError when it is neither a template nor manifests, or over a limit of docs/rules.md
 * @throws UnjudgedError when a rule could not judge it
 */
export function expectNoFindings(document: object | string, options: CheckOptions = {}): void {
  const documents =
    typeof document === 'string'
      ? readDocuments([{ file: 'document', text: document }])
      : documentsFrom([{ file: 'document', parsed: document }]);
  const findings = check(documents, options);
  if (findings.length > 0)
    throw new Error(`expected no findings, got ${findings.length}:\n${findings.map(describe).join('\n')}`);
}
