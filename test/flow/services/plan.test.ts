import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planService } from '../../../lib/flow/services/plan';
import { resilience4jSettings, resilience4jYaml } from '../../../lib/flow/services/resilience4j';
import { runBoundedServer } from '../../../lib/flow/services/simulation';
import { reactionsOf, resolved, shedOfPeak, slotsAt } from '../../../lib/flow/services/sizing';
import {
  ServiceAdmission,
  ServiceLimit,
  type ServiceQuestion,
  type ServiceWorkload,
} from '../../../lib/flow/services/workload';
import { optional, runs, spread } from '../../support/property';

/** The case: 543/s, 0.1 s, half as much variation as exponential work has. */
const asked: ServiceQuestion = {
  platform: 'kubernetes',
  workload: { peakPerSecond: 543, steadyPerSecond: 250, serviceSeconds: 0.1, serviceVariation: 0.5 },
  objective: { latencySeconds: 0.4, errorRatio: 0.015 },
};
const plan = (changed: Partial<ServiceQuestion> = {}) => planService('Api', { ...asked, ...changed });
const working = (changed: Partial<ServiceWorkload>) => plan({ workload: { ...asked.workload, ...changed } });

function refusal(make: () => unknown): CapacityError {
  try {
    make();
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('known answers', () => {
  test('one pool for 543/s needs 56 slots, 54.3 of them busy', () => {
    expect(slotsAt(resolved(asked), 543)).toBe(56);
  });

  test('50 slots have a queue of 74: the P99 of the work is 0.251 s, and 500 × 0.149 s are left', () => {
    const pool = plan({ slotsPerInstance: 50 });
    expect(pool.value('waitSeconds')).toBeCloseTo(0.1489, 4);
    expect(pool.value('queueBound')).toBe(74);
    expect(pool.value('concurrencyLimit')).toBe(124);
  });

  test('30 slots bear 290/s with 44 waiting; 1.25 × the peak are three instances, and the third is started at 23.2 in work', () => {
    const three = plan({ slotsPerInstance: 30 });
    expect(three.value('queueBound')).toBe(44);
    expect(three.value('ratedPerSecond')).toBeCloseTo(290, 0);
    expect(three.value('maxInstances')).toBe(3);
    expect(three.value('targetPerReplica')).toBeCloseTo(23.2, 1);
    expect(three.predictions.breaksAtLoad).toBeCloseTo(1.6, 2);
    expect(plan({ slotsPerInstance: 30, platform: 'fargate' }).value('requestsPerTarget')).toBe(13_918);
  });

  test('without slots by hand two instances share what one pool needs, and none has more than 30', () => {
    expect(plan().value('slotsPerInstance')).toBe(28);
    expect(working({ peakPerSecond: 5430, steadyPerSecond: 5430 }).value('slotsPerInstance')).toBe(30);
    expect(working({ peakPerSecond: 1, steadyPerSecond: 1 }).value('slotsPerInstance')).toBe(1);
  });

  test('time-outs nest: call < server < caller < balancer', () => {
    const nested = plan({
      downstreams: [
        { name: 'db', latencySeconds: 0.02 },
        { name: 'search', latencySeconds: 0.1 },
      ],
    });
    expect(nested.value('downstreamTimeoutSeconds.db')).toBeCloseTo(0.03, 9);
    // Two attempts, and a wait of a tenth of one, in what is left of 0.4 s after the queue.
    expect(nested.value('retryWaitSeconds')).toBeCloseTo(0.2511 / 20, 5);
    expect(nested.value('downstreamTimeoutSeconds.search')).toBeCloseTo((0.2511 - 0.2511 / 20) / 2, 4);
    expect(nested.value('serverDeadlineSeconds')).toBe(0.4);
    expect(nested.value('callerTimeoutSeconds')).toBeCloseTo(0.44, 9);
    expect(nested.value('idleTimeoutSeconds')).toBe(60);
  });

  test('a reserve of retries is small against what an instance serves: a storm adds a fifth and a hundredth', () => {
    for (const made of [plan(), working({ peakPerSecond: 1, steadyPerSecond: 1 })]) {
      expect(made.value('retryBudgetPerSecond') / made.value('ratedPerSecond')).toBeCloseTo(0.01, 9);
    }
  });

  test('a call that may take minutes is repeated after half a second at most', () => {
    const slow = { ...asked.workload, peakPerSecond: 5, steadyPerSecond: 5, serviceSeconds: 10 };
    const made = plan({ workload: slow, objective: { latencySeconds: 100 } });
    expect(made.value('retryWaitSeconds')).toBe(0.5);
  });

  test('what is refused while instances start counts: a short peak needs them before it begins', () => {
    const load = { steadyPerSecond: 50, peakPerSecond: 2000 };
    const long = working({ ...load, peakSeconds: 86_400 });
    const short = working({ ...load, peakSeconds: 600 });
    expect(long.value('minInstances')).toBe(2);
    expect(short.value('minInstances')).toBeGreaterThan(5);
    expect(short.predictions.shedRatio).toBeLessThanOrEqual(0.015);
    // 75 s of the 600 with fewer: at most 12 % may be refused meanwhile.
    expect(short.value('minInstances') * (short.value('slotsPerInstance') / 0.1)).toBeGreaterThan(2000 * 0.87);
  });

  test('a jump beyond what instances hold takes several reactions, each of which counts', () => {
    const jump = { steadyPerSecond: 50, peakPerSecond: 2000, peakSeconds: 86_400 };
    const long = plan({ slotsPerInstance: 30, workload: { ...asked.workload, ...jump } });
    // Two pods show 2 × 74 in flight: the next are ⌈148 ÷ 23.2⌉ = 7, which show all 200, for nine.
    expect(long.value('reactions')).toBe(2);
    expect(long.predictions.reactionSeconds).toBe(150);
    const sizes = { slots: 30, queueBound: 44, ratedPerSecond: long.value('ratedPerSecond'), minInstances: 2 };
    const question = { ...asked, workload: { ...asked.workload, ...jump } };
    const peak = { ...sizes, maxInstances: 9, reactionSeconds: 75 };
    expect(reactionsOf(resolved(question), peak)).toEqual([2, 7]);
    // 1 − 600 ÷ 2,000 for 75 s, and almost nothing of it after.
    expect(shedOfPeak(resolved(question), peak)).toBeCloseTo((75 * 0.7) / 86_400, 5);
  });

  test('a load balancer that refuses shows only what tasks serve; what a program refuses is seen', () => {
    const jump = { steadyPerSecond: 50, peakPerSecond: 2000, peakSeconds: 86_400 };
    const onFargate = (admission?: ServiceAdmission) =>
      plan({ platform: 'fargate', slotsPerInstance: 30, admission, workload: { ...asked.workload, ...jump } });
    expect(onFargate().value('reactions')).toBe(1);
    // 300 ÷ 232 at a time: 2, 3, 4, 6, 8 tasks, of which 7 would show all.
    expect(onFargate(ServiceAdmission.TARGET_OPTIMIZER).value('reactions')).toBe(5);
    expect(onFargate(ServiceAdmission.TARGET_OPTIMIZER).predictions.reactionSeconds).toBe(1500);
  });

  test('trap: what Envoy holds is read as a rate, later than what the gate has: a peak finds fewer pods for longer', () => {
    const jump = { steadyPerSecond: 50, peakPerSecond: 2000, peakSeconds: 3600 };
    const by = (admission: ServiceAdmission) => plan({ admission, workload: { ...asked.workload, ...jump } });
    const [gate, envoy] = [by(ServiceAdmission.GATE), by(ServiceAdmission.ENVOY)];
    expect(envoy.knob('reactionSeconds').inputs).toEqual({ readSeconds: 150.4, decideSeconds: 15, startSeconds: 30 });
    expect(gate.value('reactionSeconds')).toBe(75);
    expect(envoy.value('minInstances')).toBeGreaterThan(gate.value('minInstances'));
    expect(envoy.predictions.shedRatio).toBeLessThanOrEqual(0.015);
    expect(gate.knobs.map(({ name }) => name)).not.toContain('loadWindowSeconds');
  });

  test('the fewest instances have head-room for the beginning of a peak as well', () => {
    const short = { steadyPerSecond: 50, peakPerSecond: 2000, peakSeconds: 600 };
    const made = plan({ workload: { ...asked.workload, ...short } });
    const higher = plan({
      workload: { ...asked.workload, ...short, peakPerSecond: 2500 },
      objective: { ...asked.objective, headroom: 1 },
      slotsPerInstance: made.value('slotsPerInstance'),
    });
    expect(made.value('minInstances')).toBe(higher.value('minInstances'));
    expect(made.predictions.breaksAtLoad).toBeGreaterThanOrEqual(1.249);
  });

  test('an alarm on refusals outlasts what a planned peak refuses at first', () => {
    // 75 s of reaction, 300 s of the rate and a scrape, in whole minutes.
    const k8s = plan({ slotsPerInstance: 30 });
    expect(k8s.value('alarmShedSeconds')).toBe(420);
    const fargate = plan({ slotsPerInstance: 30, platform: 'fargate' });
    expect(fargate.value('alarmShedPeriods') * fargate.value('alarmPeriodSeconds')).toBe(300 + 120);
    // Without a peak that begins there is nothing to outlast.
    expect(
      planService('Api', { ...asked, workload: { ...asked.workload, steadyPerSecond: 543 } }).value('alarmShedSeconds'),
    ).toBe(360);
  });

  test.each(['kubernetes', 'fargate'])('alarms on %s outlast a planned start, however long it is', (platform) => {
    const slow = { ...asked.workload, peakPerSecond: 5430, coldStartSeconds: 600, peakSeconds: 86_400 };
    const held = plan({ platform, workload: slow });
    const usual = plan({ platform });
    const { reactionSeconds } = held.predictions;
    if (platform === 'kubernetes') {
      expect(held.value('alarmBusySeconds')).toBeGreaterThanOrEqual(2 * reactionSeconds);
      expect(held.value('alarmDownSeconds')).toBeGreaterThanOrEqual(2 * 600);
      expect([usual.value('alarmBusySeconds'), usual.value('alarmDownSeconds')]).toEqual([600, 300]);
    } else {
      const seconds = (periods: string) => held.value(periods) * held.value('alarmPeriodSeconds');
      expect(seconds('alarmHoldPeriods')).toBeGreaterThan(600);
      expect(seconds('alarmShedPeriods')).toBeGreaterThan(reactionSeconds);
      expect(usual.value('alarmHoldPeriods')).toBe(5);
    }
  });

  test('slots that are busy as planned are no alarm: without head-room more are', () => {
    expect(plan({ slotsPerInstance: 30 }).value('alarmBusyRatio')).toBe(0.9);
    const tight = plan({ slotsPerInstance: 30, objective: { ...asked.objective, headroom: 1 } });
    const busy = (tight.value('ratedPerSecond') * 0.1) / 30;
    expect(busy).toBeGreaterThan(0.9);
    expect(tight.value('alarmBusyRatio')).toBeGreaterThan(busy);
    expect(tight.value('alarmBusyRatio')).toBeLessThanOrEqual(1);
  });

  test('at twice the capacity half is refused, and the rest is in time', () => {
    const { overloadShedRatio, overloadLatencySeconds } = plan().predictions;
    expect(overloadShedRatio).toBeCloseTo(0.5, 3);
    expect(overloadLatencySeconds).toBeLessThanOrEqual(0.4);
  });
});

test('trap: retries come on top of the calls of a peak: a limit without room for them is refused, one that has it is kept', () => {
  const calling = (limitPerSecond: number, retryAttempts?: number) =>
    plan({ retryAttempts, downstreams: [{ name: 'db', callsPerRequest: 2, latencySeconds: 0.01, limitPerSecond }] });
  // 1,086 calls a second and a fifth more.
  expect(refusal(() => calling(1086)).waysOut).toContain('0 retryAttempts');
  expect(() => calling(1304)).not.toThrow();
  expect(() => calling(1086, 0)).not.toThrow();
  const roomy = calling(1500);
  expect(roomy.predictions.breaksAtLoad).toBeCloseTo(1500 / (1086 * (1 + roomy.value('retryBudgetRatio'))), 3);
});

test('the promise breaks where the first of its parts does: latency, the share refused, or what a downstream takes', () => {
  const limited = plan({ downstreams: [{ name: 'stock', latencySeconds: 0.05, limitPerSecond: 543 * 1.2 }] });
  expect(limited.predictions.breaksAtLoad).toBeCloseTo(1, 9);
  const sudden = planService('Api', {
    ...asked,
    workload: { peakPerSecond: 5000, steadyPerSecond: 500, serviceSeconds: 0.1, serviceVariation: 0.5 },
    objective: { latencySeconds: 0.4, errorRatio: 0.01 },
  });
  // At more the first instances refuse more than a hundredth before others have started, although all together bear it.
  expect(sudden.predictions.breaksAtLoad).toBeGreaterThanOrEqual(1.249);
  expect(sudden.predictions.breaksAtLoad).toBeLessThan(
    (sudden.value('maxInstances') * sudden.value('ratedPerSecond')) / 5000,
  );
});

test('a limit that the program has to keep is said to be so: only a program for Node has what keeps it', () => {
  const remarked = (changed: Partial<ServiceQuestion>) =>
    plan(changed).remarks.some((one) => one.startsWith('The program has to keep the limit by itself'));
  const limit = ServiceLimit.AIMD;
  expect(remarked({ limit, admission: ServiceAdmission.APPLICATION })).toBe(true);
  expect(remarked({ limit, platform: 'fargate' })).toBe(true);
  expect(remarked({ limit })).toBe(false);
  expect(remarked({ limit, admission: ServiceAdmission.GATE })).toBe(false);
  expect(remarked({ admission: ServiceAdmission.APPLICATION })).toBe(false);
});

describe('what cannot be kept', () => {
  test.each<[string, Partial<ServiceQuestion>, RegExp]>([
    [
      'work that is too long by itself',
      { objective: { latencySeconds: 0.2 } },
      /the work alone takes 251 ms.*200 ms are promised; latencySeconds of 0\.252, or serviceVariation of 0\.\d+/,
    ],
    [
      'a queue as long as the case had it',
      { slotsPerInstance: 50, queueBound: 150 },
      /a queue of 150 takes 300 ms to work off with 50 slots, 149 ms are left for it: 74 at most; leave queueBound out/,
    ],
    [
      'a bound without instances',
      { slotsPerInstance: 50, maxInstances: 1 },
      /543 requests\/s find 1 instance of 489\.\d.*7\.\d+ % are refused.*leave maxInstances out/,
    ],
    [
      'a peak that begins with too few',
      { minInstances: 1, workload: { ...asked.workload, peakSeconds: 60 } },
      /with 1 instance at first \d.* of a peak are refused until others have started, after 75 s; 1\.5 % are allowed; leave minInstances out/,
    ],
    [
      'a downstream that takes less',
      { downstreams: [{ name: 'db', callsPerRequest: 2, latencySeconds: 0.01, limitPerSecond: 1000 }] },
      /db takes 1,000 calls\/s, and the peak makes 1,086, 1,303 with retries; peakPerSecond of 415/,
    ],
    [
      'a call that is slower than its time-out',
      { downstreams: [{ name: 'db', latencySeconds: 0.2 }] },
      /a call of db may take 119 ms so that all attempts and the waits between them end .* P99 is 200 ms; 0 retryAttempts/,
    ],
  ])('%s', (_, changed, message) => {
    expect(refusal(() => plan(changed)).message).toMatch(message);
  });

  test('a latency that a task of Fargate cannot outlast is refused with the limit', () => {
    const slow = { workload: { peakPerSecond: 5, serviceSeconds: 10 }, objective: { latencySeconds: 100 } };
    expect(() => plan({ ...slow, platform: 'fargate' })).toThrow(/latencySeconds must be at most 55 on Fargate/);
    expect(() => plan({ ...slow, platform: 'kubernetes' })).not.toThrow();
  });

  test('every input out of range is named at once', () => {
    const bad = {
      platform: 'nomad',
      workload: { peakPerSecond: 0, steadyPerSecond: 5, serviceSeconds: Number.NaN },
      objective: { latencySeconds: -1, errorRatio: 1 },
      shedStatus: 500,
      downstreams: [{ name: '1', latencySeconds: 0 }],
    };
    expect(() => planService('Api', bad as ServiceQuestion)).toThrow(InvalidInputError);
    for (const name of [
      'platform',
      'peakPerSecond',
      'steadyPerSecond',
      'serviceSeconds',
      'latencySeconds',
      'errorRatio',
      'shedStatus',
      'downstreams[0].name',
      'downstreams[0].latencySeconds',
    ]) {
      expect(() => planService('Api', bad as ServiceQuestion)).toThrow(`${name} must`);
    }
  });
});

describe('settings of Resilience4j', () => {
  test('one breaker, time limiter and retry for each downstream, with the numbers of the plan', () => {
    const made = plan({ slotsPerInstance: 30, downstreams: [{ name: 'db', latencySeconds: 0.02 }], retryAttempts: 2 });
    const settings = resilience4jSettings(made);
    expect(settings.circuitBreakers.db).toMatchObject({
      slidingWindowType: 'TIME_BASED',
      slidingWindowSize: 10,
      slowCallDurationThreshold: '30ms',
      permittedNumberOfCallsInHalfOpenState: 6,
    });
    expect(settings.timeLimiters.db).toEqual({ timeoutDuration: '30ms', cancelRunningFuture: true });
    // Without a wait Resilience4j takes 500 ms: the first retry would begin after the promise.
    expect(settings.retries.db).toEqual({ maxAttempts: 3, waitDuration: '8ms' });
    expect(resilience4jYaml(made)).toContain('      db:\n        maxAttempts: 3\n        waitDuration: 8ms\n');
    expect(resilience4jYaml(made)).toContain(
      '  circuitbreaker:\n    instances:\n      db:\n        slidingWindowType: TIME_BASED\n',
    );
    expect(resilience4jYaml(plan())).toBe('');
  });
});

const questions: fc.Arbitrary<ServiceQuestion> = fc.record({
  platform: fc.constantFrom('kubernetes', 'fargate'),
  workload: fc
    .record({
      peakPerSecond: spread(0.1, 5000),
      part: fc.double({ min: 0.01, max: 1, noNaN: true }),
      peakSeconds: optional(spread(10, 86_400)),
      serviceSeconds: spread(0.001, 2),
      serviceVariation: optional(fc.double({ min: 0, max: 3, noNaN: true })),
    })
    .map(({ part, ...load }) => ({ ...load, steadyPerSecond: part * load.peakPerSecond })),
  objective: fc.record({
    latencySeconds: spread(0.05, 20),
    errorRatio: optional(spread(1e-4, 0.1)),
    headroom: optional(fc.double({ min: 1, max: 3, noNaN: true })),
  }),
  slotsPerInstance: optional(fc.integer({ min: 1, max: 200 })),
});

function planned(question: ServiceQuestion) {
  try {
    return planService('Api', question);
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
}

describe('over random workloads', () => {
  test('a service that is planned keeps its promise by its own prediction, with its head-room', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const made = planned(question);
        if (made instanceof CapacityError) return;
        const { latencySeconds, errorRatio = 0.01, headroom = 1.25 } = question.objective;
        expect(made.predictions.latencySeconds).toBeLessThanOrEqual(1.001 * latencySeconds);
        expect(made.predictions.overloadLatencySeconds).toBeLessThanOrEqual(1.001 * latencySeconds);
        expect(made.predictions.shedRatio).toBeLessThanOrEqual(1.000_001 * errorRatio);
        expect(made.predictions.breaksAtLoad).toBeGreaterThanOrEqual(0.999_999 * headroom);
        expect(made.value('minInstances')).toBeLessThanOrEqual(made.value('maxInstances'));
      }),
      { numRuns: runs },
    );
  });

  test('more load never needs fewer instances', () => {
    fc.assert(
      fc.property(questions, fc.double({ min: 1, max: 4, noNaN: true }), (question, times) => {
        const slotsPerInstance = question.slotsPerInstance ?? 10;
        const { peakPerSecond } = question.workload;
        const less = planned({ ...question, slotsPerInstance });
        const more = planned({
          ...question,
          slotsPerInstance,
          workload: { ...question.workload, peakPerSecond: times * peakPerSecond },
        });
        if (less instanceof CapacityError || more instanceof CapacityError) return;
        expect(more.value('maxInstances')).toBeGreaterThanOrEqual(less.value('maxInstances'));
      }),
      { numRuns: runs },
    );
  });

  test('all attempts of all calls, and the waits between them, end within the promise', () => {
    fc.assert(
      fc.property(
        questions,
        fc.integer({ min: 0, max: 10 }),
        fc.array(fc.double({ min: 0.1, max: 20, noNaN: true }), { minLength: 1, maxLength: 3 }),
        (question, retryAttempts, calls) => {
          const alone = planned(question);
          if (alone instanceof CapacityError) return;
          const left = question.objective.latencySeconds - alone.value('waitSeconds');
          const downstreams = calls.map((callsPerRequest, index) => ({
            name: `d${index}`,
            // Close to what an attempt may take, so that this is its time-out.
            latencySeconds: (0.9 * left) / (Math.max(1, Math.ceil(callsPerRequest)) * (1 + retryAttempts)),
            callsPerRequest,
          }));
          const made = planned({ ...question, retryAttempts, downstreams });
          if (made instanceof CapacityError) return;
          const value = (name: string) => made.value(name);
          downstreams.forEach(({ name, callsPerRequest }) => {
            const ofCall =
              (1 + retryAttempts) * value(`downstreamTimeoutSeconds.${name}`) +
              retryAttempts * value('retryWaitSeconds');
            expect(value('waitSeconds') + Math.max(1, Math.ceil(callsPerRequest)) * ofCall).toBeLessThanOrEqual(
              value('serverDeadlineSeconds') * (1 + 1e-9),
            );
          });
        },
      ),
      { numRuns: runs },
    );
  });

  test('each way out keeps the promise', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const narrow = {
          ...question,
          maxInstances: 2,
          downstreams: [{ name: 'db', latencySeconds: question.workload.serviceSeconds / 2 }],
        };
        const refused = planned(narrow);
        if (!(refused instanceof CapacityError)) return;
        for (const way of refused.waysOut) expect(planned(taking(narrow, way))).not.toBeInstanceOf(CapacityError);
      }),
      { numRuns: runs / 4 },
    );
  });
});

/** The question with the change that a way out names. */
function taking(question: ServiceQuestion, way: string): ServiceQuestion {
  const { workload, objective } = question;
  if (way.includes(' and ')) return way.split(' and ').reduce(taking, question);
  const [, field, named, number] = /^(\w+) of (\w+) of ([\d.e+-]+)$/.exec(way) ?? [];
  if (named !== undefined) {
    const changed = question.downstreams!.map((one) =>
      one.name === named ? { ...one, [field]: Number(number) } : one,
    );
    return { ...question, downstreams: changed };
  }
  const [, left] = /^leave (\w+) out$/.exec(way) ?? [];
  if (left !== undefined) return { ...question, [left]: undefined };
  const [, attempts] = /^(\d+) retryAttempts$/.exec(way) ?? [];
  if (attempts !== undefined) return { ...question, retryAttempts: Number(attempts) };
  const [, name, text] = /^(\w+) of ([\d.e+-]+)$/.exec(way)!;
  const value = Number(text);
  if (name in objective || name === 'errorRatio') return { ...question, objective: { ...objective, [name]: value } };
  const steady = name === 'peakPerSecond' ? { steadyPerSecond: Math.min(value, workload.steadyPerSecond!) } : {};
  return { ...question, workload: { ...workload, [name]: value, ...steady } };
}

describe('the simulation', () => {
  const server = {
    requestsPerSecond: 543,
    serviceSeconds: 0.1,
    serviceVariation: 0.5,
    slots: 50,
    queueBound: 74,
    patienceSeconds: 10,
  };

  test('it is the same for the same seed, and every request is answered, refused or gone', () => {
    const [one, same] = [7, 7].map((seed) => runBoundedServer(server, 60, seed));
    expect(same).toEqual(one);
    expect(one.latencies.count + one.refused + one.expired).toBe(one.requests);
  });

  test('without a bound and with callers that hang up it is as it was measured: 7.8 % errors, P99 2.44 s', () => {
    const run = runBoundedServer({ ...server, queueBound: Number.POSITIVE_INFINITY, patienceSeconds: 2.2 }, 1800, 1);
    expect(run.expired / run.requests).toBeCloseTo(0.078, 2);
    expect(run.latencies.quantile(0.99)).toBeCloseTo(2.44, 1);
  });
});
