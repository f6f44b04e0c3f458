/**
 * Templates that are one app: a stack that imports what another one exports, and a nested stack with its parameters.
 * They become one template, so that a queue in one and its function in another are judged as if they stood together.
 */

import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { grouped } from '../../../flow/grouped';
import { mapping, type Raw } from '../../raw';
import { isMapping } from '../../resolved';
import { expansionOf } from './expansion';
import { type Expansion, isSam } from './sam/expand';
import { Scope } from './scope';

/** A template, and its name in findings. */
export interface Unit {
  readonly file: string;
  readonly body: Raw;
  readonly acknowledged?: (constructPath: string) => ReadonlyMap<string, string>;
}

/** A template that stands in several files. */
export interface Linked {
  readonly body: Raw;
  /** The members by the names of their resources. */
  readonly members: ReadonlyMap<string, { readonly unit: Unit; readonly local: string; readonly raw: unknown }>;
  readonly origins: Expansion['origins'];
  readonly unread: readonly string[];
}

/** One template that others are linked to. */
export interface Member {
  readonly unit: Unit;
  readonly expansion: Expansion;
  readonly scope: Scope;
}

/** What one template takes of another. */
interface Bond {
  readonly from: Unit;
  readonly to: Unit;
}

/** The templates, with those that are one app linked. */
export function link(units: readonly Unit[]): (Unit | Linked)[] {
  const bonds = units.length < 2 ? [] : bondsOf(units);
  if (bonds.length === 0) return [...units];
  const group = new Map(units.map((unit) => [unit, unit]));
  const root = (unit: Unit): Unit => (group.get(unit) === unit ? unit : root(group.get(unit)!));
  for (const { from, to } of bonds) if (root(from) !== root(to)) group.set(root(to), root(from));
  const groups = grouped(units.map((unit) => [root(unit), unit] as const));
  return [...groups.values()].map((members) => (members.length === 1 ? members[0] : joined(members)));
}

function bondsOf(units: readonly Unit[]): Bond[] {
  const exports = exportsOf(units);
  const imports = units.flatMap((from) =>
    importsIn(from.body).flatMap((name) => {
      const owner = exports.get(name);
      return owner && owner.unit !== from ? [{ from, to: owner.unit }] : [];
    }),
  );
  return [...imports, ...nestedIn(units).map(({ parent, child }) => ({ from: parent, to: child }))];
}

/** An output that is exported, with its template. */
interface Exported {
  readonly unit: Unit;
  readonly output: string;
}

/** The exports of some templates by name; a name that two of them have is nobody's. */
export function exportsOf(units: readonly Unit[]): ReadonlyMap<string, Exported> {
  const all = units.flatMap((unit) =>
    Object.entries(mapping(unit.body.Outputs)).flatMap(([output, raw]) => {
      const name = nameOf(mapping(mapping(raw).Export).Name);
      return name === undefined ? [] : [[name, { unit, output }] as const];
    }),
  );
  const byName = grouped(all);
  return new Map([...byName].flatMap(([name, owners]) => (owners.length === 1 ? [[name, owners[0]] as const] : [])));
}

/** The name of an export as a text, with a star for each part that the deployment decides. */
export function nameOf(raw: unknown): string | undefined {
  if (typeof raw === 'string') return raw;
  if (!isMapping(raw)) return undefined;
  const sub = raw['Fn::Sub'];
  const text = Array.isArray(sub) ? sub[0] : sub;
  if (typeof text === 'string') return text.replace(/\$\{[^}]*\}/g, '*');
  const join = raw['Fn::Join'];
  if (!Array.isArray(join) || typeof join[0] !== 'string' || !Array.isArray(join[1])) return undefined;
  return join[1].map((part) => (typeof part === 'string' ? part : '*')).join(join[0]);
}

function importsIn(raw: unknown, found: string[] = []): string[] {
  if (Array.isArray(raw)) for (const item of raw) importsIn(item, found);
  else if (isMapping(raw)) {
    for (const [key, value] of Object.entries(raw)) {
      if (key !== 'Fn::ImportValue') importsIn(value, found);
      else {
        const name = nameOf(value);
        if (name !== undefined) found.push(name);
      }
    }
  }
  return found;
}

/** A nested stack, and the template that it deploys. */
export interface Nested {
  readonly parent: Unit;
  readonly id: string;
  readonly child: Unit;
}

/** The nested stacks whose template is among these; one that several stacks deploy has no one place. */
export function nestedIn(units: readonly Unit[]): Nested[] {
  const byFile = new Map(units.map((unit) => [slashed(unit.file), unit]));
  const all = units.flatMap((parent) =>
    Object.entries(mapping(parent.body.Resources)).flatMap(([id, raw]) => {
      const { Type, Properties, Metadata } = mapping(raw);
      const location = mapping(Properties)[Type === 'AWS::Serverless::Application' ? 'Location' : 'TemplateURL'];
      if (Type !== 'AWS::CloudFormation::Stack' && Type !== 'AWS::Serverless::Application') return [];
      const asset = mapping(Metadata)['aws:asset:path'];
      const beside = [asset, location].flatMap((path) =>
        typeof path === 'string' ? (byFile.get(posix.join(posix.dirname(slashed(parent.file)), path)) ?? []) : [],
      );
      const child = beside[0] ?? byHash(units, location);
      return child && child !== parent ? [{ parent, id, child }] : [];
    }),
  );
  const parents = grouped(all.map((nested) => [nested.child, nested] as const));
  return all.filter(({ child }) => parents.get(child)!.length === 1);
}

/** CDK names a nested template by the hash of its compact JSON. */
function byHash(units: readonly Unit[], url: unknown): Unit | undefined {
  const hash = /\/([0-9a-f]{64})\.json/.exec(JSON.stringify(url ?? ''))?.[1];
  if (hash === undefined) return undefined;
  const nested = units.filter(({ file }) => file.endsWith('.nested.template.json'));
  return nested.find(({ body }) => createHash('sha256').update(JSON.stringify(body)).digest('hex') === hash);
}

/** One template of several. */
function joined(units: readonly Unit[]): Linked {
  const members = membersOf(units);
  const nested = nestedIn(units);
  const exports = exportsOf(units);
  for (const { parent, id, child } of nested) {
    const { Parameters } = mapping(mapping(mapping(parent.body.Resources)[id]).Properties);
    const outer = members.get(parent)!.scope;
    members.get(child)!.scope.given(outer, mapping(Parameters));
    outer.nests(id, members.get(child)!.scope);
  }
  for (const { scope } of members.values())
    scope.imports((name) => {
      const owner = exports.get(nameOf(name) ?? '');
      return owner && { scope: members.get(owner.unit)!.scope, output: owner.output };
    });
  const consumed = new Set(units.flatMap(({ body }) => importsIn(body)));
  return combined([...members.values()], new Set(nested.map(({ id, parent }) => `${parent.file}\n${id}`)), consumed);
}

function membersOf(units: readonly Unit[]): Map<Unit, Member> {
  const taken = new Set<string>();
  return new Map(
    units.map((unit) => {
      const { body, file } = unit;
      const expansion = expansionOf(body);
      const scope = new Scope(posix.basename(slashed(file)).split('.')[0], body, expansion, taken);
      return [unit, { unit, expansion, scope }];
    }),
  );
}

function combined(members: readonly Member[], nested: ReadonlySet<string>, consumed: ReadonlySet<string>): Linked {
  const sections: Record<'Resources' | 'Parameters' | 'Mappings' | 'Conditions' | 'Outputs', Raw> = {
    Resources: {},
    Parameters: {},
    Mappings: {},
    Conditions: {},
    Outputs: {},
  };
  const owners = new Map<string, { unit: Unit; local: string; raw: unknown }>();
  const origins = new Map<string, NonNullable<ReturnType<Expansion['origins']['get']>>>();
  for (const { unit, expansion, scope } of members) {
    for (const [id, raw] of Object.entries(expansion.resources)) {
      // Its template is here, in its place.
      if (nested.has(`${unit.file}\n${id}`)) continue;
      const name = scope.name(id);
      sections.Resources[name] = scope.rewrite(raw);
      owners.set(name, { unit, local: id, raw });
      const origin = expansion.origins.get(id);
      if (origin) origins.set(name, origin);
    }
    for (const section of ['Parameters', 'Mappings', 'Conditions'] as const)
      for (const [id, raw] of Object.entries(mapping(unit.body[section])))
        sections[section][scope.name(id)] = section === 'Conditions' ? scope.rewrite(raw) : raw;
    for (const [id, raw] of Object.entries(mapping(unit.body.Outputs))) {
      const name = nameOf(mapping(mapping(raw).Export).Name);
      if (name === undefined || !consumed.has(name)) sections.Outputs[scope.name(`Outputs ${id}`)] = scope.rewrite(raw);
    }
  }
  const macros = members.flatMap(({ unit }) => [unit.body.Transform].flat().filter((one) => one && !isSam(one)));
  return {
    body: { ...sections, Transform: macros },
    members: owners,
    origins,
    unread: members.flatMap(({ expansion }) => expansion.unread),
  };
}

function slashed(file: string): string {
  return file.replace(/\\/g, '/');
}
