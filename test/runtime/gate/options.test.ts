/** The variables that the construct writes are those that the gate reads. */
import { boundsOf } from '../../../lib/flow/services/bounds';
import { planService } from '../../../lib/flow/services/plan';
import { ServiceLimit } from '../../../lib/flow/services/workload';
import { gateOptions } from '../../../lib/runtime/gate/options';
import { retryBudget } from '../../../lib/runtime/gate/retry-budget';

const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

function read(limit: ServiceLimit, more: Record<string, string> = {}, healthPath?: string) {
  const plan = planService('Api', {
    platform: 'kubernetes',
    workload: { peakPerSecond: 543, serviceSeconds: 0.1, serviceVariation: 0.5 },
    objective: { latencySeconds: 0.4 },
    limit,
  });
  process.env = { ...environment, ...boundsOf(plan, 'api', limit, healthPath), ...more };
  return { plan, options: gateOptions() };
}

test('slots, queue and deadlines are those of the plan; without a limit the slots are fixed', () => {
  const { plan, options } = read(ServiceLimit.FIXED);
  expect(options).toMatchObject({
    service: 'api',
    slots: plan.value('slotsPerInstance'),
    queue: plan.value('queueBound'),
    waitSeconds: plan.value('waitSeconds'),
    latencySeconds: 0.4,
    stuckSeconds: plan.value('idleTimeoutSeconds'),
    limit: undefined,
  });
});

test.each([ServiceLimit.AIMD, ServiceLimit.GRADIENT])('%s: all that the limit goes by is planned', (limit) => {
  const { plan, options } = read(limit);
  expect(options.limit).toEqual({
    name: limit,
    initial: plan.value('limitInitial'),
    floor: plan.value('limitFloor'),
    ceiling: plan.value('limitCeiling'),
    serviceSeconds: plan.value('limitServiceSeconds'),
    tolerance: plan.value('limitTolerance'),
    windowRequests: plan.value('limitWindowRequests'),
  });
});

test('another limit, or one without its numbers, ends the program at its start, by name', () => {
  expect(() => read(ServiceLimit.AIMD, { LIMIT: 'vegas' })).toThrow(/LIMIT must be aimd or gradient, got 'vegas'/);
  expect(() => read(ServiceLimit.AIMD, { LIMIT_FLOOR: '' })).toThrow('LIMIT_FLOOR is missing');
});

test('the path of its health check is known to the gate, beside those that it knows anyway', () => {
  expect(read(ServiceLimit.FIXED).options.exemptPaths).toEqual(['/healthz', '/metrics']);
  expect(read(ServiceLimit.FIXED, {}, '/ready').options.exemptPaths).toEqual(['/healthz', '/metrics', '/ready']);
});

test('the budget of retries is that of the plan', () => {
  const { plan } = read(ServiceLimit.FIXED);
  const now = jest.spyOn(performance, 'now').mockReturnValue(0);
  const budget = retryBudget();
  // A minute at the rated load of an instance, of which everything fails.
  const requests = Math.round(60 * plan.value('ratedPerSecond'));
  let retries = 0;
  for (let sent = 0; sent < requests; sent += 1) {
    now.mockReturnValue((60_000 * sent) / requests);
    budget.request();
    while (budget.retry()) retries += 1;
  }
  now.mockRestore();
  expect(retries / requests).toBeCloseTo(plan.value('retryBudgetRatio') + 0.01, 3);
});

test('a budget without its numbers ends the program at its start, by name', () => {
  read(ServiceLimit.FIXED, { RETRY_BUDGET_PER_SECOND: '' });
  expect(() => retryBudget()).toThrow('RETRY_BUDGET_PER_SECOND is missing');
});
