import { grouped } from '../../../flow/grouped';
import { Document, type EmbeddedText, type Origin, Resource, type Value } from '../../document';
import { own } from '../../own';
import { Composite, isMapping, Reference, type Resolved, scalarText, UNKNOWN } from '../../resolved';
import { expansionOf } from './expansion';
import { Effort, resolveIntrinsic, type Surroundings } from './intrinsics';
import type { Linked } from './link';
import { type Expansion, isSam } from './sam/expand';
import { acceptedElsewhere } from './suppressions';
import { choosing, defaultOf, holds, type World } from './worlds';

/** Macros that add no resource that a rule would need. */
const HARMLESS_TRANSFORMS = [
  'AWS::LanguageExtensions',
  'AWS::SecretsManager-2020-07-23',
  'AWS::SecretsManager-2024-09-16',
];

/** A CloudFormation template. */
export class Template extends Document implements Surroundings {
  public readonly resources: readonly Resource[];
  public readonly unread: readonly string[];
  public readonly mappings: Record<string, unknown>;
  public readonly effort = new Effort();

  /**
   * Whether the template holds all resources: no macro and no loop adds any at deployment. Only then can a rule know
   * that a resource is missing.
   */
  public readonly closed: boolean;

  private readonly byName: ReadonlyMap<string, Resource>;
  private readonly aliases: Expansion['aliases'];
  private readonly parameters: Record<string, unknown>;
  private readonly outputs: unknown;
  private mentionedBy?: ReadonlyMap<string, readonly Resource[]>;
  private readonly mentioned = new Map<Resource, ReadonlySet<string>>();
  private handedOut?: ReadonlySet<string>;
  private handedOutByName?: ReadonlySet<string>;
  private embedded?: readonly EmbeddedText[];
  private readonly names = new Map<string, ReadonlyMap<string, readonly Resource[]>>();

  /**
   * @param body the template, parsed
   * @param file its name in findings
   * @param acknowledged rules accepted outside the template, by construct path
   * @param world what the deployer chooses. Default: that is not decided
   * @param linked the files of a template that was joined from several. Default: it is one file
   */
  constructor(
    private readonly body: Record<string, unknown>,
    public readonly file: string,
    private readonly acknowledged: (constructPath: string) => ReadonlyMap<string, string> = () => new Map(),
    private readonly linked?: Pick<Linked, 'members' | 'origins' | 'unread'>,
    private readonly world: World = {},
  ) {
    super();
    this.mappings = isMapping(body.Mappings) ? body.Mappings : {};
    this.parameters = isMapping(body.Parameters) ? body.Parameters : {};
    this.outputs = body.Outputs;
    const transforms = [body.Transform].flat().filter((name) => name !== undefined);
    const macros = transforms.filter((name) => !HARMLESS_TRANSFORMS.includes(name as string) && !isSam(name));
    const {
      resources,
      origins,
      aliases,
      unread,
      unrelated = [],
    } = linked ? { ...expansionOf(body), ...linked } : expansionOf(body);
    const entries = Object.entries(resources);
    const loops = entries.filter(([name]) => name.startsWith('Fn::')).map(([name]) => name);
    this.aliases = aliases;
    const hiding = [...macros.map(macroText), ...loops, ...unread];
    this.unread = [...hiding, ...unrelated];
    this.closed = hiding.length === 0;
    // Conditions name parameters, so no resource is needed to work them out.
    this.byName = new Map();
    this.byName = new Map(
      entries.flatMap(([name, raw]) => {
        if (!isMapping(raw) || typeof raw.Type !== 'string') return [];
        if (world.defaults && typeof raw.Condition === 'string' && this.holds(raw.Condition) === false) return [];
        const metadata = isMapping(raw.Metadata) ? raw.Metadata : {};
        const path = typeof metadata['aws:cdk:path'] === 'string' ? metadata['aws:cdk:path'] : undefined;
        const member = linked?.members.get(name);
        const accepted = member ? member.unit.acknowledged : acknowledged;
        const reasons = new Map([
          ...((path !== undefined && accepted?.(path)) || []),
          ...acknowledgedIn(metadata),
          ...acceptedElsewhere(metadata),
        ]);
        const origin = member ? inFile(member.local, origins.get(name)) : origins.get(name);
        const where = member ? member.unit.file : file;
        return [[name, new Resource(this, name, raw.Type, where, raw, reasons, path, origin)]];
      }),
    );
    this.resources = [...this.byName.values()];
  }

  public resolve(raw: unknown): Resolved {
    return raw === UNKNOWN ? UNKNOWN : resolveIntrinsic(raw, this);
  }

  /** The same template when the deployer has chosen so. */
  public under(world: World): Template {
    return new Template(this.body, this.file, this.acknowledged, this.linked, world);
  }

  /** The conditions that choose a value in it. */
  public get choices(): readonly string[] {
    return [...choosing(this.body.Resources)];
  }

  /** The parameters with a default that a resource names, or that any does. */
  public defaultsIn(resource?: Resource): readonly string[] {
    if (Object.keys(this.parameters).length === 0) return [];
    const named = mentionedIn(resource ? resource.body.resolved : this.body.Resources);
    return [...named].filter((name) => defaultOf(own(this.parameters, name)) !== undefined);
  }

  public holds(condition: string): boolean | undefined {
    const chosen = own(this.world.conditions ?? {}, condition);
    if (chosen !== undefined || !this.world.defaults) return chosen;
    return holds(isMapping(this.body.Conditions) ? this.body.Conditions : {}, condition, (raw) => this.resolve(raw));
  }

  public hasResource(logicalId: string): boolean {
    return this.byName.has(logicalId);
  }

  public aliasOf(name: string): string | undefined {
    return this.aliases.get(name);
  }

  public onlyValue(parameter: string): unknown {
    const declared = own(this.parameters, parameter);
    if (this.world.defaults) {
      const value = defaultOf(declared);
      if (value !== undefined) return value;
    }
    const allowed = isMapping(declared) ? declared.AllowedValues : undefined;
    // A function, here the parameter itself for instance, is not evaluated there.
    return Array.isArray(allowed) && allowed.length === 1 && typeof allowed[0] !== 'object' ? allowed[0] : undefined;
  }

  /** The resource of this logical id. */
  public resource(logicalId: string): Resource | undefined {
    return this.byName.get(logicalId);
  }

  /** The one resource of the template that the value is, or is made of; undefined when it is none, or not decided. */
  public target(value: Value): Resource | undefined {
    const { resolved } = value;
    if (resolved instanceof Reference) return this.byName.get(resolved.name);
    if (!(resolved instanceof Composite)) return undefined;
    const named = resolved.parts.filter((part) => part instanceof Reference);
    return named.length === 1 ? this.byName.get(named[0].name) : undefined;
  }

  /** The resource of this type that the value, for certain, is; undefined when it is none, or not decided. */
  public find(value: Value, type: string, nameProperty: string): Resource | undefined {
    return this.findAll(value, type, nameProperty)[0];
  }

  /** Every resource of this type that the value means: of two under one name, both. */
  public findAll(value: Value, type: string, nameProperty: string): readonly Resource[] {
    const { resolved } = value;
    const ofType = (name: string) => {
      const named = this.byName.get(name);
      return named?.type === type ? [named] : [];
    };
    if (resolved instanceof Reference) return ofType(resolved.name);
    const text = resolved instanceof Composite ? resolved.tail : value.text();
    if (text !== undefined) return this.called(text.slice(text.lastIndexOf(':') + 1), type, nameProperty);
    if (!(resolved instanceof Composite)) return [];
    return resolved.parts.flatMap((part) => (part instanceof Reference ? ofType(part.name) : []));
  }

  /** The resources of a type that were given this name. */
  public called(name: string, type: string, nameProperty: string): readonly Resource[] {
    const key = `${type} ${nameProperty}`;
    let index = this.names.get(key);
    if (!index) {
      index = grouped(this.ofType(type).map((each) => [each.at('Properties', nameProperty).text(), each] as const));
      this.names.set(key, index);
    }
    return index.get(name) ?? [];
  }

  /** Whether the value is, for certain, this resource: a reference to it, or the name it was given. */
  public pointsTo(value: Value, resource: Resource, nameProperty: string): boolean {
    return this.findAll(value, resource.type, nameProperty).includes(resource);
  }

  /** Every other resource that mentions this one in any way. */
  public mentioning(resource: Resource): readonly Resource[] {
    this.mentionedBy ??= this.collectMentions();
    return this.mentionedBy.get(resource.name) ?? [];
  }

  /** Whether a resource mentions another one in any way. */
  public mentions(resource: Resource, other: Resource): boolean {
    return this.namesIn(resource).has(other.name);
  }

  /** Whether the template outputs the resource, so that other templates may use it. */
  public exported(resource: Resource): boolean {
    this.handedOut ??= mentionedIn(this.outputs);
    return this.handedOut.has(resource.name);
  }

  /** Whether it is exported by name, so that another stack can build on it; an output that people read is not enough. */
  public exportedByName(resource: Resource): boolean {
    this.handedOutByName ??= mentionedIn(
      Object.values(isMapping(this.outputs) ? this.outputs : {}).filter(
        (output) => isMapping(output) && 'Export' in output,
      ),
    );
    return this.handedOutByName.has(resource.name);
  }

  public texts(): readonly EmbeddedText[] {
    this.embedded ??= this.resources.flatMap((resource) =>
      (own(EMBEDDED_IN, resource.type) ?? []).flatMap((path) => embeddedAt(resource.at('Properties', ...path))),
    );
    return this.embedded;
  }

  private collectMentions(): ReadonlyMap<string, readonly Resource[]> {
    return grouped(
      this.resources.flatMap((resource) =>
        [...this.namesIn(resource)].filter((name) => name !== resource.name).map((name) => [name, resource] as const),
      ),
    );
  }

  private namesIn(resource: Resource): ReadonlySet<string> {
    let names = this.mentioned.get(resource);
    if (!names) {
      names = mentionedIn(resource.body.resolved);
      this.mentioned.set(resource, names);
    }
    return names;
  }
}

/** The place of a resource whose template was linked to others: in its file it has its own name. */
function inFile(local: string, origin: Origin | undefined): Origin {
  return origin ?? { resource: local, wayTo: (path) => path };
}

/** A macro in words; one with parameters is a mapping with its name. */
function macroText(transform: unknown): string {
  return `the macro ${scalarText(isMapping(transform) ? transform.Name : transform)}`;
}

/** Places of embedded code or configuration, by type of resource. */
const EMBEDDED_IN: Readonly<Record<string, readonly string[][]>> = {
  'AWS::Lambda::Function': [['Code', 'ZipFile']],
  'AWS::SSM::Parameter': [['Value']],
  'AWS::AppConfig::HostedConfigurationVersion': [['Content']],
  'AWS::EC2::Instance': [['UserData']],
  'AWS::MSK::Configuration': [['ServerProperties']],
  'AWS::ECS::TaskDefinition': [['ContainerDefinitions']],
};

function embeddedAt(value: Value): EmbeddedText[] {
  const text = value.text();
  if (text !== undefined) return [{ at: value, text }];
  return value.items().flatMap((container) => {
    const command = [...container.at('EntryPoint').items(), ...container.at('Command').items()].map((word) =>
      word.text(),
    );
    if (command.length === 0 || command.some((word) => word === undefined)) return [];
    return [{ at: container.at('Command'), text: command.join(' ') }];
  });
}

function acknowledgedIn(metadata: Record<string, unknown>): [string, string][] {
  const own = isMapping(metadata.backpressure) ? metadata.backpressure.acknowledge : undefined;
  return Object.entries(isMapping(own) ? own : {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1].trim() !== '',
  );
}

/** The logical ids that `Ref`, `Fn::GetAtt`, `Fn::Sub` and `DependsOn` name anywhere below. */
function mentionedIn(raw: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(raw)) for (const item of raw) mentionedIn(item, found);
  else if (isMapping(raw)) {
    for (const key of Object.keys(raw)) {
      const value = raw[key];
      if (key === 'Ref' && typeof value === 'string') found.add(value);
      else if (key === 'Fn::GetAtt') {
        // In the list form the id is by itself; that of a plan's resource is an address with dots.
        const id = Array.isArray(value) ? value[0] : typeof value === 'string' ? value.split('.', 1)[0] : undefined;
        if (typeof id === 'string') found.add(id).add(id.split('.', 1)[0]);
      } else if (key === 'Fn::Sub') {
        const text = Array.isArray(value) ? value[0] : value;
        for (const match of (typeof text === 'string' ? text : '').matchAll(/\$\{([^!}.]+)/g))
          found.add(match[1].trim());
        if (Array.isArray(value)) mentionedIn(value[1], found);
      } else mentionedIn(value, found);
    }
  }
  return found;
}
