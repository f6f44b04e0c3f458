/**
 * What is found in a template only once its deployer has chosen: certain when every branch of a condition has it, and a
 * warning when the defaults of the parameters have it.
 */
import type { Value } from '../document';
import type { Finding } from '../rule';
import type { Template } from './read/template';

/** A finding, and the place of it. */
export interface Placed {
  readonly at: Value;
  readonly finding: Finding;
}

/** Resources, times choices, that are judged again: a second of work. */
const MOST_RESOURCES = 5000;

/** Names of parameters in one message. */
const NAMED = 3;

/**
 * The findings beyond those that need no choice.
 *
 * @param found those that need none
 * @param judge the findings of the template under some choice
 * @param severities what the user has set for rules
 */
export function chosen(
  template: Template,
  found: readonly Placed[],
  judge: (other: Template) => readonly Placed[],
  severities: Readonly<Record<string, unknown>>,
): Placed[] {
  const known = new Set(found.map(keyOf));
  const certain = inBothBranches(template, judge).filter((one) => !known.has(keyOf(one)));
  for (const one of certain) known.add(keyOf(one));
  return [...certain, ...byDefault(template, known, judge, severities)];
}

function inBothBranches(template: Template, judge: (other: Template) => readonly Placed[]): Placed[] {
  const { choices } = template;
  if (choices.length * 2 * template.resources.length > MOST_RESOURCES) return [];
  const all = choices.flatMap((condition) => {
    const [yes, no] = [true, false].map((outcome) => judge(template.under({ conditions: { [condition]: outcome } })));
    const otherwise = new Set(no.map(keyOf));
    return yes
      .filter((one) => otherwise.has(keyOf(one)))
      .map((one) => said(one, `when ${condition} holds, and also when it does not`));
  });
  return [...new Map(all.map((one) => [keyOf(one), one])).values()];
}

function byDefault(
  template: Template,
  known: ReadonlySet<string>,
  judge: (other: Template) => readonly Placed[],
  severities: Readonly<Record<string, unknown>>,
): Placed[] {
  const all = template.defaultsIn();
  if (all.length === 0 || template.resources.length > MOST_RESOURCES) return [];
  const other = template.under({ defaults: true });
  return judge(other)
    .filter((one) => !known.has(keyOf(one)))
    .map((one) => {
      const own = template.defaultsIn(one.at.resource);
      const names = (own.length > 0 ? own : all).slice(0, NAMED).join(', ');
      const { finding } = said(one, `with the default of ${names}`);
      // Another value may have been given at every deployment.
      const severity = finding.ruleId in severities ? finding.severity : 'warning';
      return { at: one.at, finding: { ...finding, severity } };
    });
}

function said({ at, finding }: Placed, when: string): Placed {
  return { at, finding: { ...finding, message: `${finding.message}; ${when}` } };
}

function keyOf({ at, finding }: Placed): string {
  return `${finding.ruleId}\n${at.resource.name}\n${at.path}`;
}
