/** Synthesizes the constructs of all subjects but queues on AWS, or the same resources written by hand. */
import { deepStrictEqual } from 'node:assert';
import { App, Stack } from 'aws-cdk-lib';
import type { Side } from '../build';
import { inEmptyFolder, type Template, timedStacks } from '../timed';
import { compaction } from './compaction';
import { etl } from './etl';
import { jvm } from './jvm';
import { merging } from './merging';
import { rates } from './rates';
import { replication } from './replication';
import { type Maker, makers } from './rivals';
import { schedule } from './schedule';
import { services } from './services';
import { streams } from './streams';
import type { WhenSubject } from './subject';

const root = () => new App();

const MAKERS: Readonly<Record<WhenSubject, (side: Side) => Maker<Stack>>> = {
  schedule: makers(schedule, root),
  rates: makers(rates, root),
  merging: makers(merging, root),
  jvm: makers(jvm, root),
  compaction: makers(compaction, root),
  streams: makers(streams, root),
  etl: makers(etl, root),
  services: makers(services, root),
  replication: makers(replication, root),
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
  return inEmptyFolder((outdir) =>
    timedStacks(
      () => new App({ outdir }),
      (app) => {
        const stacks: Stack[] = [];
        for (let number = 0; number < count; number += 1) {
          if (number % PER_STACK === 0) stacks.push(new Stack(app, `Stack${stacks.length}`));
          make(stacks[stacks.length - 1], number);
        }
        return stacks;
      },
    ),
  );
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
