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
import { markdownTable, pageOf } from './markdown';

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

/** Every case with the construct that each engine has for it. */
export function casesByEngine(root: string): string {
  const titles = ['case', 'before → after', ...ENGINES.map((engine) => ENGINE_NAMES[engine])];
  const rows = CASES.map((each) => [
    `${each.number} [${each.title}](docs/cases/${each.slug}.md)`,
    each.headline.text,
    ...ENGINES.map((engine) => constructsOf(root, each, engine)),
  ]);
  return markdownTable(titles, rows);
}

function constructsOf(root: string, each: Case, engine: Engine): string {
  const names = each.constructs
    .filter(({ available, engines }) => available && engines.includes(engine))
    .map(({ name }) => name);
  return [...new Set(names)].map((name) => `[\`${name}\`](${linkOf(root, engine, name)})`).join(', ');
}

/** Where a construct is described; each has a page. */
function linkOf(root: string, engine: Engine, name: string): string {
  const page = `docs/constructs/${pageOf(engine, name)}`;
  if (!existsSync(join(root, page))) throw new Error(`${engine}.${name} has no ${page}`);
  return page;
}
