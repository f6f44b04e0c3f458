/**
 * The documents of a plan: one template of all that rules know of AWS, and the manifests.
 */

import type { Expansion } from '../cloudformation/read/sam/expand';
import type { Origin } from '../document';
import { own } from '../own';
import { type Raw } from '../raw';
import { isMapping } from '../resolved';
import { AWS } from './aws';
import type { Cell, Declared, Plan } from './cell';
import { Conversion, type Names, type Places, unknown } from './convert';
import { isObject, manifestOf } from './kubernetes';
import type { Fields, Part, Row } from './row';
import { rememberManifest, rememberTemplate, wayIn } from './ways';

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
  const clusters = clustersOf(objects);
  const bodies = objects.map((declared) => [declared, manifestOf(declared)] as const);
  const twice = hasTwice(
    bodies.flatMap(([{ deployment }, made]) =>
      'body' in made && deployment.provider === undefined ? [made.body] : [],
    ),
  );
  if (twice) unread.push(`${objects.length} objects of several clusters, which a state does not tell apart`);
  const manifests = (twice ? [] : bodies).flatMap(([declared, made]) => {
    if ('unread' in made) {
      unread.push(made.unread);
      return [];
    }
    rememberManifest(
      made.body,
      originOf(declared, (path) => (made.ways.has('text') ? '' : wayIn(made.ways, path))),
      clusters.get(declared),
    );
    return [made.body];
  });
  if (others.length + unread.length === 0 && manifests.length > 0) return manifests;
  return [templateOf(plan, others, unread), ...manifests];
}

/** Whether two objects have one name, which no cluster has. */
function hasTwice(all: readonly Raw[]): boolean {
  const names = all.flatMap(({ apiVersion, kind, metadata }) => {
    const { name, namespace } = isMapping(metadata) ? metadata : {};
    return typeof name === 'string' && typeof namespace !== 'symbol'
      ? [JSON.stringify([apiVersion, kind, namespace ?? '', name])]
      : [];
  });
  return new Set(names).size < names.length;
}

/** The cluster of each object, where a plan has several. */
function clustersOf(objects: readonly Declared[]): ReadonlyMap<Declared, string> {
  // Two providers may reach one cluster, each in its way; one with two configurations is for two.
  const clusterOf = ({ deployment: { provider } }: Declared) =>
    provider === undefined || provider.startsWith('urn:') ? provider : provider.replace(/^([\w-]+)(\.|$)/, '');
  const all = objects.flatMap((each) => {
    const cluster = clusterOf(each);
    return cluster === undefined ? [] : [[each, cluster] as const];
  });
  return new Map(new Set(all.map(([, cluster]) => cluster)).size > 1 ? all : []);
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
  const unrelated = [...names.parts];
  if (names.chosenValues > 0)
    unrelated.push(
      `${names.chosenValues} ${names.chosenValues === 1 ? 'value that is' : 'values that are'} known only after apply and may be of any of several resources`,
    );
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
    unrelated,
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
  resources: Map<string, Filling>,
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
    const said = part.list === undefined ? Object.keys(properties) : [part.list];
    for (const each of candidates) spoil(each, said);
    if (OF_PERMISSIONS.test(declared.type)) return;
    const why = more.length > 0 ? 'may be any of several' : by.unknown ? 'is not known' : 'is not in the file';
    names.parts.push(`${declared.address}, whose ${part.of} ${why}`);
    if (part.list === undefined)
      resources.set(declared.address, wholeOf(declared, part, properties, conversion, places));
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

/** Parts of what says only who may do what. */
const OF_PERMISSIONS = /^aws_(iam|kms)_/;

/** A whole of which nothing is known but what one part says. */
function wholeOf(
  declared: Declared,
  { of }: Part,
  properties: Fields,
  conversion: Conversion,
  places: Places,
): Filling {
  const { type } = AWS[of];
  const all = Object.values(AWS).filter((row) => row.type === type);
  const others = all.flatMap((row) => [...Object.keys(row.properties), ...(row.part?.list ? [row.part.list] : [])]);
  places.set('Properties', '');
  return {
    declared,
    type,
    properties: {
      ...Object.fromEntries(others.map((name) => [name, unknown([])])),
      ...conversion.properties(declared.root, properties, 'Properties'),
    },
    places,
    parts: [],
  };
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

/** Attributes that are the name of a resource of these types only; of all others they name another one. */
const NAMES_OF: Readonly<Record<string, RegExp>> = {
  function_name: /^aws_lambda_function$/,
  bucket: /^aws_s3_bucket$/,
  stage_name: /^aws_api_gateway_stage$/,
  key_id: /^aws_kms_key$/,
};

function ownNames({ type, identities }: Declared): Declared['identities'] {
  return identities.filter(([attribute]) => own(NAMES_OF, attribute)?.test(type) !== false);
}

/** What the resources of one plan are called. */
class PlanNames implements Names {
  public openValues = 0;
  public readonly hiddenTexts: string[] = [];
  public chosenValues = 0;
  public readonly parts: string[] = [];
  private readonly byAddress: ReadonlyMap<string, Declared>;
  private readonly byValue = new Map<string, { readonly address: string; readonly attribute: string }>();
  private readonly byIdentity = new Map<string, string[]>();
  private readonly byName = new Map<string, Declared[]>();
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
    for (const declared of whole)
      for (const value of new Set(ownNames(declared).map(([, each]) => each))) {
        const same = this.byName.get(value);
        if (same) same.push(declared);
        else this.byName.set(value, [declared]);
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

  public namesakes(value: string): readonly Declared[] {
    return this.byName.get(value) ?? [];
  }

  public chosen(_: Cell): void {
    this.chosenValues += 1;
  }

  public open(_: Cell): void {
    this.openValues += 1;
  }

  public hidden({ path }: Cell, { address }: Declared): void {
    this.hiddenTexts.push(`a text that the file marks as a secret: ${path} of ${address}`);
  }
}
