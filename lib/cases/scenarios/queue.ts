import { solveQueue } from '../../flow/queue/plan';
import type { QueueQuestion } from '../../flow/queue/question';
import { simulate } from '../../flow/queue/simulation/simulate';
import type { Engine } from '../engine';
import type { QueueScenario } from '../scenario';
import { fixedConsumer } from './fixed-consumer';
import type { Measured } from './measured';
import { numbersOf, predictionsOf } from './queue-numbers';

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
export function measureQueue(subject: string, scenario: QueueScenario, seed: number, engine?: Engine): Measured {
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
    // Without a dead-letter queue nothing is set aside; the simulation only ends its rounds some day.
    before: { ...numbersOf(first), setAside: 0 },
    after: { measured: numbersOf(second), predicted: predictionsOf(plan, sizing) },
    knobs: plan.knobs,
    timelines: { before: first.timeline, after: second.timeline },
  };
}
