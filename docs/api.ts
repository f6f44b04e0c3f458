/**
 * The pages of the public API in `docs/api`, one a submodule, from the assembly that jsii writes. `npm run docs` writes
 * them where `npm run build` has left an assembly of these sources; `npm run test:package` builds one and compares.
 * jsii-docgen works on this assembly as well, but leaves out what is thrown, links no type of another submodule, and needs
 * 10,012 lines for `aws` alone.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { markdownTable } from './markdown';

/** The parts of an assembly that the pages are made from. */
export interface Assembly {
  readonly name: string;
  readonly submodules?: Record<string, unknown>;
  readonly types: Record<string, Type>;
}

interface Docs {
  readonly summary?: string;
  readonly remarks?: string;
  readonly default?: string;
  readonly deprecated?: string;
  readonly custom?: { readonly throws?: string };
}

type Reference =
  | { readonly primitive: string }
  | { readonly fqn: string }
  | { readonly collection: { readonly kind: 'array' | 'map'; readonly elementtype: Reference } };

interface Member {
  readonly name: string;
  readonly docs?: Docs;
  readonly static?: boolean;
  readonly const?: boolean;
  readonly protected?: boolean;
  readonly optional?: boolean;
  readonly variadic?: boolean;
  readonly type?: Reference;
  readonly parameters?: readonly Member[];
  readonly returns?: { readonly type: Reference; readonly optional?: boolean };
}

interface Type {
  readonly fqn: string;
  readonly name: string;
  readonly kind: 'class' | 'interface' | 'enum';
  readonly namespace?: string;
  readonly datatype?: boolean;
  readonly abstract?: boolean;
  readonly base?: string;
  readonly interfaces?: readonly string[];
  readonly docs?: Docs;
  readonly initializer?: Member;
  readonly properties?: readonly Member[];
  readonly methods?: readonly Member[];
  readonly members?: readonly Member[];
}

const ROOT_PAGE = 'root';

/** A page for the root and for every submodule. */
export function apiPages(assembly: Assembly): { path: string; text: string }[] {
  const modules = Object.keys(assembly.submodules ?? {}).map((name) => name.slice(assembly.name.length + 1));
  return [undefined, ...modules.sort()].map((module) => ({
    path: `docs/api/${module ?? ROOT_PAGE}.md`,
    text: page(assembly, module, modules),
  }));
}

/** The assembly below `root`, or why there is none that the pages could be written from. */
export function assemblyOf(root: string): Assembly | string {
  const path = join(root, '.jsii');
  if (!existsSync(path)) return 'there is no assembly; `npm run build` makes it';
  const built = statSync(path).mtimeMs;
  const newer = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' }).find(
    (file) => file.endsWith('.ts') && statSync(join(root, 'lib', file)).mtimeMs > built,
  );
  if (newer) return `the assembly is older than lib/${newer}; \`npm run build\` makes a new one`;
  return JSON.parse(readFileSync(path, 'utf8'));
}

function page(assembly: Assembly, module: string | undefined, modules: readonly string[]): string {
  const types = Object.values(assembly.types)
    .filter(({ namespace }) => namespace === module)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const kinds: [string, Type[]][] = [
    ['Classes', types.filter(({ kind }) => kind === 'class')],
    ['Interfaces', types.filter(({ kind, datatype }) => kind === 'interface' && !datatype)],
    ['Structs', types.filter(({ kind, datatype }) => kind === 'interface' && datatype)],
    ['Enums', types.filter(({ kind }) => kind === 'enum')],
  ];
  const full = [ROOT_PAGE, ...modules].filter((name) => name !== (module ?? ROOT_PAGE));
  const entry = `${assembly.name}${module ? `/${module}` : ''}`;
  return `${[
    '<!-- Written by `npm run docs` from the assembly. Change the comments in lib, not this page. -->',
    `# API: ${entry}`,
    '',
    `What \`${entry}\` has in every language, as the comments in the sources say it. ` +
      `In Python names are \`snake_case\`. The other pages: ${full.map((name) => `[${name}](${name}.md)`).join(', ')}.`,
    '',
    ...kinds
      .filter(([, some]) => some.length > 0)
      .map(([title, some]) => `- ${title}: ${some.map(({ name }) => `[${name}](#${anchor(name)})`).join(', ')}`),
    '',
    ...types.flatMap((type) => described(assembly, type)),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

function described(assembly: Assembly, type: Type): string[] {
  const from = type.namespace;
  const link = (reference: Reference) => typeText(assembly, from, reference);
  const bases = [...(type.base ? [type.base] : []), ...(type.interfaces ?? [])];
  const inheritance = bases.length > 0 ? `, extends ${bases.map((fqn) => link({ fqn })).join(' and ')}` : '';
  const kind =
    type.kind === 'interface' ? (type.datatype ? 'Struct' : 'Interface') : type.kind === 'enum' ? 'Enum' : 'Class';
  return [
    `## ${type.name}`,
    '',
    `${type.abstract && type.kind === 'class' ? 'Abstract class' : kind}${inheritance}. ${prose(type.docs)}`,
    '',
    ...(type.initializer ? initializer(type, link) : []),
    ...propertyTable(assembly, type, link),
    ...methodList(type, link),
    ...(type.members
      ? [
          markdownTable(
            ['value', 'what it is'],
            type.members.map(({ name, docs }) => [`\`${name}\``, prose(docs)]),
          ),
          '',
        ]
      : []),
  ];
}

function initializer(type: Type, link: (reference: Reference) => string): string[] {
  if (type.abstract) return [];
  const { parameters = [], docs } = type.initializer!;
  return [
    `\`new\` ${type.name}(${signature(parameters, link)}). ${prose(docs)}`.trim(),
    '',
    ...parameterList(parameters),
  ];
}

function propertyTable(assembly: Assembly, type: Type, link: (reference: Reference) => string): string[] {
  const properties = allProperties(assembly, type).filter((each) => !each.protected);
  if (properties.length === 0) return [];
  const ordered = [...properties].sort((a, b) => Number(a.optional ?? false) - Number(b.optional ?? false));
  const title = type.datatype ? ['prop', 'type', 'what it is', 'default'] : ['member', 'type', 'what it is'];
  return [
    markdownTable(
      title,
      ordered.map((each) => [
        `${each.static || each.const ? 'static ' : ''}\`${each.name}${each.optional ? '?' : ''}\``,
        link(each.type!),
        prose(each.docs, !type.datatype),
        ...(type.datatype ? [each.optional ? defaultOf(each) : 'required'] : []),
      ]),
    ),
    '',
  ];
}

/** A struct has the props of the structs that it extends; of a class only its own are listed, and its base is linked. */
function allProperties(assembly: Assembly, type: Type): Member[] {
  const inherited = type.datatype
    ? (type.interfaces ?? []).flatMap((fqn) =>
        assembly.types[fqn] ? allProperties(assembly, assembly.types[fqn]) : [],
      )
    : [];
  const own = type.properties ?? [];
  return [...own, ...inherited.filter(({ name }) => own.every((each) => each.name !== name))];
}

function methodList(type: Type, link: (reference: Reference) => string): string[] {
  const methods = (type.methods ?? []).filter((each) => !each.protected);
  if (methods.length === 0) return [];
  return [
    ...methods.map((each) => {
      const returns = each.returns ? `: ${link(each.returns.type)}${each.returns.optional ? ' or nothing' : ''}` : '';
      const given = (each.parameters ?? []).filter(({ docs }) => docs?.summary);
      const parameters = given.map(({ name, docs }) => `\`${name}\`: ${prose(docs)}`).join(' ');
      const text = `- ${each.static ? 'static ' : ''}\`${each.name}\`(${signature(each.parameters ?? [], link)})${returns}. ${prose(each.docs)}`;
      return `${text} ${parameters}`.trim();
    }),
    '',
  ];
}

function parameterList(parameters: readonly Member[]): string[] {
  const said = parameters.filter(({ docs }) => docs?.summary);
  return said.length === 0 ? [] : [...said.map(({ name, docs }) => `- \`${name}\`: ${prose(docs)}`), ''];
}

function signature(parameters: readonly Member[], link: (reference: Reference) => string): string {
  return parameters
    .map(
      ({ name, type, optional, variadic }) =>
        `${variadic ? '...' : ''}\`${name}${optional ? '?' : ''}\`: ${link(type!)}`,
    )
    .join(', ');
}

function typeText(assembly: Assembly, from: string | undefined, reference: Reference): string {
  if ('primitive' in reference) return reference.primitive;
  if ('collection' in reference) {
    const element = typeText(assembly, from, reference.collection.elementtype);
    return reference.collection.kind === 'array' ? `list of ${element}` : `map of string to ${element}`;
  }
  const own = assembly.types[reference.fqn];
  if (!own) return `\`${reference.fqn}\``;
  const there = own.namespace === from ? '' : `${own.namespace ?? ROOT_PAGE}.md`;
  return `[${own.name}](${there}#${anchor(own.name)})`;
}

function prose(docs: Docs = {}, withDefault = false): string {
  const parts = [
    docs.deprecated === undefined ? '' : `**Deprecated**: ${docs.deprecated}`,
    docs.summary ?? '',
    docs.remarks ?? '',
    withDefault && docs.default ? `Default: ${defaultOf({ docs })}.` : '',
    docs.custom?.throws ? `Throws ${docs.custom.throws}.` : '',
  ];
  return one(parts.filter((part) => part !== '').join(' '));
}

/** jsii marks a default that is not a value with a hyphen. */
function defaultOf({ docs }: Pick<Member, 'docs'>): string {
  return one(docs?.default ?? '').replace(/^- /, '');
}

/** On one line, as a cell of a table has to be; an example becomes code inside the sentence. */
function one(text: string): string {
  return text
    .replace(/```\w*\n(.*?)\n```/gs, '`$1`')
    .replace(/\s*\n\s*/g, ' ')
    .trim();
}

/** As GitHub makes it from a heading of one word. */
function anchor(name: string): string {
  return name.toLowerCase();
}
