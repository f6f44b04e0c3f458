/** docs/escape-hatches.md: every object that a construct makes is a public member, or a member of one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { App as Cdk8sApp, Testing } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import { REFERENCE_CHARTS } from '../../charts/reference';
import * as aws from '../../lib/aws';
import * as k8s from '../../lib/k8s';
import { SUBJECTS } from '../fuzz/props/table';
import { REFERENCE_NAMES, ROOT, reference } from '../support/reference';

/** Children that are no member, and why; the class is that of the child, the path that below the construct. */
const EXCEPTIONS: readonly {
  readonly of?: RegExp;
  readonly path?: RegExp;
  readonly made?: RegExp;
  readonly why: string;
}[] = [
  { made: /^(ImmutableRole|Import|Imported\w+)\d*$/, why: 'a view of what is made elsewhere: it writes nothing' },
  { made: /^Asset\d*$/, why: 'files that are uploaded: it writes nothing into the template' },
  { made: /^Volume$/, why: 'part of the pod spec of the workload, which is a member' },
  { made: /^CfnWebACLAssociation$/, why: 'two ARNs: there is nothing to change' },
  { made: /^ConfigMap$/, path: /Script$/, why: 'the program itself, which comes with the version of the package' },
  { path: /^Provider(Logs|Role)?$/, why: 'runs while the stack is deployed, and never else' },
  {
    of: /^(StreamingEtl|KafkaQuotas)$/,
    path: /^Brokers(Logs|Role)?$/,
    why: 'runs while the stack is deployed, and never else',
  },
  { of: /^LogShipping$/, path: /^Errors$/, why: 'a log stream of logGroup, without settings' },
  { of: /^LogShipping$/, path: /^Disk-/, why: 'addTo(taskDefinition) returns it' },
  { of: /^LogShipping$/, path: /^Task$/, why: 'made by the fuzz, not by the construct' },
  { of: /^WebhookBuffer$/, path: /^Secret-/, why: 'secretOf(name) returns it' },
  {
    of: /^WebhookBuffer$/,
    path: /^(Json|Signed)$/,
    why: 'what any delivery has to have: with less of it the queue takes forgeries',
  },
];

/** Members of constructs of others by which their parts are reached. */
const PARTS = ['role', 'logGroup', 'executionRole', 'taskRole', 'defaultContainer', 'container', 'serviceAccount'];

interface Library {
  readonly classes: ReadonlySet<unknown>;
  /** Public members by the name of the class. */
  readonly members: ReadonlyMap<string, readonly string[]>;
}

function libraryOf(engine: 'aws' | 'k8s', exported: object): Library {
  const folder = join(ROOT, 'lib', engine);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const members = sources.flatMap((name) => {
    const parts = readFileSync(join(folder, name), 'utf8').split(/^export (?:abstract )?class (\w+)/m);
    return parts.flatMap((body, index): [string, string[]][] =>
      index === 0 || index % 2 > 0
        ? []
        : [[parts[index - 1], [...body.matchAll(/^ {2}public (?:readonly |get )(\w+)/gm)].map(([, member]) => member)]],
    );
  });
  return { classes: new Set(Object.values(exported)), members: new Map(members) };
}

function membersOf(construct: object, { members }: Library): string[] {
  const names: string[] = [];
  for (let made = construct.constructor; made?.name; made = Object.getPrototypeOf(made))
    names.push(...(members.get(made.name) ?? []));
  return names.filter((name) => !name.startsWith('_'));
}

/** Adds what is reached from a value by public members. */
function reach(value: unknown, library: Library, found: Set<unknown>): void {
  if (typeof value !== 'object' || value === null || found.has(value)) return;
  found.add(value);
  const of = value as Record<string, unknown>;
  if (!(value instanceof Construct)) {
    if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype)
      for (const each of Object.values(value)) reach(each, library, found);
    return;
  }
  const isOurs = library.classes.has(value.constructor);
  for (const name of isOurs ? membersOf(value, library) : PARTS) {
    if (isOurs || of[name] instanceof Construct) reach(of[name], library, found);
  }
}

/** The exported constructs that stand nowhere below these. */
function notAmong(roots: readonly IConstruct[], { classes }: Library): string[] {
  const made = new Set<unknown>(roots.flatMap((root) => root.node.findAll().map((one) => one.constructor)));
  return [...classes].flatMap((one) =>
    typeof one === 'function' && one.prototype instanceof Construct && !made.has(one) ? [one.name] : [],
  );
}

/** What a construct and those below it make and do not show, as `RedriveQueue: Circuit (Table)`. */
function hidden(construct: IConstruct, library: Library): string[] {
  const below = construct.node.children.flatMap((child) => hidden(child, library));
  if (!library.classes.has(construct.constructor)) return below;
  const found = new Set<unknown>();
  reach(construct, library, found);
  const of = construct.constructor.name;
  const among = (parent: IConstruct, way: string): string[] =>
    parent.node.children.flatMap((child) => {
      const [path, made] = [`${way}${child.node.id}`, child.constructor.name];
      if (found.has(child) || found.has(child.node.defaultChild)) return [];
      // A folder of ids; what is in it counts.
      if (child.constructor === Construct) return among(child, `${path}/`);
      const excepted = EXCEPTIONS.some((one) =>
        [one.of?.test(of), one.path?.test(path), one.made?.test(made)].every((fits) => fits ?? true),
      );
      return excepted ? [] : [`${of}: ${path} (${made})`];
    });
  return [...below, ...among(construct, '')];
}

/** Draws of each construct's random props: few become a document, and each has other parts. */
const DRAWS = 12;

/** What the fuzz makes, before it is written. */
async function drawn(engine: string, roots: () => readonly IConstruct[]): Promise<readonly IConstruct[]> {
  for (const { name, draw } of SUBJECTS.filter((one) => one.name.startsWith(`${engine}.`)))
    for (let turn = 0; turn < DRAWS; turn += 1) {
      try {
        await draw(20_261_123 + turn).make();
      } catch (error) {
        // Half of all random props are refused.
        expect([name, ['CapacityError', 'InvalidInputError'].includes((error as Error).name)]).toEqual([name, true]);
      }
    }
  return roots();
}

test('every object on AWS is a public member, or a member of one', async () => {
  const written = jest.spyOn(Template, 'fromStack');
  const stacks = await drawn('aws', () => written.mock.calls.map(([stack]) => stack as unknown as IConstruct));
  const library = libraryOf('aws', aws);
  const all = [...stacks, ...REFERENCE_NAMES.map((name) => reference(name))];
  expect(notAmong(all, library)).toEqual([]);
  expect([...new Set(all.flatMap((root) => hidden(root, library)))].sort()).toEqual([]);
}, 120_000);

test('every object on Kubernetes is a public member, or a member of one', async () => {
  const written = jest.spyOn(Testing, 'synth');
  const charts = await drawn('k8s', () => written.mock.calls.map(([chart]) => chart as unknown as IConstruct));
  const library = libraryOf('k8s', k8s);
  const references = Object.entries(REFERENCE_CHARTS).map(([name, Made]) => new Made(new Cdk8sApp(), name));
  const all = [...charts, ...references];
  expect(notAmong(all, library)).toEqual([]);
  expect([...new Set(all.flatMap((root) => hidden(root, library)))].sort()).toEqual([]);
}, 120_000);

test('the page says what is no member', () => {
  const page = readFileSync(join(ROOT, 'docs', 'escape-hatches.md'), 'utf8');
  expect(page).toContain('`secretOf(name)`');
});
