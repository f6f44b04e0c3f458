import { solveQueue } from '../../flow/queue/plan';
import type { QueueQuestion } from '../../flow/queue/question';
import { simulate } from '../../flow/queue/simulation/simulate';
import type { Workload } from '../../flow/queue/workload';
import type { Engine } from '../engine';
import type { Answer, Deployments } from '../scenario';
import { fixedConsumer } from './fixed-consumer';
import { enginesIn, type Kind } from './kind';
import type { Measured } from './measured';
import { numbersOf, predictionsOf } from './queue-numbers';

/** A queue whose consumer is fixed before, and planned after. */
export interface QueueScenario {
  readonly kind: 'queue';
  /** How *before* was chosen so that it shows the headline's first number. */
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: Workload;
  readonly before: {
    /** Instances, whatever the backlog. */
    readonly instances: number;
    readonly slotsPerInstance: number;
    /**
     * Mean seconds that an item takes of a slot, where that is more than its work.
     *
     * @default - `serviceSeconds` of the workload
     */
    readonly serviceSeconds?: number;
    /**
     * Seconds after which a failed item is handed out again, at most; half of it on average.
     *
     * @default - nothing fails for good
     */
    readonly returnSeconds?: number;
    /**
     * Attempts after which the simulation no longer delivers an item that cannot be served. More than are made until
     * the end of the peak, so that nothing is set aside while the run is measured.
     *
     * @default 1
     */
    readonly attempts?: number;
  };
  readonly after: Deployments;
}

/** How it is measured, and where it is deployed. */
export const queue: Kind<QueueScenario> = { measure: measureQueue, engines: ({ after }) => enginesIn(after.on) };

/** The question that the plan answers on that engine; without one, on the first that the case is deployed on. */
export function questionOn(
  { workload, after }: Pick<QueueScenario, 'workload' | 'after'>,
  engine?: Engine,
): QueueQuestion {
  const asked = engine === undefined ? Object.values(after.on)[0] : after.on[engine];
  if (asked === undefined) throw new Error(`the case is not deployed on ${engine}`);
  return { workload, ...asked };
}

/** A queue: served by so many instances before, by as many as the plan sets after. */
function measureQueue(subject: string, scenario: QueueScenario, seed: number, engine?: Engine): Measured {
  const { workload, before } = scenario;
  const { instances, slotsPerInstance, serviceSeconds = workload.serviceSeconds, attempts = 1, returnSeconds } = before;
  const first = simulate({
    workload: { ...workload, serviceSeconds },
    consumer: fixedConsumer(instances, slotsPerInstance, attempts),
    seed,
    ...(returnSeconds === undefined ? {} : { backoff: { baseSeconds: returnSeconds, capSeconds: returnSeconds } }),
  });
  const { plan, sizing } = solveQueue(subject, questionOn(scenario, engine));
  const second = simulate({ workload: sizing.workload, consumer: sizing.consumer, seed });
  return {
    // Without a dead-letter queue nothing is set aside; the bound on attempts only ends the run.
    before: { ...numbersOf(first), setAside: 0 },
    after: { measured: numbersOf(second), predicted: predictionsOf(plan, sizing) },
    knobs: plan.knobs,
    timelines: { before: first.timeline, after: second.timeline },
  };
}
