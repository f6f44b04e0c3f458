/**
 * Cost of `backpressure check` beyond its start: the rules over a template and over manifests of a thousand resources,
 * each time in a process that has run nothing before, and how that grows. The resources are those of the rules' own
 * examples, wrong and right, many times over.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { parseDocuments } from '../lib/rules/read';
import { isMapping } from '../lib/rules/resolved';
import { type Line, line, median, progress } from './line';

const ROOT = join(__dirname, '..');
const EXAMPLES = join(ROOT, 'docs', 'rules');
const OUT = join(ROOT, 'dist', 'bench');
const FEW = 1000;
const MANY = 4000;
const MOST_MILLIS = 150;
const MOST_OVER_LINEAR = 1.1;
const ROUNDS = 9;

type Body = Record<string, unknown>;

export function bench(): Line[] {
  const bodies = readdirSync(EXAMPLES).flatMap((id) =>
    ['wrong', 'right'].flatMap((which) =>
      parseDocuments(`${id}.yaml`, readFileSync(join(EXAMPLES, id, `${which}.yaml`), 'utf8')),
    ),
  );
  const script = compile();
  const isTemplate = (body: Body) => isMapping(body.Resources);
  return [
    ...measure(script, 'template', (size) => template(bodies.filter(isTemplate), size)),
    ...measure(script, 'manifests', (size) =>
      manifests(
        bodies.filter((body) => !isTemplate(body)),
        size,
      ),
    ),
  ];
}

function measure(script: string, name: string, make: (size: number) => unknown): Line[] {
  const [few, many] = [FEW, MANY].map((size) => {
    const file = join(OUT, `${name}-${size}.json`);
    writeFileSync(file, JSON.stringify(make(size)));
    return file;
  });
  progress(`check ${name}: ${FEW} and ${MANY} resources, ${ROUNDS} rounds`);
  const millis = { once: [] as number[], few: [] as number[], many: [] as number[] };
  // In turns, so that other load on the machine slows all alike.
  for (let round = 0; round < ROUNDS; round++) {
    millis.once.push(run(script, few, 1));
    millis.few.push(run(script, few, MANY / FEW));
    millis.many.push(run(script, many, 1));
  }
  return [
    line(`check ${name}, ${FEW} resources`, median(millis.once), 'ms', MOST_MILLIS, 1),
    line(`check ${name}, ${FEW} to ${MANY} vs linear`, median(millis.many), 'ms', median(millis.few), MOST_OVER_LINEAR),
  ];
}

function run(script: string, file: string, times: number): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, file, String(times)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr}`);
  return Number(stdout);
}

function compile(): string {
  const outfile = join(OUT, 'check.cjs');
  mkdirSync(OUT, { recursive: true });
  buildSync({ entryPoints: [join(__dirname, 'check', 'child.ts')], outfile, bundle: true, platform: 'node' });
  return outfile;
}

/** One template with the resources of all of them, as often as it takes; every copy refers to its own resources. */
function template(templates: readonly Body[], size: number): Body {
  const all: Record<string, unknown> = {};
  for (let copy = 0; Object.keys(all).length < size; copy++) {
    const resources = templates[copy % templates.length].Resources as Record<string, unknown>;
    const names = Object.keys(resources);
    const text = names.reduce(
      (json, name) => json.replace(new RegExp(`(["\${])${name}(?=["}.])`, 'g'), `$1${name}${copy}`),
      JSON.stringify(resources),
    );
    Object.assign(all, JSON.parse(text));
  }
  return { Resources: Object.fromEntries(Object.entries(all).slice(0, size)) };
}

/** The manifests of all of them, as often as it takes; every copy in its own namespace. */
function manifests(bodies: readonly Body[], size: number): Body[] {
  return Array.from({ length: size }, (_, i) => {
    const body = bodies[i % bodies.length];
    const namespace = `copy-${Math.floor(i / bodies.length)}`;
    return { ...body, metadata: { ...(body.metadata as object), namespace } };
  });
}
