import { App, Stack } from 'aws-cdk-lib';
import { byHand } from './by-hand';
import { asked, lookUp, type Numbers } from './numbers';
import { ours } from './ours';
import { inEmptyFolder, type Template, timedStacks } from './timed';
import type { WhenSubject } from './when/subject';
import { PAIRS_PER_STACK } from './workload';

/** The author of the app; the last one asks the library for the numbers of each. */
export type Side = 'ours' | 'by-hand' | 'planned-by-hand';

/** The engine; `k8s-objects` makes the objects of Kubernetes in memory only. With a subject, its construct is compared. */
export type Engine = 'aws' | 'k8s' | 'k8s-objects' | `${'aws' | 'k8s'}:${WhenSubject}`;

function make(side: Side, stack: Stack, number: number, known: Numbers): void {
  if (side === 'ours') ours(stack, number);
  else byHand(stack, number, side === 'by-hand' ? known : asked(number, known));
}

/** Synthesizes an app with this many queues and workers and returns its CPU seconds and its templates. */
export function synthesize(side: Side, pairs: number): { seconds: number; templates: Template[] } {
  const numbers = lookUp();
  return inEmptyFolder((outdir) =>
    timedStacks(
      () => new App({ outdir }),
      (app) =>
        Array.from({ length: Math.ceil(pairs / PAIRS_PER_STACK) }, (_, index) => {
          const stack = new Stack(app, `Stack${index}`);
          const first = index * PAIRS_PER_STACK;
          for (let number = first; number < Math.min(pairs, first + PAIRS_PER_STACK); number++)
            make(side, stack, number, numbers);
          return stack;
        }),
    ),
  );
}
