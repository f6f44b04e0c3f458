/**
 * The states of a state machine: from its definition as a mapping, or as a text with references in it.
 */
import { type Resource, Value } from '../../document';
import { MAX_DEPTH } from '../../limits';
import { Composite, isMapping, Reference } from '../../resolved';

/** One state. */
export interface State {
  readonly name: string;
  readonly type: string;
  readonly body: Value;
  /** The states of its iterations or branches, and those within them. */
  readonly within: readonly State[];
}

/** Every state of a machine, those within others too. */
export function statesOf(machine: Resource): readonly State[] {
  const top = statesAt(definitionOf(machine));
  return top.flatMap((state) => [state, ...state.within]);
}

/** The definition; that of a text is read as JSON, with its references put back in their places. */
function definitionOf(machine: Resource): Value {
  const properties = machine.at('Properties');
  const definition = properties.at('Definition');
  const raw = definition.absent ? parsed(properties.at('DefinitionString')) : definition.resolved;
  const substitutions = properties.at('DefinitionSubstitutions');
  if (substitutions.absent && !definition.absent) return definition;
  const given = Object.fromEntries(substitutions.entries().map(([name, value]) => [name, value.resolved]));
  return new Value(machine, restored(raw, given), definition.absent ? properties.at('DefinitionString') : definition);
}

/** A text with a mark in place of each reference, parsed. */
function parsed(text: Value): unknown {
  const { resolved } = text;
  const parts = resolved instanceof Composite ? resolved.parts : [resolved];
  const references: Record<string, unknown> = {};
  const joined = parts
    .map((part, i) => {
      if (typeof part === 'string') return part;
      references[`bp:${i}`] = part;
      return `\${bp:${i}}`;
    })
    .join('');
  try {
    return restored(JSON.parse(joined), references);
  } catch {
    // Not decided, or no JSON.
    return undefined;
  }
}

/** A value in which every text that is one placeholder is what stands for it. */
function restored(raw: unknown, given: Readonly<Record<string, unknown>>, depth = 0): unknown {
  if (depth > MAX_DEPTH) return undefined;
  if (typeof raw === 'string') {
    const name = /^\$\{([^{}]+)\}$/.exec(raw)?.[1];
    return name !== undefined && Object.hasOwn(given, name) ? given[name] : raw;
  }
  if (Array.isArray(raw)) return raw.map((item) => restored(item, given, depth + 1));
  if (!isMapping(raw) || raw instanceof Reference) return raw;
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, restored(value, given, depth + 1)]));
}

/** Where states hold others. */
function statesAt(definition: Value, depth = 0): State[] {
  if (depth > MAX_DEPTH) return [];
  return definition
    .at('States')
    .entries()
    .map(([name, body]) => {
      const inner = [body.at('ItemProcessor'), body.at('Iterator'), ...body.at('Branches').items()];
      const direct = inner.flatMap((each) => statesAt(each, depth + 1));
      return {
        name,
        body,
        type: body.at('Type').text() ?? '',
        within: direct.flatMap((state) => [state, ...state.within]),
      };
    });
}
