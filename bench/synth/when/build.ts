/** Synthesizes the constructs of cases 4, 7 and 9 on AWS, or the same resources written by hand. */
import { deepStrictEqual } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import type { Side, Template } from '../build';
import { merging } from './merging';
import { rates } from './rates';
import { schedule } from './schedule';
import type { WhenSubject } from './subject';

interface Rivals<K> {
  readonly known: (app: App) => K;
  readonly ours: (stack: Stack, number: number) => unknown;
  readonly byHand: (stack: Stack, number: number, known: K) => void;
}

type Maker = (stack: Stack, number: number) => unknown;

/** The numbers of the hand-written side are computed in advance, so that only writing is timed. */
function makers<K>({ known, ours, byHand }: Rivals<K>): (side: Side) => Maker {
  return (side) => {
    const numbers = known(new App());
    return side === 'ours' ? ours : (stack, number) => byHand(stack, number, numbers);
  };
}

const MAKERS: Readonly<Record<WhenSubject, (side: Side) => Maker>> = {
  schedule: makers(schedule),
  rates: makers(rates),
  merging: makers(merging),
};
/** A stack holds at most 500 resources; the largest of them has 67. */
const PER_STACK = 5;

/** CPU seconds and templates of an app with so many of them. */
export function synthesizeWhen(
  subject: WhenSubject,
  side: Side,
  count: number,
): { seconds: number; templates: Template[] } {
  const make = MAKERS[subject](side);
  const outdir = mkdtempSync(join(tmpdir(), 'backpressure-bench-'));
  try {
    const before = process.cpuUsage();
    const app = new App({ outdir });
    const stacks: Stack[] = [];
    for (let number = 0; number < count; number += 1) {
      if (number % PER_STACK === 0) stacks.push(new Stack(app, `Stack${stacks.length}`));
      make(stacks[stacks.length - 1], number);
    }
    const assembly = app.synth();
    const { user, system } = process.cpuUsage(before);
    const templates = stacks.map((stack) => assembly.getStackByName(stack.stackName).template as Template);
    return { seconds: (user + system) / 1e6, templates };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** A ratio is valid only if both sides make the same; the wording of a description costs no work. */
export function assertSameWhen(subject: WhenSubject): void {
  process.env.CDK_VALIDATION = 'false';
  const [ours, byHand] = (['ours', 'by-hand'] as const).map((side) => {
    const { templates } = synthesizeWhen(subject, side, 2);
    return JSON.parse(
      JSON.stringify(templates, (key, value) => (key === 'AlarmDescription' ? undefined : value)),
    ) as unknown;
  });
  deepStrictEqual(byHand, ours, `the two sides of ${subject} set different properties`);
}
