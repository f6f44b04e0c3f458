/**
 * The names of one of several linked templates: what a reference in it means in all of them together.
 */

import { MAX_DEPTH } from '../../limits';
import { type Raw } from '../../raw';
import { isMapping } from '../../resolved';
import type { Expansion } from './sam/expand';

/** The output of another template that an import means. */
interface Source {
  readonly scope: Scope;
  readonly output: string;
}

/** One template among others. */
export class Scope {
  private readonly names = new Map<string, string>();
  private readonly arguments = new Map<string, { readonly outer: Scope; readonly raw: unknown }>();
  private readonly nested = new Map<string, Scope>();
  private source: (name: unknown) => Source | undefined = () => undefined;
  /** Outputs that are being worked out: two templates may import each other. */
  private readonly open = new Set<string>();

  /**
   * @param stem what tells its names from equal ones of another template
   * @param taken names that other templates have, to which it adds its own
   */
  constructor(
    stem: string,
    private readonly body: Raw,
    private readonly expansion: Expansion,
    taken: Set<string>,
  ) {
    const sections = [expansion.resources, body.Parameters, body.Mappings, body.Conditions];
    const outputs = Object.keys(isMapping(body.Outputs) ? body.Outputs : {}).map((id) => `Outputs ${id}`);
    const ids = new Set([...sections.flatMap((section) => Object.keys(isMapping(section) ? section : {})), ...outputs]);
    for (const id of ids) {
      let name = id;
      for (let n = 1; taken.has(name); n += 1) name = `${id} of ${stem}${n > 1 ? ` ${n}` : ''}`;
      taken.add(name);
      this.names.set(id, name);
    }
  }

  /** The name, among all templates, of a resource, a parameter, a mapping or a condition. */
  public name(id: string): string {
    return this.names.get(id) ?? id;
  }

  /** The parameters that a parent gives to its nested stack. */
  public given(outer: Scope, parameters: Raw): void {
    for (const [name, raw] of Object.entries(parameters)) this.arguments.set(name, { outer, raw });
  }

  /** A nested stack of it, under its logical id. */
  public nests(id: string, scope: Scope): void {
    this.nested.set(id, scope);
  }

  /** Where imported values come from. */
  public imports(source: (name: unknown) => Source | undefined): void {
    this.source = source;
  }

  /** A value of this template with the names that all templates have together. */
  public rewrite(raw: unknown, depth = 0): unknown {
    if (depth > MAX_DEPTH) return raw;
    if (Array.isArray(raw)) return raw.map((item) => this.rewrite(item, depth + 1));
    if (!isMapping(raw)) return raw;
    const keys = Object.keys(raw);
    if (keys.length === 1 && Object.hasOwn(this.functions, keys[0]))
      return this.functions[keys[0]](raw[keys[0]], depth + 1) ?? raw;
    return Object.fromEntries(
      Object.entries(raw).map(([key, value]) => [
        key,
        key === 'DependsOn' || (key === 'Condition' && typeof value === 'string')
          ? this.named(value)
          : this.rewrite(value, depth + 1),
      ]),
    );
  }

  private named(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each) => this.named(each));
    return typeof value === 'string' ? this.name(value) : value;
  }

  private readonly functions: Readonly<Record<string, (argument: unknown, depth: number) => unknown>> = {
    Ref: (argument, depth) => (typeof argument === 'string' ? this.referred(argument, depth) : undefined),
    Condition: (argument) => ({ Condition: this.named(argument) }),
    'Fn::GetAtt': (argument, depth) => {
      const [id, ...attribute] =
        typeof argument === 'string' ? argument.split('.') : Array.isArray(argument) ? argument : [];
      if (typeof id !== 'string' || attribute.some((part) => typeof part !== 'string')) return undefined;
      const [first = '', ...rest] = attribute.join('.').split('.');
      const nested = first === 'Outputs' ? this.nested.get(id) : undefined;
      if (nested) return nested.output(rest.join('.'), depth);
      const alias = this.expansion.aliases.get(`${id}.${first}`);
      return alias === undefined
        ? { 'Fn::GetAtt': [this.name(id), attribute.join('.')] }
        : { 'Fn::GetAtt': [this.name(alias), rest.join('.')] };
    },
    'Fn::Sub': (argument, depth) => {
      const [text, given] = Array.isArray(argument) ? argument : [argument, {}];
      if (typeof text !== 'string') return undefined;
      const variables: Raw = { ...(this.rewrite(isMapping(given) ? given : {}, depth) as Raw) };
      for (const [, name] of text.matchAll(/\$\{([^!{}][^{}]*)\}/g)) {
        const variable = name.trim();
        if (Object.hasOwn(variables, variable) || variable.startsWith('AWS::')) continue;
        variables[variable] = this.rewrite(
          variable.includes('.') ? { 'Fn::GetAtt': variable } : { Ref: variable },
          depth,
        );
      }
      return { 'Fn::Sub': [text, variables] };
    },
    'Fn::If': (argument, depth) => {
      if (!Array.isArray(argument)) return undefined;
      const [condition, ...branches] = argument;
      return { 'Fn::If': [this.named(condition), ...branches.map((branch) => this.rewrite(branch, depth))] };
    },
    'Fn::FindInMap': (argument, depth) => {
      if (!Array.isArray(argument)) return undefined;
      const [map, ...rest] = argument;
      const name = typeof map === 'string' ? this.name(map) : this.rewrite(map, depth);
      return { 'Fn::FindInMap': [name, ...rest.map((each) => this.rewrite(each, depth))] };
    },
    'Fn::ImportValue': (argument, depth) => {
      const source = this.source(argument);
      return source ? source.scope.output(source.output, depth) : { 'Fn::ImportValue': this.rewrite(argument, depth) };
    },
  };

  private referred(name: string, depth: number): unknown {
    const argument = this.arguments.get(name);
    if (argument) return argument.outer.rewrite(argument.raw, depth);
    const alias = this.expansion.aliases.get(name);
    return { Ref: this.name(alias ?? name) };
  }

  private output(id: string, depth: number): unknown {
    const outputs = isMapping(this.body.Outputs) ? this.body.Outputs : {};
    const raw = Object.hasOwn(outputs, id) ? outputs[id] : undefined;
    if (!isMapping(raw) || this.open.has(id)) return { 'Fn::ImportValue': id };
    this.open.add(id);
    const value = this.rewrite(raw.Value, depth);
    this.open.delete(id);
    return value;
  }
}
