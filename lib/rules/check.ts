import { InvalidInputError } from '../flow/errors';
import { CARRIED_RULES } from './carried/rules';
import { CLOUDFORMATION_RULES } from './cloudformation/rules';
import { Template } from './cloudformation/template';
import type { Document, Value } from './document';
import { Manifests } from './kubernetes/manifests';
import { KUBERNETES_RULES } from './kubernetes/rules';
import type { Finding, Rule, Severity } from './rule';
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

/**
 * Runs every rule over every document.
 *
 * @returns what was found and is not acknowledged, in the order of the documents
 * @throws InvalidInputError when a severity names no rule, or is none
 */
export function check(documents: readonly Document[], options: CheckOptions = {}): Finding[] {
  const severities = options.severities ?? {};
  validateSeverities(severities);
  return documents.flatMap((document) => {
    const found = rulesFor(document).flatMap((rule) => run(rule, document, severities[rule.id] ?? rule.severity));
    const places = new Map(document.resources.map((resource, place) => [resource, place]));
    return found
      .map(({ at, finding }) => ({ place: places.get(at.resource) ?? 0, finding }))
      .sort((a, b) => a.place - b.place)
      .map(({ finding }) => finding);
  });
}

/**
 * Refuses severities that name no rule, or that are none.
 *
 * @throws InvalidInputError that names each of them
 */
export function validateSeverities(severities: Readonly<Record<string, string>>): void {
  const wrong = Object.entries(severities).flatMap(([id, level]) => {
    if (!RULES.some((rule) => rule.id === id))
      return [`severities names ${id}, which is no rule; docs/rules.md lists them`];
    return (LEVELS as readonly string[]).includes(level)
      ? []
      : [`severity of ${id} must be one of ${LEVELS.join(', ')}, got ${level}`];
  });
  if (wrong.length > 0) throw new InvalidInputError('check', wrong);
}

/** The rules that can say something about a document of this engine. */
function rulesFor(document: Document): readonly Rule[] {
  const own =
    document instanceof Template ? CLOUDFORMATION_RULES : document instanceof Manifests ? KUBERNETES_RULES : [];
  return [...(own as readonly Rule[]), ...CARRIED_RULES];
}

function run(rule: Rule, document: Document, level: Level): { at: Value; finding: Finding }[] {
  if (level === 'off') return [];
  return [...rule.check(document)]
    .filter(({ at }) => !at.resource.acknowledged.has(rule.id))
    .map(({ at, message, fix }) => ({
      at,
      finding: {
        ruleId: rule.id,
        severity: level,
        file: at.resource.file,
        resource: at.resource.name,
        path: at.path,
        message,
        fix,
      },
    }));
}
