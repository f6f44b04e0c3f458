/** What the README shows of the library is what the library does: written by `npm run docs`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { QueueProcessingFargateService } from 'aws-cdk-lib/aws-ecs-patterns';
import { RedriveQueue } from '../lib/aws/queue/redrive-queue';
import type { Case } from '../lib/cases/case';
import { CASES } from '../lib/cases/catalogue';
import type { Engine } from '../lib/cases/engine';
import { check } from '../lib/rules/check';
import { documentsFrom } from '../lib/rules/read';
import { kindOf } from './engines';
import { markdownTable, pageOf } from './markdown';
import { IN_PART } from './not-run';
import { constructOf, type ProofRow, readProof } from './proof';

/** Knobs that the README prints, of the many that a plan has. */
const SHOWN = ['maxInstances', 'alarmBacklog', 'visibilityTimeoutSeconds', 'maxReceiveCount', 'retentionSeconds'];

/** What `explain()` says in the README's first ten lines, abridged. */
export function explained(): string {
  const { plan } = new RedriveQueue(new Stack(new App(), 'Shop'), 'Orders', {
    workload: { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 },
    objective: { latencySeconds: 90 },
  });
  const knobs = SHOWN.map((name) =>
    plan
      .explain()
      .split(/\n(?= {2}\w)/)
      .find((part) => part.startsWith(`  ${name} =`)),
  );
  if (knobs.includes(undefined)) throw new Error(`explain() of the README lacks one of ${SHOWN.join(', ')}`);
  return ['```', 'Orders: knobs', ...knobs, '  …', '```'].join('\n');
}

/** What `check` finds in a construct of aws-cdk-lib itself. */
export function found(): string {
  const stack = new Stack(new App({ analyticsReporting: false }), 'Shop');
  new QueueProcessingFargateService(stack, 'Thumbnails', { image: ContainerImage.fromRegistry('thumbnails:1.0') });
  const findings = check(documentsFrom([{ file: 'Shop.template.json', parsed: Template.fromStack(stack).toJSON() }]));
  const texts = findings.map(
    ({ ruleId, severity, message, fix }) => `${severity} ${ruleId}\n  ${message}\n  fix: ${fix}`,
  );
  return ['```', ...texts, '```'].join('\n');
}

const ENGINE_NAMES: Readonly<Record<Engine, string>> = { aws: 'AWS', k8s: 'Kubernetes', gcp: 'Google Cloud' };
const ENGINES = Object.keys(ENGINE_NAMES) as Engine[];

/** How far a construct was tried for a case, from the weakest to the strongest. */
export type Level = 'synthesized' | 'judged' | 'emulated' | 'measured';

/**
 * Measured: a claim of the case was held against a real server. Emulated: against a stand-in for one. Judged: a reference
 * environment deploys it, and other people's tools take what that writes (test/judges on AWS, test/cluster/manifests on
 * Kubernetes). Synthesized: our tests read it.
 */
export function levelOf(
  each: Case,
  engine: Engine,
  name: string,
  rows: readonly Pick<ProofRow, 'case' | 'construct' | 'engine'>[],
): Level {
  const own = rows.filter((row) => row.case === each.number && constructOf(row) === `${engine}.${name}`);
  if (own.length > 0) return own.some((row) => kindOf(row.engine) === 'real') ? 'measured' : 'emulated';
  // No judge reads a program of Pulumi.
  const read = each.constructs.some(
    (one) => one.name === name && one.engines.includes(engine) && one.deployed !== undefined,
  );
  return read && engine !== 'gcp' ? 'judged' : 'synthesized';
}

/** Whether what decides the case is not among what was run. */
export function isInPart(number: number, engine: Engine, name: string): boolean {
  return IN_PART.some((one) => one.case === number && one.construct === `${engine}.${name}`);
}

/** Every case with the construct that each engine has for it, and how far it was tried. */
export function casesByEngine(root: string): string {
  const rowsOfProof = readProof(root);
  const titles = ['case', 'before → after', ...ENGINES.map((engine) => ENGINE_NAMES[engine])];
  const rows = CASES.map((each) => [
    `${each.number} [${each.title}](docs/cases/${each.slug}.md)`,
    each.headline.text,
    ...ENGINES.map((engine) => constructsOf(root, each, engine, rowsOfProof)),
  ]);
  return markdownTable(titles, rows);
}

function constructsOf(root: string, each: Case, engine: Engine, proof: readonly ProofRow[]): string {
  const names = each.constructs
    .filter(({ available, engines }) => available && engines.includes(engine))
    .map(({ name }) => name);
  const cell = (name: string) => {
    const part = isInPart(each.number, engine, name) ? ' in part' : '';
    return `[\`${name}\`](${linkOf(root, engine, name)}) ${levelOf(each, engine, name, proof)}${part}`;
  };
  return [...new Set(names)].map(cell).join(', ');
}

/** Where a construct is described; each has a page. */
function linkOf(root: string, engine: Engine, name: string): string {
  const page = `docs/constructs/${pageOf(engine, name)}`;
  if (!existsSync(join(root, page))) throw new Error(`${engine}.${name} has no ${page}`);
  return page;
}
