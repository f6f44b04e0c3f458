/**
 * A plan or a state of Terraform or OpenTofu, as `show -json` writes it.
 */

import { own } from '../own';
import { list, mapping, type Raw, text } from '../raw';
import { isMapping } from '../resolved';
import { type Cell, deploymentOf, IDENTITIES, type Plan, type Sources } from './cell';
import { joined } from './names';
import { type Instance, References, type Self } from './references';

/** Modules within modules. */
const MOST_MODULES = 100;

const NOTHING: Sources = { resources: [], open: false };

/** Whether it is what `terraform show -json` writes of a plan or of a state. */
export function isTerraform(parsed: unknown): parsed is Raw {
  if (!isMapping(parsed) || typeof parsed.format_version !== 'string') return false;
  return isMapping(parsed.planned_values) || isMapping(parsed.values) || isEmptyState(parsed);
}

/** A state without a resource has nothing but its version. */
function isEmptyState(parsed: Raw): boolean {
  return Object.keys(parsed).every((key) => ['format_version', 'terraform_version', 'checks'].includes(key));
}

/** The resources of a plan as they will be, or those of a state. */
export function terraformPlan(parsed: Raw): Plan {
  const values = mapping(isMapping(parsed.planned_values) ? parsed.planned_values : parsed.values);
  const found = inModule(mapping(values.root_module), '');
  const changes = changesOf(parsed);
  const configuration = mapping(mapping(parsed.configuration).root_module);
  const isPlan = isMapping(parsed.planned_values);
  const references = new References(
    configuration,
    found.map(({ raw, module }) => instanceOf(raw, module)),
  );
  const providers = new Providers(mapping(parsed.configuration), mapping(parsed.variables));
  const declared = found.map(({ raw, module }) => {
    const instance = instanceOf(raw, module);
    const config = references.configOf(module, instance.name);
    const change = changes.get(instance.address);
    const self: Self = { config: config ?? {}, ...(instance.index === undefined ? {} : { index: instance.index }) };
    const place = new Place(
      mapping(raw.values),
      isPlan ? mapping(change?.after_unknown) : {},
      isMapping(raw.sensitive_values) ? raw.sensitive_values : change?.after_sensitive,
      config === undefined ? undefined : mapping(config.expressions),
      '',
      (expression) => references.sources(expression, module, self),
    );
    return {
      address: instance.address,
      type: text(raw.type),
      data: raw.mode === 'data',
      root: place,
      deployment: deploymentOf(
        text(raw.type),
        (attribute) => own(mapping(raw.values), attribute),
        ...providers.of(config?.provider_config_key),
      ),
      identities: IDENTITIES.flatMap((key) => {
        const value = mapping(raw.values)[key];
        return typeof value === 'string' && value !== '' ? [[key, value] as const] : [];
      }),
    };
  });
  return { declared, unread: unreadOf(parsed) };
}

/** One resource as the file has it. */
interface Found {
  readonly raw: Raw;
  readonly module: string;
}

function inModule(module: Raw, address: string, level = 0): Found[] {
  const resources = list(module.resources)
    .filter(isMapping)
    // What is about to be destroyed, because another one has taken its place.
    .filter((raw) => raw.deposed_key === undefined && typeof raw.address === 'string')
    .map((raw) => ({ raw, module: address }));
  const inner = level > MOST_MODULES ? [] : list(module.child_modules).filter(isMapping);
  return [...resources, ...inner.flatMap((child) => inModule(child, text(child.address), level + 1))];
}

function instanceOf(raw: Raw, module: string): Instance {
  const name = `${raw.mode === 'data' ? 'data.' : ''}${text(raw.type)}.${text(raw.name)}`;
  const index = typeof raw.index === 'string' || typeof raw.index === 'number' ? { index: raw.index } : {};
  return { address: text(raw.address), module, name, ...index };
}

/** What is known of the change of each resource; those of deposed objects are about what goes. */
function changesOf({ resource_changes }: Raw): ReadonlyMap<string, Raw> {
  return new Map(
    list(resource_changes)
      .filter(isMapping)
      .filter((change) => change.deposed === undefined)
      .map((change) => [text(change.address), mapping(change.change)]),
  );
}

function unreadOf(parsed: Raw): string[] {
  const deferred = list(parsed.deferred_changes).length;
  return [
    ...(parsed.errored === true ? ['the rest of a plan that ended with an error'] : []),
    ...(deferred > 0
      ? [`${deferred} changes that the plan defers`]
      : parsed.complete === false
        ? ['what the plan leaves out: it was made for some targets only']
        : []),
  ];
}

/** The configurations of providers. */
class Providers {
  private readonly known: Raw;

  constructor(
    configuration: Raw,
    private readonly variables: Raw,
  ) {
    this.known = mapping(configuration.provider_config);
  }

  /** The configuration that a resource has, and its region. */
  public of(key: unknown): [provider?: string, region?: string] {
    if (typeof key !== 'string') return [];
    // Before version 1.1 of Terraform, the name of a module stands before what it has from the one above.
    const name = Object.hasOwn(this.known, key) ? key : key.replace(/^.*:/, '');
    const { region } = mapping(mapping(own(this.known, name)).expressions);
    return [name, this.constant(region)];
  }

  private constant(expression: unknown): string | undefined {
    const { constant_value: value, references } = mapping(expression);
    if (typeof value === 'string') return value;
    const [only, ...more] = list(references);
    if (typeof only !== 'string' || more.length > 0 || !only.startsWith('var.')) return undefined;
    const variable = mapping(own(this.variables, only.slice('var.'.length))).value;
    return typeof variable === 'string' ? variable : undefined;
  }
}

/** What an expression is when the resource has one for each of its attributes, and none for this. */
const UNSET = Symbol('unset');

class Place implements Cell {
  constructor(
    public readonly value: unknown,
    /** `after_unknown` of it. */
    private readonly hidden: unknown,
    /** `sensitive_values` of it. */
    private readonly secret: unknown,
    /** The expressions of a block, or that of an attribute; undefined when the configuration does not tell. */
    private readonly expression: unknown,
    public readonly path: string,
    private readonly resolve: (expression: unknown) => Sources,
  ) {}

  public get unknown(): boolean {
    return this.hidden === true || this.sensitive;
  }

  /** A number or a flag is no secret, and a mapping has keys that are none. */
  public get sensitive(): boolean {
    return this.secret === true && typeof this.value === 'string' && this.value !== '';
  }

  public get unset(): boolean {
    if (this.hidden !== true) return false;
    // What is made of constants only would be known, if it were not null.
    return this.expression === UNSET || (hasReferences(this.expression) && this.sources().constant === true);
  }

  public at(key: string): Cell {
    return this.below(key, joined(this.path, key));
  }

  public under(key: string | number): Cell {
    return this.below(key, typeof key === 'number' ? `${this.path}[${key}]` : joined(this.path, key));
  }

  public keys(): string[] {
    return [...new Set([this.value, this.hidden].flatMap((each) => (isMapping(each) ? Object.keys(each) : [])))];
  }

  public sources(): Sources {
    return isMapping(this.expression) ? this.resolve(this.expression) : NOTHING;
  }

  private below(key: string | number, path: string): Place {
    const hidden = this.hidden === true ? true : memberOf(this.hidden, key);
    const secret = this.secret === true ? true : memberOf(this.secret, key);
    return new Place(memberOf(this.value, key), hidden, secret, this.expressionOf(key), path, this.resolve);
  }

  private expressionOf(key: string | number): unknown {
    const { expression } = this;
    // A block that is there without an expression is a dynamic one: what is in it is written, and not told.
    if (expression === UNSET && this.hidden !== true) return undefined;
    if (Array.isArray(expression)) return typeof key === 'number' ? expression[key] : undefined;
    if (!isMapping(expression)) return expression;
    // The expression of an attribute is that of all that is in it.
    if (isOfAttribute(expression)) return expression;
    if (typeof key === 'number') return expression;
    return Object.hasOwn(expression, key) ? expression[key] : UNSET;
  }
}

function isOfAttribute(expression: Raw): boolean {
  return Array.isArray(expression.references) || 'constant_value' in expression;
}

function hasReferences(expression: unknown): boolean {
  return isMapping(expression) && list(expression.references).length > 0;
}

function memberOf(value: unknown, key: string | number): unknown {
  if (Array.isArray(value)) return typeof key === 'number' ? value[key] : undefined;
  return isMapping(value) ? own(value, String(key)) : undefined;
}
