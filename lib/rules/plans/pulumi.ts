/**
 * A preview of Pulumi (`pulumi preview --json`) or an exported stack (`pulumi stack export`). Its provider for AWS is made
 * from Terraform's, so its names follow from the same table; objects of Kubernetes are written as they are.
 */

import { TYPES_READ } from '../cloudformation/read/types';
import { own } from '../own';
import { list, mapping, type Raw, text } from '../raw';
import { isMapping, UNKNOWN } from '../resolved';
import { AWS } from './aws';
import { type Cell, type Declared, deploymentOf, IDENTITIES, type Plan, type Sources } from './cell';
import { camel, joined } from './names';

/** What a preview writes for a value that is known only after the update. */
const UNKNOWN_VALUE = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** The key of what is no plain value: a secret, a file, an archive. */
const SIGNATURE = '4dabf18193072939515e22adb298388d';

/** What a preview writes in place of a secret; only an exported stack has the object. */
const HIDDEN = '[secret]';

/** Steps after which there is no resource, and those of what was there before. */
const GONE = ['delete', 'delete-replaced', 'discard', 'discard-replaced', 'remove-pending-replace', 'forget'];

/** Whether it is a preview or an exported stack. */
export function isPulumi(parsed: unknown): parsed is Raw {
  if (!isMapping(parsed)) return false;
  if (isMapping(parsed.deployment)) return Array.isArray(parsed.deployment.resources) || isEmptyStack(parsed);
  return Array.isArray(parsed.steps) && parsed.steps.every((step) => isMapping(step) && typeof step.urn === 'string')
    ? parsed.steps.length > 0 || isMapping(parsed.changeSummary) || isMapping(parsed.config)
    : false;
}

function isEmptyStack(parsed: Raw): boolean {
  return isMapping(parsed.deployment) && isMapping(parsed.deployment.manifest);
}

/** What a stack will hold after the update, or holds. */
export function pulumiPlan(parsed: Raw): Plan {
  const states = isMapping(parsed.deployment) ? list(parsed.deployment.resources) : statesOf(parsed);
  // A replacement has two steps, and one resource.
  const byUrn = new Map(
    states
      .filter(isMapping)
      .filter((state) => state.delete !== true && state.custom !== false && typeof state.urn === 'string')
      .map((state) => [state.urn as string, state]),
  );
  const regions = new Map(
    [...byUrn].flatMap(([urn, { inputs }]) => {
      const region = mapping(inputs).region;
      return typeof region === 'string' && !isUnknown(region) ? [[providerOf(urn), region] as const] : [];
    }),
  );
  const declared = [...byUrn].flatMap(([urn, state]) => {
    const token = text(state.type);
    // A provider, and what another program has made.
    if (token.startsWith('pulumi:') || state.external === true) return [];
    return [declaredFrom(urn, token, state, regions)];
  });
  return { declared, unread: unreadOf(parsed) };
}

/** What a preview leaves out. */
function unreadOf(parsed: Raw): string[] {
  if (!Array.isArray(parsed.steps)) return [];
  const failed = list(parsed.diagnostics).some((each) => isMapping(each) && each.severity === 'error');
  const { same } = mapping(parsed.changeSummary);
  const shown = parsed.steps.filter((step) => isMapping(step) && step.op === 'same').length;
  const left = typeof same === 'number' ? same - shown : 0;
  return [
    ...(failed ? ['the rest of a preview that ended with an error'] : []),
    ...(parsed.maybeCorrupt === true ? ['what a preview does not tell that calls itself perhaps corrupt'] : []),
    ...(left > 0
      ? [`${left} unchanged ${left === 1 ? 'resource' : 'resources'}; run pulumi preview --json --show-sames`]
      : []),
  ];
}

function statesOf({ steps }: Raw): readonly unknown[] {
  return list(steps)
    .filter(isMapping)
    .filter(({ op }) => !GONE.includes(text(op)))
    .map(({ newState }) => newState);
}

/** The name of a provider's configuration; the default ones of several versions are one. */
function providerOf(urn: string): string {
  return urn.replace(/^.*::pulumi:providers:([\w-]+)::default(_[\w.]*)?$/, '$1');
}

function declaredFrom(urn: string, token: string, state: Raw, regions: ReadonlyMap<string, string>): Declared {
  const inputs = mapping(state.inputs);
  const outputs = mapping(state.outputs);
  const dependencies = mapping(state.propertyDependencies);
  const sourcesOf = (key: string): Sources => ({
    resources: list(own(dependencies, key)).flatMap((address) =>
      typeof address === 'string' ? [{ address, attribute: '' }] : [],
    ),
    open: false,
  });
  const type = typeOf(token);
  const renamed = own(AWS, type)?.renamed ?? {};
  // Its id stands behind its URN.
  const provider = text(state.provider) === '' ? undefined : providerOf(text(state.provider).replace(/::[^:]*$/, ''));
  const identities = IDENTITIES.flatMap((name) => {
    const value =
      name === 'id'
        ? (state.id ?? outputs.id)
        : (own(outputs, inputOf(name, renamed)) ?? own(inputs, inputOf(name, renamed)));
    return typeof value === 'string' && value !== '' && !isUnknown(value) ? [[name, value] as const] : [];
  });
  return {
    address: urn,
    type,
    data: false,
    deployment: deploymentOf(
      type,
      (attribute) => own(outputs, inputOf(attribute, renamed)) ?? own(inputs, inputOf(attribute, renamed)),
      provider,
      provider === undefined ? undefined : regions.get(provider),
    ),
    root: new Place(inputs, '', '', sourcesOf, renamed),
    identities,
    ...(token.startsWith('kubernetes:') ? { manifest: manifestOf(token, inputs) } : {}),
    ...(token.startsWith('aws-native:') ? { native: { type: NATIVE.get(token.toLowerCase()) ?? token } } : {}),
  };
}

type Renamed = Readonly<Record<string, string>>;

/** Pulumi's name of an attribute. */
function inputOf(name: string, renamed: Renamed): string {
  return own(renamed, name) ?? camel(name);
}

/** Parts of a type's name in Terraform that are one module of Pulumi. */
const MODULES: Readonly<Record<string, string>> = { api_gateway: 'apigateway', db: 'rds' };

const TWO_WORDS = /^aws_(api_gateway|[a-z0-9]+)_(.+)$/;

/** Terraform's types by the names that Pulumi has for them. */
const BY_TOKEN: ReadonlyMap<string, string> = new Map(
  Object.entries(AWS).map(([type, { pulumi }]) => [pulumi ?? tokenOf(type), type]),
);

/** `aws:sqs/queueRedrivePolicy:QueueRedrivePolicy` for `aws_sqs_queue_redrive_policy`. */
export function tokenOf(type: string): string {
  const [, service, rest] = TWO_WORDS.exec(type) ?? [];
  if (rest === undefined) return type;
  const name = camel(rest);
  return `aws:${own(MODULES, service) ?? service}/${name}:${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

function typeOf(token: string): string {
  // Before version 7 the resources of a bucket had a V2 at the end.
  return BY_TOKEN.get(token) ?? BY_TOKEN.get(token.replace(/V2(?=:|$)/g, '')) ?? token;
}

class Place implements Cell {
  constructor(
    public readonly value: unknown,
    public readonly path: string,
    /** The input that it is part of. */
    private readonly top: string,
    private readonly sourcesOf: (key: string) => Sources,
    /** Inputs whose names do not follow from Terraform's. */
    private readonly renamed: Renamed = {},
  ) {}

  public get unknown(): boolean {
    return isUnknown(this.value);
  }

  public get unset(): boolean {
    return false;
  }

  public get sensitive(): boolean {
    return this.value === HIDDEN;
  }

  public at(name: string): Cell {
    const key = this.keyOf(name);
    return this.below(key, joined(this.path, key));
  }

  public under(key: string | number): Cell {
    return this.below(key, typeof key === 'number' ? `${this.path}[${key}]` : joined(this.path, key));
  }

  public keys(): string[] {
    return isMapping(this.value) ? Object.keys(this.value) : [];
  }

  public sources(): Sources {
    return this.sourcesOf(this.top);
  }

  /** Pulumi's name of an attribute: with capitals, and of several blocks in the plural. */
  private keyOf(name: string): string {
    const single = inputOf(name, this.renamed);
    const { value } = this;
    if (!isMapping(value) || Object.hasOwn(value, single)) return single;
    return (
      [`${single}s`, `${single}es`, single.replace(/y$/, 'ies'), single.replace(/is$/, 'es')].find((each) =>
        Object.hasOwn(value, each),
      ) ?? single
    );
  }

  private below(key: string | number, path: string): Place {
    const { value } = this;
    const member = Array.isArray(value)
      ? typeof key === 'number'
        ? value[key]
        : undefined
      : isMapping(value)
        ? own(value, String(key))
        : undefined;
    return new Place(member, path, this.top === '' ? String(key) : this.top, this.sourcesOf);
  }
}

function isUnknown(value: unknown): boolean {
  if (typeof value === 'string') return value === HIDDEN || value.includes(UNKNOWN_VALUE);
  return isMapping(value) && Object.hasOwn(value, SIGNATURE);
}

/** The object of a type of Pulumi's provider for Kubernetes. */
function manifestOf(token: string, inputs: Raw): Raw {
  const [, version, kind] = token.split(':');
  const known = mapping(decided(inputs));
  const metadata = mapping(known.metadata);
  // Pulumi names what nobody has named.
  const name = metadata.name === undefined && metadata.generateName === undefined ? { name: UNKNOWN } : {};
  return {
    ...known,
    apiVersion: text(version).replace(/^core\//, ''),
    kind: text(kind),
    metadata: { ...metadata, ...name },
  };
}

function decided(value: unknown): unknown {
  if (isUnknown(value)) return UNKNOWN;
  if (Array.isArray(value)) return value.map(decided);
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, decided(below)]));
}

const NATIVE: ReadonlyMap<string, string> = new Map(
  TYPES_READ.map((type) => {
    const [, service, name] = type.split('::');
    return [`aws-native:${service.toLowerCase()}:${name}`.toLowerCase(), type];
  }),
);
