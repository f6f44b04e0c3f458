/**
 * What the expressions of a Terraform configuration refer to: resources of the plan, also through variables and outputs of
 * modules. A plan holds no local values, so what goes through one is not known.
 */

import { own } from '../own';
import { mapping, type Raw } from '../raw';
import { isMapping } from '../resolved';
import type { Sources } from './cell';

/** Steps that all references of a plan together may take; modules within modules would multiply without end. */
const MOST_STEPS = 500_000;

/** Modules and variables through which one reference goes. */
const MOST_LEVELS = 40;

/** Addresses that one reference may mean. */
const MOST_FOUND = 100;

/** A resource of the plan, as references name it. */
export interface Instance {
  readonly address: string;
  /** The address of its module; empty for the root. */
  readonly module: string;
  /** `aws_sqs_queue.orders`, with `data.` before it for a data source. */
  readonly name: string;
  readonly index?: string | number;
}

/** Whose expression it is: of one of several by `count` or `for_each`. */
export interface Self {
  readonly index?: string | number;
  readonly config: Raw;
}

/** One module of the plan. */
interface Scope {
  readonly address: string;
  readonly config: Raw;
  readonly outer?: { readonly scope: Scope; readonly call: Raw; readonly index?: string | number };
}

const NOTHING: Sources = { resources: [], open: false };
const CONSTANT: Sources = { resources: [], open: false, constant: true };
const OPEN: Sources = { resources: [], open: true };

/** The references of one plan. */
export class References {
  private readonly byName = new Map<string, Instance[]>();
  private readonly scopes = new Map<string, Scope | undefined>();
  private readonly modules = new Map<string, Set<string>>();
  private steps = 0;

  constructor(
    private readonly root: Raw,
    instances: readonly Instance[],
  ) {
    for (const one of instances) {
      const key = `${one.module}\n${one.name}`;
      const same = this.byName.get(key);
      if (same) same.push(one);
      else this.byName.set(key, [one]);
      this.register(one.module);
    }
  }

  /** The configuration of a resource; undefined when the plan has none. */
  public configOf(module: string, name: string): Raw | undefined {
    const { resources } = this.scope(module)?.config ?? {};
    const [type, ...rest] = name.replace(/^data\./, '').split('.');
    const mode = name.startsWith('data.') ? 'data' : 'managed';
    if (!Array.isArray(resources)) return undefined;
    let known = CONFIGS.get(resources);
    if (!known) {
      known = new Map(
        resources.filter(isMapping).map((each) => [`${each.mode ?? 'managed'} ${each.type}.${each.name}`, each]),
      );
      CONFIGS.set(resources, known);
    }
    return known.get(`${mode} ${type}.${rest.join('.')}`);
  }

  /** What an expression refers to. */
  public sources(expression: unknown, module: string, self: Self, level = 0): Sources {
    const scope = this.scope(module);
    const references = isMapping(expression) ? expression.references : undefined;
    if (isMapping(expression) && 'constant_value' in expression) return CONSTANT;
    if (!scope || !Array.isArray(references)) return NOTHING;
    const texts = references.filter((each): each is string => typeof each === 'string');
    // An index stands among the references, and where it belongs is not told: its own key is meant if it can be no other.
    const isOwnKey =
      texts.some((text) => /^(each\.key|count\.index)$/.test(text)) &&
      !texts.some((text) => /^(each\.value|var|local|module)\b/.test(text));
    const found = texts
      .filter((text) => !texts.some((other) => other.startsWith(`${text}.`) || other.startsWith(`${text}[`)))
      .map((text) => this.follow(text, scope, self, level, isOwnKey));
    const resources = found.flatMap((one) => one.resources);
    if (resources.length > MOST_FOUND) return OPEN;
    return joinedSources(found);
  }

  private follow(text: string, scope: Scope, self: Self, level: number, isOwnKey: boolean): Sources {
    this.steps += 1;
    if (this.steps > MOST_STEPS || level > MOST_LEVELS) return OPEN;
    const parts = partsOf(text);
    const [first, second] = parts;
    switch (first) {
      case 'each':
        return second === 'value' ? this.eachValue(scope, self, level) : CONSTANT;
      case 'count':
      case 'path':
      case 'terraform':
        return CONSTANT;
      case 'self':
        return NOTHING;
      case 'local':
        return OPEN;
      case 'var': {
        // Those of the root have values before there is a plan.
        if (!scope.outer) return CONSTANT;
        const { scope: outer, call, index } = scope.outer;
        const expression = own(mapping(call.expressions), String(second));
        if (expression === undefined) return CONSTANT;
        return this.sources(expression, outer.address, { index, config: call }, level + 1);
      }
      case 'module':
        return this.output(parts, scope, self, level, isOwnKey);
      default:
        return this.instances(parts, scope, self, isOwnKey);
    }
  }

  /** What the value of its key refers to: of several resources, that of the same key. */
  private eachValue(scope: Scope, self: Self, level: number): Sources {
    const expression = self.config.for_each_expression;
    const texts = isMapping(expression) && Array.isArray(expression.references) ? expression.references : [];
    const references = { references: [...texts, 'each.key'] };
    return texts.length === 0
      ? this.sources(expression, scope.address, self, level + 1)
      : this.sources(references, scope.address, self, level + 1);
  }

  /** What an output of a module refers to. */
  private output(
    parts: readonly (string | Index)[],
    scope: Scope,
    self: Self,
    level: number,
    isOwnKey: boolean,
  ): Sources {
    const [, name, third, fourth] = parts;
    const index = third instanceof Index ? third.key : undefined;
    const output = third instanceof Index ? fourth : third;
    const prefix = `${scope.address === '' ? '' : `${scope.address}.`}module.${name}`;
    if (typeof output !== 'string') return OPEN;
    const all = [...(this.modules.get(prefix) ?? [])];
    const keyed = (key: unknown) => all.filter((address) => address === `${prefix}${written(key)}`);
    const own_ = index !== undefined ? keyed(index) : self.index !== undefined && isOwnKey ? keyed(self.index) : [];
    const found = (own_.length > 0 ? own_ : all).map((address) => {
      const inner = this.scope(address);
      const declared = mapping(own(mapping(inner?.config.outputs), output));
      return this.sources(declared.expression, address, { config: {} }, level + 1);
    });
    return joinedSources(found);
  }

  private instances(parts: readonly (string | Index)[], scope: Scope, self: Self, isOwnKey: boolean): Sources {
    const data = parts[0] === 'data';
    const [type, name, ...rest] = data ? parts.slice(1) : parts;
    const all = this.byName.get(`${scope.address}\n${data ? 'data.' : ''}${type}.${name}`) ?? [];
    const index = rest[0] instanceof Index ? rest[0].key : undefined;
    const attribute = rest.find((part) => typeof part === 'string');
    const own_ = all.filter((one) => one.index === (index ?? self.index));
    const meant = index !== undefined || (isOwnKey && own_.length > 0 && all.length > 1) ? own_ : all;
    if (meant.length > MOST_FOUND) return OPEN;
    return {
      resources: meant.map(({ address }) => ({ address, attribute: typeof attribute === 'string' ? attribute : '' })),
      open: false,
      chosen: meant.length > 1 && self.index !== undefined,
    };
  }

  private register(address: string): void {
    for (const step of stepsOf(address)) {
      const prefix = `${step.before === '' ? '' : `${step.before}.`}module.${step.name}`;
      const known = this.modules.get(prefix) ?? new Set();
      known.add(step.address);
      this.modules.set(prefix, known);
    }
  }

  /** The module at an address, with its configuration. */
  private scope(address: string): Scope | undefined {
    if (this.scopes.has(address)) return this.scopes.get(address);
    let scope: Scope | undefined = { address: '', config: this.root };
    for (const step of stepsOf(address)) {
      const call: unknown = scope && own(mapping(scope.config.module_calls), step.name);
      scope =
        scope && isMapping(call)
          ? { address: step.address, config: mapping(call.module), outer: { scope, call, index: step.index } }
          : undefined;
    }
    this.scopes.set(address, scope);
    return scope;
  }
}

/** What several references together refer to. */
function joinedSources(all: readonly Sources[]): Sources {
  return {
    resources: all.flatMap(({ resources }) => resources),
    open: all.some(({ open }) => open),
    chosen: all.some(({ chosen }) => chosen),
    constant: all.length > 0 && all.every(({ constant }) => constant),
  };
}

const CONFIGS = new WeakMap<object, Map<string, Raw>>();

/** `[0]` or `["key"]`. */
class Index {
  constructor(public readonly key: string | number) {}
}

/** The names and indices of a reference. */
function partsOf(text: string): (string | Index)[] {
  return [...text.matchAll(/\[("(?:[^"\\]|\\.)*"|\d+)\]|[^.[\]]+/g)].map(([part, index]) =>
    index === undefined ? part : new Index(keyIn(index)),
  );
}

function keyIn(index: string): string | number {
  try {
    return JSON.parse(index);
  } catch {
    return index;
  }
}

function written(key: unknown): string {
  return typeof key === 'number' || typeof key === 'string' ? `[${JSON.stringify(key)}]` : '';
}

interface Step {
  readonly before: string;
  readonly name: string;
  readonly index?: string | number;
  readonly address: string;
}

/** The modules of an address, from the outermost. */
function stepsOf(address: string): Step[] {
  const steps: Step[] = [];
  for (const match of address.matchAll(/module\.([^.[]+)(?:\[("(?:[^"\\]|\\.)*"|\d+)\])?(?:\.|$)/g)) {
    const before = steps[steps.length - 1]?.address ?? '';
    const end = match.index + match[0].length;
    const index = match[2] === undefined ? {} : { index: keyIn(match[2]) };
    steps.push({ before, name: match[1], ...index, address: address.slice(0, end).replace(/\.$/, '') });
  }
  return steps;
}
