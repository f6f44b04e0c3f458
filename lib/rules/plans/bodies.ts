/**
 * The documents of a plan: one template of all that rules know of AWS, and the manifests.
 */
import type { Expansion } from '../cloudformation/read/sam/expand';
import type { Origin } from '../document';
import { own } from '../own';
import { AWS } from './aws';
import type { Cell, Declared, Plan } from './cell';
import { Conversion, type Names, type Places, unknown } from './convert';
import { isObject, manifestOf } from './kubernetes';
import type { Part, Row } from './row';
import { rememberManifest, rememberTemplate, wayIn } from './ways';

type Raw = Record<string, unknown>;

/** Values that no two resources share. */
const UNIQUE = /^(arn:|https?:\/\/)/;

/** Attributes that say what a resource is about, and are the ARN of another one then. */
const ABOUT_ANOTHER = ['function_name', 'name', 'bucket', 'key_id'];

/** Types whose ARN or id is that of what they belong to. */
const CALLED_LIKE_ANOTHER = ['aws_sns_topic_policy', 'aws_msk_scram_secret_association'];

/** The templates and manifests of a plan. */
export function bodiesOf(plan: Plan): Raw[] {
  const managed = plan.declared.filter(({ data }) => !data);
  const objects = managed.filter(isObject);
  const others = managed.filter((declared) => !isObject(declared));
  const unread = [...plan.unread];
  const manifests = objects.flatMap((declared) => {
    const made = manifestOf(declared);
    if ('unread' in made) {
      unread.push(made.unread);
      return [];
    }
    rememberManifest(
      made.body,
      originOf(declared, (path) => (made.ways.has('text') ? '' : wayIn(made.ways, path))),
    );
    return [made.body];
  });
  if (others.length + unread.length === 0 && manifests.length > 0) return manifests;
  return [templateOf(plan, others, unread), ...manifests];
}

function originOf({ address }: Declared, wayTo: (path: string) => string): Origin {
  return { resource: address, wayTo };
}

/** A resource of the template while it is being put together. */
interface Filling {
  readonly declared: Declared;
  readonly type: string;
  readonly properties: Raw;
  readonly places: Places;
  /** The parts of it that are resources of their own, each with the way to it. */
  readonly parts: { readonly way: string; readonly declared: Declared; readonly places: Places }[];
}

function templateOf(plan: Plan, others: readonly Declared[], unread: string[]): Raw {
  const names = new PlanNames(plan.declared, others);
  const resources = new Map<string, Filling>();
  for (const declared of others) {
    const row = own(AWS, declared.type);
    if (row?.part) continue;
    const places: Places = new Map([['Properties', '']]);
    const conversion = new Conversion(names, places, declared);
    const properties = row
      ? conversion.properties(declared.root, row.properties, 'Properties')
      : declared.native
        ? conversion.native(declared.root)
        : conversion.everything(declared.root);
    const type = row?.type ?? declared.native?.type ?? declared.type;
    resources.set(declared.address, { declared, type, properties, places, parts: [] });
  }
  for (const declared of others) {
    const row = own(AWS, declared.type);
    if (row?.part) addPart(declared, row, row.part, names, resources);
  }
  unread.push(...names.hiddenTexts);
  if (names.openValues > 0)
    unread.push(
      `${names.openValues} ${names.openValues === 1 ? 'value that is' : 'values that are'} known only after apply and made of a local value, which a plan does not hold`,
    );
  const Resources = Object.fromEntries(
    [...resources].map(([address, { type, properties }]) => [address, { Type: type, Properties: properties }]),
  );
  const body = { Resources };
  const expansion: Expansion = {
    resources: Resources,
    origins: new Map([...resources].map(([address, filling]) => [address, placesOf(filling)])),
    aliases: new Map(),
    unread,
  };
  rememberTemplate(body, expansion);
  return body;
}

/** Adds what a resource says to the one that it is a part of. */
function addPart(
  declared: Declared,
  { properties }: Row,
  part: Part,
  names: PlanNames,
  resources: ReadonlyMap<string, Filling>,
): void {
  const by = declared.root.at(part.by);
  const places: Places = new Map();
  const conversion = new Conversion(names, places, declared);
  const wholes = conversion.resourcesAt(by, [part.of]).flatMap((address) => resources.get(address) ?? []);
  const { also } = part;
  const equal = wholes.filter(
    (each) => also === undefined || each.declared.root.at(also).value === declared.root.at(also).value,
  );
  const [whole, ...more] = wholes.length > 1 ? equal : wholes;
  if (!whole || more.length > 0) {
    // It may be about any of them.
    const candidates = by.unknown ? [...resources.values()].filter((each) => each.declared.type === part.of) : wholes;
    for (const each of candidates) spoil(each, part.list === undefined ? Object.keys(properties) : [part.list]);
    return;
  }
  if (part.list === undefined) {
    const made = conversion.properties(declared.root, properties, 'Properties');
    for (const [name, value] of Object.entries(made)) {
      const before = whole.properties[name];
      whole.properties[name] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
    }
    for (const name of Object.keys(properties)) whole.parts.push({ way: `Properties.${name}`, declared, places });
    return;
  }
  const before = whole.properties[part.list];
  const items = Array.isArray(before) ? before : before === undefined ? [] : [before];
  const way = `Properties.${part.list}[${items.length}]`;
  const alone = own(properties, '');
  const made =
    alone === undefined
      ? conversion.properties(declared.root, properties, way)
      : conversion.field(declared.root, alone, way);
  whole.properties[part.list] = [...items, made ?? unknown([])];
  whole.parts.push({ way, declared, places });
}

function spoil(whole: Filling, names: readonly string[]): void {
  for (const name of names) whole.properties[name] = unknown([]);
}

/** The place of a finding: in the resource, or in the part of it that says so. */
function placesOf({ declared, places, parts }: Filling): Origin {
  const partAt = (path: string) =>
    parts.find(({ way }) => path === way || path.startsWith(`${way}.`) || path.startsWith(`${way}[`));
  return {
    resource: declared.address,
    owner: (path) => partAt(path)?.declared.address ?? declared.address,
    wayTo: (path) => {
      const part = partAt(path);
      const property = /^Properties\.[^.[]+/.exec(path)?.[0];
      // A property that only parts have has no attribute of its own.
      if (!part && property !== undefined && !places.has(property)) return '';
      return wayIn(part?.places ?? places, path);
    },
  };
}

/** What the resources of one plan are called. */
class PlanNames implements Names {
  public openValues = 0;
  public readonly hiddenTexts: string[] = [];
  private readonly byAddress: ReadonlyMap<string, Declared>;
  private readonly byValue = new Map<string, { readonly address: string; readonly attribute: string }>();
  private readonly byIdentity = new Map<string, string[]>();
  private readonly shown: ReadonlySet<string>;
  private readonly following = new Set<string>();

  constructor(all: readonly Declared[], shown: readonly Declared[]) {
    this.byAddress = new Map(all.map((each) => [each.address, each]));
    this.shown = new Set(shown.map(({ address }) => address));
    const whole = shown.filter(({ type }) => !own(AWS, type)?.part);
    const named = whole.flatMap(({ address, type, identities }) =>
      identities.map(([attribute, value]) => ({ address, type, attribute, value })),
    );
    for (const { address, type, value } of named) {
      const key = `${type}\n${value}`;
      const same = this.byIdentity.get(key);
      if (!same) this.byIdentity.set(key, [address]);
      else if (!same.includes(address)) same.push(address);
    }
    // The id of one may be the ARN of another that it belongs to.
    const rank = ({ type, attribute }: (typeof named)[number]) =>
      (attribute === 'arn' ? 0 : 2) + (Object.hasOwn(AWS, type) ? 0 : 1);
    for (const { address, type, attribute, value } of named.sort((a, b) => rank(a) - rank(b))) {
      if (!UNIQUE.test(value) || ABOUT_ANOTHER.includes(attribute) || CALLED_LIKE_ANOTHER.includes(type)) continue;
      if (!this.byValue.has(value)) this.byValue.set(value, { address, attribute });
    }
  }

  public declared(address: string): Declared | undefined {
    return this.byAddress.get(address);
  }

  public row(type: string): Row | undefined {
    return own(AWS, type);
  }

  public target(address: string): string | undefined {
    if (!this.shown.has(address)) return undefined;
    const declared = this.byAddress.get(address)!;
    const part = own(AWS, declared.type)?.part;
    if (!part) return address;
    // Two parts may name each other.
    if (this.following.has(address)) return undefined;
    this.following.add(address);
    const [only, ...more] = new Set(
      declared.root
        .at(part.by)
        .sources()
        .resources.flatMap((source) => this.target(source.address) ?? []),
    );
    this.following.delete(address);
    return more.length === 0 ? only : undefined;
  }

  public called(value: string) {
    return this.byValue.get(value);
  }

  public identified(type: string, value: string): readonly string[] {
    return this.byIdentity.get(`${type}\n${value}`) ?? [];
  }

  public open(_: Cell): void {
    this.openValues += 1;
  }

  public hidden({ path }: Cell, { address }: Declared): void {
    this.hiddenTexts.push(`a text that the file marks as a secret: ${path} of ${address}`);
  }
}
