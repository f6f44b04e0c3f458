/**
 * A subject is registered in four places, one line each: the index of its engine, the index of the flow, the map of
 * scenario kinds, and the reference environments. What else belongs to a construct is there too: a page, a test, a case
 * and a link in the README. Each failure names the place and what it lacks.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ComponentResource } from '@pulumi/pulumi';
import { Stack } from 'aws-cdk-lib';
import { Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { REFERENCE_CHARTS } from '../charts/reference';
import * as aws from '../lib/aws';
import { CASES } from '../lib/cases/catalogue';
import type { Engine } from '../lib/cases/engine';
import { KINDS } from '../lib/cases/scenarios/kinds';
import * as gcp from '../lib/gcp';
import * as k8s from '../lib/k8s';
import { REFERENCE_STACKS } from '../stacks/reference';
import { ROOT } from './support/reference';

/** What users import of each engine. */
const EXPORTED: Readonly<Record<Engine, object>> = { aws, k8s, gcp };

/** Constructs that stand on the page, in the tests and in the case of the one that makes them. */
const PARTS: Readonly<Record<string, string>> = {
  'aws.CoalescingAlarms': 'aws.CoalescingQueue',
  'aws.JvmAlarms': 'aws.JvmService',
  'aws.CompactionAlarms': 'aws.ContinuousCompaction',
  'aws.KafkaAlarms': 'aws.KafkaQuotas',
  'aws.LogShippingAlarms': 'aws.LogShipping',
  'aws.QueueAlarms': 'aws.RedriveQueue',
  'aws.RabbitMqAlarms': 'aws.RabbitMqQueue',
  'aws.RabbitMqWorker': 'aws.RabbitMqQueue',
  'aws.RefusedAlarms': 'aws.WebhookBuffer',
  'aws.ReplicaAlarms': 'aws.ReplicaLagGuard',
  'aws.SenderAlarms': 'aws.RateLimitedSender',
  'aws.StreamAlarms': 'aws.PartitionedStream',
  'aws.ScheduleAlarms': 'aws.SpreadSchedule',
  'aws.TtlCollectionAlarms': 'aws.TtlCollection',
  'aws.TtlTableAlarms': 'aws.TtlTable',
  'aws.WebhookAlarms': 'aws.WebhookBuffer',
  'k8s.TenantNamespace': 'k8s.FairShare',
  'gcp.PushWorker': 'gcp.RedriveQueue',
  'gcp.RefusedAlerts': 'gcp.WebhookBuffer',
  'gcp.ScheduleAlerts': 'gcp.SpreadSchedule',
  'gcp.SenderAlerts': 'gcp.RateLimitedSender',
  'gcp.SubscriptionAlerts': 'gcp.RedriveQueue',
};

/** Pages of `docs/constructs` about a function. */
const FUNCTION_PAGES = ['from-chart.md'];

const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const filesIn = (path: string) => readdirSync(join(ROOT, path)).filter((name) => name.endsWith('.ts'));
const foldersIn = (path: string) =>
  readdirSync(join(ROOT, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
const exportsOf = (path: string) => Object.entries(require(join(ROOT, path)) as Record<string, unknown>);
const kebab = (name: string) => name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
// Not `instanceof`, which Chart answers by what an instance has.
const isA = (value: unknown, parent: { readonly prototype: object }) =>
  typeof value === 'function' && Object.prototype.isPrototypeOf.call(parent.prototype, value.prototype ?? {});

/** Files that the index of a layer exports, without the ending. */
const exportedFiles = (index: string) => [...text(index).matchAll(/from '\.\/([^']+)'/g)].map(([, file]) => file);

interface Exported {
  readonly engine: Engine;
  readonly name: string;
  readonly full: string;
}

const constructs: readonly Exported[] = (Object.keys(EXPORTED) as Engine[]).flatMap((engine) =>
  Object.entries(EXPORTED[engine])
    .filter(([, value]) => isA(value, Construct) || isA(value, ComponentResource))
    .map(([name]) => ({ engine, name, full: `${engine}.${name}` })),
);
const wholes = constructs.filter(({ full }) => !(full in PARTS));
const exported = (full: string) => constructs.some((one) => one.full === full);
const offered = CASES.flatMap((each) =>
  each.constructs
    .filter(({ available }) => available)
    .flatMap(({ name, engines, deployed }) => engines.map((engine) => ({ each, name, engine, deployed }))),
);

/** The page of a construct; those of AWS came first and have no prefix. */
const pageOf = ({ engine, name }: Exported) => `${engine === 'aws' ? '' : `${engine}-`}${kebab(name)}.md`;

/** The folder of a construct below its engine. */
function subjectOf({ engine, name }: Exported): string {
  const file = exportedFiles(`lib/${engine}/index.ts`).find((one) =>
    exportsOf(`lib/${engine}/${one}`).some(([each]) => each === name),
  );
  return file!.split('/')[0];
}

describe('what belongs to a construct', () => {
  test.each(wholes)('$full has a page, a test, a case and a link in the README', (construct) => {
    const { engine, name } = construct;
    const page = `docs/constructs/${pageOf(construct)}`;
    const tests = `test/${engine}/${subjectOf(construct)}/${kebab(name)}.test.ts`;
    expect(
      [
        existsSync(join(ROOT, page)) ? '' : `${page} is not there`,
        existsSync(join(ROOT, tests)) ? '' : `${tests} is not there`,
        offered.some((one) => one.name === name && one.engine === engine)
          ? ''
          : `lib/cases: no case has ${name} on ${engine} among its constructs with available: true`,
        // `npm run docs` writes the table of the README from the cases.
        text('README.md').includes(`[\`${name}\`](${page})`)
          ? ''
          : `README.md: no link to ${page}; npm run docs writes it`,
      ].filter(Boolean),
    ).toEqual([]);
  });

  test('a part belongs to a construct of its engine, and both are exported', () => {
    const strays = Object.entries(PARTS).flatMap(([part, whole]) =>
      [part, whole]
        .filter((full) => !exported(full))
        .map((full) => `${part}: the engine index does not export ${full}`),
    );
    expect(strays).toEqual([]);
    expect(Object.values(PARTS).filter((whole) => whole in PARTS)).toEqual([]);
  });

  test('a page is about a construct that is exported', () => {
    const known = [...wholes.map(pageOf), ...FUNCTION_PAGES];
    const strays = readdirSync(join(ROOT, 'docs/constructs')).filter((page) => !known.includes(page));
    expect(strays.map((page) => `docs/constructs/${page}: no engine index exports its construct`)).toEqual([]);
  });
});

describe('the engine index', () => {
  test('exports what a case offers', () => {
    const missing = offered.filter(({ name, engine }) => !exported(`${engine}.${name}`));
    expect(
      missing.map(
        ({ each, name, engine }) => `lib/${engine}/index.ts: does not export ${name}, which case ${each.number} offers`,
      ),
    ).toEqual([]);
  });

  test('has a line for every subject of its engine, which is called as in the flow', () => {
    const subjects = foldersIn('lib/flow').filter((name) => name !== 'numerics');
    const faults = (Object.keys(EXPORTED) as Engine[]).flatMap((engine) =>
      foldersIn(`lib/${engine}`)
        // Custom resources, which every subject uses.
        .filter((name) => name !== 'operators')
        .flatMap((name) => [
          ...(subjects.includes(name) ? [] : [`lib/${engine}/${name}: lib/flow has no subject of this name`]),
          ...(exportedFiles(`lib/${engine}/index.ts`).some((file) => file.startsWith(`${name}/`))
            ? []
            : [`lib/${engine}/index.ts: no line for the subject ${name}`]),
        ]),
    );
    expect(faults).toEqual([]);
  });
});

test('the flow index has the structs of every subject with a plan, all.ts its functions as well', () => {
  const planned = foldersIn('lib/flow').filter((name) => existsSync(join(ROOT, 'lib/flow', name, 'plan.ts')));
  const wanted = [
    { index: 'lib/flow/index.ts', files: planned.map((name) => `${name}/workload`) },
    { index: 'lib/flow/all.ts', files: planned.flatMap((name) => [`${name}/workload`, `${name}/plan`]) },
  ];
  expect(planned.length).toBeGreaterThan(5);
  expect(
    wanted.flatMap(({ index, files }) =>
      files.filter((file) => !exportedFiles(index).includes(file)).map((file) => `${index}: does not export ./${file}`),
    ),
  ).toEqual([]);
});

describe('the map of scenario kinds', () => {
  const isKind = (value: unknown) => typeof (value as { measure?: unknown } | undefined)?.measure === 'function';

  test('has every kind that is written', () => {
    const missing = filesIn('lib/cases/scenarios').flatMap((file) =>
      exportsOf(`lib/cases/scenarios/${file}`)
        .filter(([, value]) => isKind(value) && !(Object.values(KINDS) as unknown[]).includes(value))
        .map(([name]) => `lib/cases/scenarios/kinds.ts: no line for ${name} of ${file}`),
    );
    expect(missing).toEqual([]);
  });

  test('has no kind without a case', () => {
    const used = CASES.map(({ scenario }) => scenario?.kind);
    const idle = (Object.keys(KINDS) as (keyof typeof KINDS)[]).filter((kind) => !used.includes(kind));
    expect(idle.map((kind) => `lib/cases: no case has a scenario of the kind ${kind}`)).toEqual([]);
  });
});

describe('the reference environments', () => {
  const tables = [
    { folder: 'stacks', parent: Stack, listed: REFERENCE_STACKS as Readonly<Record<string, unknown>> },
    { folder: 'charts', parent: Chart, listed: REFERENCE_CHARTS as Readonly<Record<string, unknown>> },
  ];
  const environments = [...tables.flatMap(({ listed }) => Object.keys(listed)), 'gcp'];

  test.each(tables)('$folder/reference.ts has every environment that is written', ({ folder, parent, listed }) => {
    const missing = filesIn(folder).flatMap((file) =>
      exportsOf(`${folder}/${file}`)
        .filter(([, value]) => isA(value, parent) && !Object.values(listed).includes(value))
        .map(([name]) => `${folder}/reference.ts: no line for ${name} of ${file}`),
    );
    expect(missing).toEqual([]);
  });

  test('deploy a case, each of them, and cases are deployed by nothing else', () => {
    const deploying = new Set(offered.map(({ deployed }) => deployed?.split('/')[0] ?? 'nothing'));
    expect(
      environments.filter((name) => !deploying.has(name)).map((name) => `${name}: no case has a path 'deployed' in it`),
    ).toEqual([]);
    expect(
      [...deploying]
        .filter((name) => !environments.includes(name))
        .map((name) => `${name}: a case says that it deploys it; the tables of reference environments do not have it`),
    ).toEqual([]);
  });

  test('are described in docs/environments.md or on the page of a construct', () => {
    const pages = [
      'docs/environments.md',
      ...readdirSync(join(ROOT, 'docs/constructs')).map((page) => `docs/constructs/${page}`),
    ];
    const prose = pages.map(text).join('\n');
    const marks = [
      ...Object.keys(REFERENCE_STACKS).map((name) => `\`stacks/${kebab(name)}.ts\``),
      // A chart is known by the file that `npm run synth:k8s` writes.
      ...Object.keys(REFERENCE_CHARTS).map((name) => `**${name}**`),
      '`bin/gcp`',
    ];
    expect(
      marks.filter((mark) => !prose.includes(mark)).map((mark) => `docs/environments.md: does not have ${mark}`),
    ).toEqual([]);
  });
});

// A newcomer starts from the files that it names.
test('CONTRIBUTING.md names only files that are there', () => {
  const named = [...text('CONTRIBUTING.md').matchAll(/`((?:bin|stacks|charts|lib|test|docs|bench)\/[\w./-]+)`/g)];
  expect(named.length).toBeGreaterThan(50);
  const missing = named.map(([, path]) => path).filter((path) => !existsSync(join(ROOT, path)));
  expect(missing.map((path) => `CONTRIBUTING.md: ${path} is not there`)).toEqual([]);
});
