/** The variables of the bounds: what the plan writes, nobody else does. */
import { boundsChecks, boundsOf } from '../../../lib/flow/services/bounds';
import { planService } from '../../../lib/flow/services/plan';
import { ServiceLimit, type ServiceQuestion } from '../../../lib/flow/services/workload';

const question: ServiceQuestion = {
  platform: 'kubernetes',
  workload: { peakPerSecond: 543, serviceSeconds: 0.1, serviceVariation: 0.5 },
  objective: { latencySeconds: 0.4 },
  downstreams: [
    { name: 'stock-api', latencySeconds: 0.02 },
    { name: 'price', latencySeconds: 0.02 },
  ],
};
const refused = (given: Record<string, unknown>, downstreams: unknown = question.downstreams) =>
  boundsChecks('environment', given, downstreams)
    .filter(({ refused: is }) => is)
    .map(({ message }) => message.split(' ')[1]);

test.each([ServiceLimit.AIMD, ServiceLimit.GRADIENT, ServiceLimit.FIXED])(
  'every variable that a plan writes is refused by hand: limit %s',
  (limit) => {
    const written = boundsOf(planService('Api', { ...question, limit }), 'api', limit);
    expect(Object.keys(written)).toEqual(expect.arrayContaining(['SERVICE', 'TIMEOUT_SECONDS_STOCK_API', 'QUEUE']));
    expect(refused(written)).toEqual(Object.keys(written));
  },
);

test('the path of the health check is a variable where it is given, and never one by hand', () => {
  const plan = planService('Api', question);
  expect(boundsOf(plan, 'api', 'fixed', '/ready').HEALTH_PATH).toBe('/ready');
  expect(Object.keys(boundsOf(plan, 'api'))).not.toContain('HEALTH_PATH');
  expect(refused({ HEALTH_PATH: '/well' })).toEqual(['HEALTH_PATH']);
});

test('a limit that is not planned cannot be given by its variables either', () => {
  expect(refused({ LIMIT: 'aimd', LIMIT_FLOOR: '1' })).toEqual(['LIMIT', 'LIMIT_FLOOR']);
});

test('other names are free, and so is the time-out of a call that is not in the plan', () => {
  expect(refused({ MODE: 'fast', TIMEOUT_SECONDS_MAIL: '3', SLOTS_OF_MINE: '1', PRIORITY_HEADER: 'x-first' })).toEqual(
    [],
  );
  expect(refused({ TIMEOUT_SECONDS_PRICE: '3' })).toEqual(['TIMEOUT_SECONDS_PRICE']);
});

test.each([[null], ['stock'], [[null, 3, { name: 7 }]]])(
  'downstreams that are none are told elsewhere: %j',
  (wrong) => {
    expect(refused({ TIMEOUT_SECONDS_PRICE: '3' }, wrong)).toEqual([]);
  },
);
