/** A choice is one of a table's own names: those that every object has, such as `toString`, are refused like any other. */
import { TASK_LOGS } from '../../lib/cases/case-01-log-flood';
import { ORDERS } from '../../lib/cases/case-02-order-peak';
import { PAGE_VIEWS } from '../../lib/cases/case-03-batch-to-streaming';
import { METRICS } from '../../lib/cases/case-05-iot-metrics';
import { MAILING } from '../../lib/cases/case-07-mail-rate-limit';
import { STORM } from '../../lib/cases/case-09-invalidation-storm';
import { BUSY_JVM } from '../../lib/cases/case-10-allocation-outruns-gc';
import { COMPACTION_ON_K8S } from '../../lib/cases/case-17-continuous-cleanup';
import { planCompaction } from '../../lib/flow/compaction/plan';
import { InvalidInputError } from '../../lib/flow/errors';
import { planEtl } from '../../lib/flow/etl/plan';
import { planJvm } from '../../lib/flow/jvm/plan';
import { planLogDelivery } from '../../lib/flow/logs/delivery/plan';
import { planCoalescing } from '../../lib/flow/merging/plan';
import { planQueue } from '../../lib/flow/queue/plan';
import { planRates } from '../../lib/flow/rates/plan';
import { planStream } from '../../lib/flow/streams/plan';

/** A plan function with a question that it serves, and its choices by name. */
const PLANS: [string, (subject: string, question: never) => unknown, object, string[]][] = [
  ['queue', planQueue, { ...ORDERS, objective: { latencySeconds: 300 } }, ['platform', 'broker']],
  ['streams', planStream, METRICS, ['platform']],
  ['etl', planEtl, PAGE_VIEWS, ['platform', 'sink', 'source', 'outputMode']],
  ['compaction', planCompaction, COMPACTION_ON_K8S, ['table', 'writer', 'storage']],
  ['merging', planCoalescing, STORM, ['transport', 'invalidator']],
  ['rates', planRates, MAILING, ['sender']],
  ['jvm', planJvm, BUSY_JVM, ['collector']],
  ['logs', planLogDelivery, TASK_LOGS, ['platform']],
];

test.each(PLANS)('%s: the question is served without them', (name, plan, question) => {
  expect(() => plan(name, question as never)).not.toThrow();
});

test.each(
  PLANS.flatMap(([name, plan, question, choices]) =>
    choices.flatMap((choice) =>
      ['toString', 'constructor', '__proto__', 'hasOwnProperty', 7, {}, null].map(
        (value) => [name, choice, value, () => plan(name, { ...question, [choice]: value } as never)] as const,
      ),
    ),
  ),
)('%s: %s cannot be %p', (_name, choice, _value, planned) => {
  expect(planned).toThrow(InvalidInputError);
  expect(planned).toThrow(new RegExp(`\\b${choice}\\b`));
});
