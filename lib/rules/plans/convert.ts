/**
 * Makes the properties that rules know of the attributes of a plan, by the fields of a row.
 */

import { limited } from '../limits';
import { own } from '../own';
import { type Raw } from '../raw';
import { isMapping } from '../resolved';
import { UnreadableError } from '../unreadable';
import { AWS } from './aws';
import { areApart, type Cell, type Declared, placeOf } from './cell';
import type { Field, Fields, Row, Shaped } from './row';

/** What other resources of a plan are called. */
export interface Names {
  /** The resource at an address. */
  declared(address: string): Declared | undefined;
  row(type: string): Row | undefined;
  /** The address, in the template, of the resource that this one is or is a part of; undefined when it has none. */
  target(address: string): string | undefined;
  /** The address and attribute that an ARN or a URL is. */
  called(value: string): { readonly address: string; readonly attribute: string } | undefined;
  /** The resources of a type that are called so. */
  identified(type: string, value: string): readonly string[];
  /** The resources of any type that are called so. */
  namesakes(value: string): readonly Declared[];
  /** Told of a value that may be that of several resources. */
  chosen(cell: Cell): void;
  /** Told of a value whose sources the plan does not tell. */
  open(cell: Cell): void;
  /** Told of a text with many values that is a secret as a whole. */
  hidden(cell: Cell, of: Declared): void;
}

/** The places of values in the file, by the place in what is made. */
export type Places = Map<string, string>;

/** Resources in the place of one unknown value; of more it is only said that it is unknown. */
const MOST_SOURCES = 50;

/** Statements of a policy as the data source of the provider has them. */
const STATEMENT: Fields = {
  Action: 'actions',
  NotAction: 'not_actions',
  Resource: 'resources',
  NotResource: 'not_resources',
};

/** Inputs of such a provider whose keys CloudFormation does not spell. */
const AS_WRITTEN =
  /^(redrivePolicy|policyDocument|assumeRolePolicyDocument|eventPattern|definition|definitionSubstitutions|body|keyPolicy|parameters|variables)$/;

/** The names of properties that rules read, by the same in small letters: such a provider spells acronyms as words. */
const NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.values(AWS)
    .flatMap(({ properties, part }) => [...namesIn(properties), ...(part?.list === undefined ? [] : [part.list])])
    .map((name) => [name.toLowerCase(), name]),
);

function namesIn(fields: Fields): string[] {
  return Object.entries(fields).flatMap(([name, field]) => [name, ...namesOf(field)]);
}

function namesOf(field: Field): string[] {
  if (typeof field === 'string') return [];
  if ('fields' in field) return namesIn(field.fields);
  if (!('of' in field)) return [];
  return [field.of].flat().flatMap((each) => namesOf(each as Field));
}

/** Converts the resources of one plan. */
export class Conversion {
  constructor(
    private readonly names: Names,
    private readonly places: Places,
    /** Whose values they are. */
    private readonly of: Declared,
  ) {}

  /** The properties of a row, without those that are absent. */
  public properties(cell: Cell, fields: Fields, at: string): Raw {
    return Object.fromEntries(
      Object.entries(fields).flatMap(([name, field]) => {
        const value = this.field(cell, field, `${at}.${name}`);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }

  /** Every attribute, for a type without a row: what it mentions is all that rules ask of it. */
  public everything(cell: Cell): Raw {
    return Object.fromEntries(
      cell.keys().flatMap((key) => {
        const value = this.plain(cell.at(key), `Properties.${capital(key)}`);
        return value === undefined ? [] : [[capital(key), value]];
      }),
    );
  }

  /** The inputs of a provider that is made from CloudFormation: the same with a small letter at the beginning. */
  public native(cell: Cell, at = 'Properties'): Raw {
    return Object.fromEntries(
      cell.keys().flatMap((key) => {
        const place = cell.under(key);
        const name = own(NAMES, key.toLowerCase()) ?? capital(key);
        const value = this.nativeValue(place, `${at}.${name}`, key);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }

  private nativeValue(cell: Cell, at: string, key: string): unknown {
    if (cell.unknown || AS_WRITTEN.test(key)) return this.plain(cell, at);
    this.mark(at, cell);
    if (Array.isArray(cell.value)) return cell.value.map((_, i) => this.nativeValue(cell.under(i), `${at}[${i}]`, ''));
    return isMapping(cell.value) ? this.native(cell, at) : this.plain(cell, at);
  }

  /** One property. */
  public field(cell: Cell, field: Field, at: string): unknown {
    if (typeof field === 'string') return this.plain(within(cell, field), at);
    return (SHAPES[field.as] as (own: Conversion, cell: Cell, field: Shaped, at: string) => unknown)(
      this,
      cell,
      field,
      at,
    );
  }

  /** A value as it is, with references in place of what names a resource. */
  public plain(cell: Cell, at: string): unknown {
    this.places.set(at, cell.path);
    if (cell.unset) return undefined;
    if (cell.unknown) return this.made(cell);
    if (typeof cell.value === 'string') {
      const named = this.namesake(cell, cell.value);
      if (named !== undefined) return named;
    }
    return this.value(cell.value, (key) => cell.under(key), at);
  }

  /** What a known name means, where a resource that is deployed elsewhere has the same; undefined for any other text. */
  private namesake(cell: Cell, text: string): unknown {
    const all = this.names.namesakes(text);
    const { deployment, address } = this.of;
    if (!all.some((each) => areApart(each.deployment, deployment))) return undefined;
    const sources = cell.sources().resources.filter((source) => all.some((each) => each.address === source.address));
    const [source, ...more] = sources;
    if (source !== undefined && more.length === 0)
      return this.reference(source.address, nameOf(all, source.address, text));
    const near = all.filter((each) => !areApart(each.deployment, deployment));
    // Its own name.
    if (near.some((each) => each.address === address)) return undefined;
    return near.length === 1 ? this.reference(near[0].address, nameOf(near, near[0].address, text)) : unknown([]);
  }

  /** What an ARN means whose name resources in several places have; undefined for any other. */
  private elsewhere(text: string): unknown {
    const all = this.names.namesakes(text.slice(text.lastIndexOf(':') + 1));
    const there = placeOf(text);
    const near = all.filter((each) => !areApart(each.deployment, there));
    if (near.length === all.length && all.every((each) => !areApart(each.deployment, this.of.deployment)))
      return undefined;
    return unknown([]);
  }

  /** A parsed value that is known. */
  public literal(value: unknown): unknown {
    return this.value(value);
  }

  /** What stands for a value that is known only after apply. */
  public made(cell: Cell, types?: readonly string[]): unknown {
    const { resources, open, chosen } = cell.sources();
    const found = new Map(
      resources.flatMap(({ address, attribute }) => {
        const target = this.names.target(address);
        const type = this.names.declared(target ?? '')?.type ?? '';
        return target === undefined || (types && !types.includes(type)) ? [] : [[target, attribute] as const];
      }),
    );
    const [first] = found;
    if (found.size === 1) return { 'Fn::MadeOf': this.reference(first[0], first[1]) };
    if (found.size > 1 && chosen) this.names.chosen(cell);
    if (found.size === 0 && open && !cell.sensitive) this.names.open(cell);
    return unknown([...found.keys()]);
  }

  /** Every resource that the members of a list are. */
  public members(cell: Cell): unknown[] {
    const { resources } = cell.sources();
    const found = new Map(
      resources.flatMap(({ address, attribute }) => {
        const target = this.names.target(address);
        return target === undefined ? [] : [[target, attribute] as const];
      }),
    );
    if (found.size === 0 || found.size > MOST_SOURCES) return [this.made(cell)];
    return [...found].map(([address, attribute]) => this.reference(address, attribute));
  }

  public reference(address: string, attribute: string): Raw {
    const type = this.names.declared(address)?.type ?? '';
    const name = own(this.names.row(type)?.attributes ?? {}, attribute) ?? (attribute === 'arn' ? 'Arn' : '');
    return name === '' ? { Ref: address } : { 'Fn::GetAtt': [address, name] };
  }

  /** The resource of these types that a value names. */
  public resourceAt(cell: Cell, types: readonly string[]): string | undefined {
    const [only, ...more] = this.resourcesAt(cell, types);
    return more.length === 0 ? only : undefined;
  }

  /** The same with all that it may be, where names are not unique. */
  public resourcesAt(cell: Cell, types: readonly string[]): readonly string[] {
    const named = cell
      .sources()
      .resources.flatMap(({ address }) => this.names.target(address) ?? [])
      .filter((address) => types.includes(this.names.declared(address)?.type ?? ''));
    const [only, ...more] = new Set(named);
    if (only !== undefined && more.length === 0) return [only];
    const { value } = cell;
    if (cell.unknown || typeof value !== 'string') return [];
    return (
      types
        .map((type) => this.names.identified(type, value).filter((address) => !this.isApart(address)))
        .find((found) => found.length > 0) ?? []
    );
  }

  private isApart(address: string): boolean {
    const other = this.names.declared(address);
    return other !== undefined && areApart(other.deployment, this.of.deployment);
  }

  /** The data source at an address. */
  public dataAt(address: string): Declared | undefined {
    const declared = this.names.declared(address);
    return declared?.data ? declared : undefined;
  }

  /** Tells of a text with many values that is hidden as a whole. */
  public told(cell: Cell): void {
    if (cell.sensitive) this.names.hidden(cell, this.of);
  }

  /** Marks a place. */
  public mark(at: string, cell: Cell): void {
    this.places.set(at, cell.path);
  }

  private value(value: unknown, below?: (key: string | number) => Cell, at = ''): unknown {
    // A provider writes an empty text or list for what is not given.
    if (value === null || value === undefined || value === '') return undefined;
    if (typeof value === 'string') {
      const named = /^(arn:|https?:\/\/)/.test(value) ? this.names.called(value) : undefined;
      if (named) return this.reference(named.address, named.attribute);
      return (value.startsWith('arn:') ? this.elsewhere(value) : undefined) ?? value;
    }
    if (Array.isArray(value)) {
      if (value.length === 0) return undefined;
      const cells = value.map((_, i) => below?.(i));
      const first = cells.find((cell) => cell?.unknown);
      const rest = value.flatMap((item, i) =>
        cells[i]?.unknown ? [] : [(cells[i] ? this.plain(cells[i]!, `${at}[${i}]`) : this.value(item)) ?? null],
      );
      return first ? [...rest, ...this.members(first)] : rest;
    }
    if (!isMapping(value)) return value;
    // Keys of others that CloudFormation would take for its own functions.
    const keys = Object.keys(value);
    if (keys.length === 1 && (keys[0] === 'Ref' || keys[0].startsWith('Fn::'))) return unknown([]);
    const entries = keys.flatMap((key) => {
      const converted = below ? this.plain(below(key), `${at}.${key}`) : this.value(value[key]);
      return converted === undefined ? [] : [[key, converted]];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
}

/** The attribute of a resource that a name is. */
function nameOf(all: readonly Declared[], address: string, text: string): string {
  const { identities } = all.find((each) => each.address === address)!;
  return identities.find(([attribute, value]) => value === text && attribute !== 'id')?.[0] ?? '';
}

type Shape<K> = (own: Conversion, cell: Cell, field: Extract<Shaped, { as: K }>, at: string) => unknown;

const SHAPES: { readonly [K in Shaped['as']]: Shape<K> } = {
  json: (own, cell, { from, made }, at) => {
    const place = within(cell, from);
    own.mark(at, place);
    if (place.unset) return undefined;
    if (!place.unknown) return own.literal(parsed(place.value));
    own.told(place);
    if (made === undefined) return own.made(place);
    return Object.fromEntries(
      Object.entries(made).map(([key, type]) => [key, type === '' ? unknown([]) : own.made(place, [type])]),
    );
  },
  base64: (own, cell, { from }, at) => {
    const place = within(cell, from);
    const value = own.plain(place, at);
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value;
  },
  capitals: (own, cell, { from }, at) => {
    const place = within(cell, from);
    own.mark(at, place);
    own.told(place);
    return place.unknown ? own.made(place) : own.literal(capitalized(parsed(place.value)));
  },
  policy: (own, cell, { from }, at) => {
    const place = within(cell, from);
    own.mark(at, place);
    if (place.unset) return undefined;
    own.told(place);
    return place.unknown ? unknownPolicy(own, place) : own.literal(parsed(place.value));
  },
  block: (own, cell, { from, fields, when }, at) => {
    const place = within(cell, from);
    own.mark(at, place);
    if (place.unknown) return own.made(place);
    const body = single(place);
    const properties = own.properties(body ?? place, fields, at);
    if (body === undefined || (when !== undefined && body.at(when).value === false)) return undefined;
    return properties;
  },
  blocks: (own, cell, { from, fields }, at) => {
    const place = within(cell, from);
    own.mark(at, place);
    if (place.unknown) return own.made(place);
    const each = itemsOf(place).map((item, i) => {
      own.mark(`${at}[${i}]`, item);
      return item.unknown ? unknown([]) : own.properties(item, fields, `${at}[${i}]`);
    });
    return each.length === 0 ? undefined : each;
  },
  object: (own, cell, { fields }, at) => {
    const properties = own.properties(cell, fields, at);
    return Object.keys(properties).length === 0 ? undefined : properties;
  },
  list: (own, cell, { of }, at) => {
    own.mark(at, cell);
    const items = of.flatMap((field, i) => own.field(cell, field, `${at}[${i}]`) ?? []);
    return items.length === 0 ? undefined : items;
  },
  pairs: (own, cell, { from, name, value }, at) => {
    const place = within(cell, from);
    own.mark(at, place);
    if (place.unset) return undefined;
    if (place.unknown) return own.made(place);
    const entries = place.keys().map((key, i) => {
      own.mark(`${at}[${i}]`, place.under(key));
      return { [name]: key, [value]: own.plain(place.under(key), `${at}[${i}].${value}`) };
    });
    return entries.length === 0 ? undefined : entries;
  },
  named: (own, cell, { from }, at) => {
    const place = within(cell, from);
    own.mark(at, place);
    if (place.unknown) return own.made(place);
    const entries = itemsOf(place).flatMap((item) => {
      const name = item.at('name').value;
      return typeof name === 'string' ? [[name, own.plain(item.at('value'), `${at}.${name}`)]] : [];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  },
  unless: (own, cell, { from, usual }, at) => {
    const value = own.plain(within(cell, from), at);
    return value !== undefined && String(value) === String(usual) && typeof value !== 'object' ? undefined : value;
  },
  choice: (own_, cell, { from, values }, at) => {
    const value = own_.plain(within(cell, from), at);
    return typeof value === 'object' || value === undefined ? value : (own(values, String(value)) ?? value);
  },
  resource: (own, cell, { from, types, before }, at) => {
    const place = within(cell, from);
    own.mark(at, place);
    const address = before !== undefined && !place.unknown ? undefined : own.resourceAt(place, types);
    if (address === undefined) return own.plain(place, at);
    return before === undefined ? { Ref: address } : { 'Fn::Join': ['', [before, { Ref: address }]] };
  },
  either: (own, cell, { of }, at) => {
    for (const field of of) {
      const value = own.field(cell, field, at);
      if (value !== undefined) return value;
    }
    return undefined;
  },
  known: (own, cell, { of }, at) => {
    const from = typeof of === 'string' ? of : 'from' in of ? of.from : '';
    return within(cell, from).unset ? undefined : own.field(cell, of, at);
  },
  without: (own, cell, { of, other }, at) => {
    const place = cell.at(other);
    if (place.unknown) return unknown([]);
    return place.value === undefined || place.value === null || place.value === ''
      ? own.field(cell, of, at)
      : undefined;
  },
  set: (_, __, { value }) => value,
};

/** A value that a plan does not tell. Rules find it undecided, and still see whom it mentions. */
export function unknown(addresses: readonly string[]): Raw {
  return { 'Fn::KnownAfterApply': addresses.slice(0, MOST_SOURCES).map((address) => ({ Ref: address })) };
}

/** The statements of the data source that a policy is made of, as far as they are known. */
function unknownPolicy(own: Conversion, place: Cell): unknown {
  const documents = place
    .sources()
    .resources.flatMap(({ address }) => own.dataAt(address) ?? [])
    .filter(({ type }) => type === 'aws_iam_policy_document');
  const [document, ...more] = documents;
  if (document === undefined || more.length > 0) return own.made(place);
  const others = ['source_policy_documents', 'override_policy_documents'].filter(
    (name) => document.root.at(name).unknown || itemsOf(document.root.at(name)).length > 0,
  );
  const statements = itemsOf(document.root.at('statement')).map((statement) => ({
    Effect: own.plain(statement.at('effect'), '') ?? 'Allow',
    ...own.properties(statement, STATEMENT, ''),
    ...principals(own, statement),
  }));
  return { Statement: [...statements, ...others.map((name) => own.made(document.root.at(name)))] };
}

function principals(own: Conversion, statement: Cell): Raw {
  const blocks = itemsOf(statement.at('principals'));
  if (blocks.length === 0) return {};
  const entries = blocks.flatMap((one) => {
    const type = one.at('type').value;
    return typeof type === 'string' ? [[type, own.plain(one.at('identifiers'), '')]] : [];
  });
  return { Principal: blocks.some((one) => one.at('type').value === '*') ? '*' : Object.fromEntries(entries) };
}

/** The place at a path of attributes, through blocks that stand once. */
function within(cell: Cell, path: string): Cell {
  const keys = path.split('.');
  return keys.reduce((place, key, i) => {
    const next = place.at(key);
    return i < keys.length - 1 ? (single(next) ?? next) : next;
  }, cell);
}

/** The only block of a list of one; undefined for none. */
function single(cell: Cell): Cell | undefined {
  if (cell.unknown) return cell;
  const { value } = cell;
  if (Array.isArray(value)) return value.length === 0 ? undefined : cell.under(0);
  return isMapping(value) ? cell : undefined;
}

/** The members of a list; a mapping in place of a list is a list of one. */
export function itemsOf(cell: Cell): Cell[] {
  const { value } = cell;
  if (Array.isArray(value)) return value.map((_, i) => cell.under(i));
  return isMapping(value) ? [cell] : [];
}

/** What a text holds as JSON; any other value is that already. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    const parsed = JSON.parse(value);
    limited('', parsed);
    return parsed;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof UnreadableError)) throw error;
    return value;
  }
}

/** Maps whose keys a person has chosen. */
const CHOSEN = ['dockerLabels', 'options', 'labels'];

/** The same with a capital at the beginning of every key. */
function capitalized(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(capitalized);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, below]) => [
      `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`,
      CHOSEN.includes(key) ? below : capitalized(below),
    ]),
  );
}

/** `dead_letter_config` as CloudFormation writes names. */
export function capital(name: string): string {
  return name.replace(/(^|_)([a-z0-9])/g, (_, __, letter: string) => letter.toUpperCase());
}
