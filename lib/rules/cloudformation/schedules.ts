import { duration } from '../../flow/figures';
import { grouped } from '../../flow/grouped';
import { MAX_CONCURRENCY } from '../../flow/queue/platforms/lambda';
import { EVENTBRIDGE_RETRIES } from '../../flow/schedule/eventbridge';
import { fullestMinute, runsAtOnce } from '../../flow/schedule/schedule';
import { clock } from '../clock';
import type { Resource, Value } from '../document';
import { listed } from '../listed';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import { calendarOf, leastGapSeconds } from './read/cron';
import { functionAt, isActive, reservedOf, serviceOf, timeoutOf } from './read/functions';
import { isEnabled, longestWait } from './read/invocations';
import { mappingsOf, QUEUE } from './read/relations';
import type { Template } from './read/template';

const MINUTE_SECONDS = 60;

/** A schedule as frequent as this is a poll. */
const FREQUENT_SECONDS = 900;

/** One target that a schedule starts. */
interface Start {
  readonly schedule: Resource;
  readonly expression: Value;
  /** The time zone that the expression is read in; undefined when not decided. */
  readonly zone: string | undefined;
  /** Whether it always fires in the minute of the expression. */
  readonly exact: boolean;
  readonly handler: Resource | undefined;
}

/** Rules about EventBridge rules with a schedule, and EventBridge Scheduler. */
export const SCHEDULE_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-SCHED-001',
    title: 'More schedules in one minute than their target runs at once',
    why: 'All of them start in the same minute. Starts above the limit are throttled and retried later and later, so all together take longer than one after the other.',
    source:
      'Amazon EventBridge Scheduler User Guide, "Configuring flexible time windows"; AWS Lambda Developer Guide, "Asynchronous invocation": retries after throttling',
    severity: 'warning',
    cases: [4],
    *check(template) {
      const exact = starts(template).filter((start) => start.exact);
      for (const [handler, own] of grouped(exact.map((start) => [start.handler, start] as const))) {
        for (const zone of new Set(own.map((start) => start.zone))) {
          yield* stampede(
            handler,
            own.filter((start) => start.zone === zone),
            zone,
          );
        }
      }
    },
  },
  {
    id: 'BP-SCHED-002',
    title: 'A schedule starts again before the last run must have ended',
    why: 'A slow run overlaps the next one. Both work on the same data, or one is throttled and delays the run after it.',
    source: 'Amazon EventBridge Scheduler User Guide, "Schedule types": nothing waits for the run before',
    severity: 'warning',
    cases: [4, 17],
    *check(template) {
      for (const { expression, handler } of starts(template)) {
        const reserved = handler && reservedOf(handler);
        const timeout = handler && timeoutOf(handler);
        const period = leastGapSeconds(expression.text() ?? '');
        if (!handler || !timeout || !period || period >= timeout) continue;
        const atOnce = runsAtOnce(period, timeout);
        const room = reserved?.number(0);
        // With concurrency reserved for all of them, overlap is intended.
        if (room === undefined || room >= atOnce) continue;
        // One run, and a tick that waits is dropped before the next one comes: the reservation is the lock.
        if (room === 1 && (longestWait(template, handler) ?? Number.POSITIVE_INFINITY) <= period) continue;
        const then = room > 0 ? `, ${room} reserved, the others throttled` : '';
        yield {
          at: expression,
          message: `starts ${handler.name} every ${period} s, and a run may take ${timeout} s: up to ${atOnce} at once${then}`,
          fix: `set the function's Timeout to ${period} or less, or the period to ${timeout} s or more`,
        };
      }
    },
  },
  {
    id: 'BP-SCHED-003',
    title: 'A schedule that cannot be delivered leaves no trace',
    why: 'EventBridge Scheduler tries for a day at most. Then the run is dropped without a trace.',
    source: 'Amazon EventBridge Scheduler User Guide, "Configuring a dead-letter queue": 24 h and 185 tries by default',
    severity: 'warning',
    cases: [4],
    *check(template) {
      for (const schedule of template.ofType('AWS::Scheduler::Schedule')) {
        const target = schedule.at('Properties', 'Target');
        const queue = target.at('DeadLetterConfig');
        if (!queue.absent || !isEnabled(schedule)) continue;
        // The next tick does the work of one that is dropped.
        if ((gapOf(schedule) ?? Number.POSITIVE_INFINITY) <= FREQUENT_SECONDS) continue;
        const hours = target.at('RetryPolicy', 'MaximumEventAgeInSeconds').number(EVENTBRIDGE_RETRIES.seconds);
        const tries = target.at('RetryPolicy', 'MaximumRetryAttempts').number(EVENTBRIDGE_RETRIES.tries);
        const bound =
          hours === undefined || tries === undefined ? '' : ` after ${duration(hours)} or ${tries} retries at most`;
        yield {
          at: queue,
          message: `no DeadLetterConfig: a run that its target did not accept is dropped${bound}`,
          fix: 'add a DeadLetterConfig with the ARN of a queue, and an alarm on that',
        };
      }
    },
  },
  {
    id: 'BP-SCHED-004',
    title: 'A flexible time window reaches into the next run',
    why: 'EventBridge Scheduler starts a run at any moment of its window. When the window is as long as the time to the next run, two runs may start together.',
    source: 'Amazon EventBridge Scheduler User Guide, "Configuring flexible time windows"',
    severity: 'warning',
    cases: [4],
    *check(template) {
      for (const schedule of template.ofType('AWS::Scheduler::Schedule')) {
        const window = schedule.at('Properties', 'FlexibleTimeWindow');
        const limit = window.at('MaximumWindowInMinutes');
        const [minutes, gap] = [limit.number(), gapOf(schedule)];
        if (window.at('Mode').text() !== 'FLEXIBLE' || minutes === undefined || gap === undefined) continue;
        if (!isEnabled(schedule) || minutes * MINUTE_SECONDS < gap) continue;
        const most = Math.floor((gap - 1) / MINUTE_SECONDS);
        yield {
          at: limit,
          message: `a run starts within ${minutes} min, and the next one ${gap} s after it: two may start together`,
          fix:
            most >= 1
              ? `set MaximumWindowInMinutes to ${most} or less, less the minutes that a run takes`
              : 'set Mode to OFF: a minute leaves no room for a window',
        };
      }
    },
  },
  {
    id: 'BP-SCHED-005',
    title: 'A run is still retried when the next one is due',
    why: 'A target that was away gets the old runs together with the new one, at the moment when it comes back. They do the same work, often on the same data.',
    source: 'Amazon EventBridge Scheduler API Reference, RetryPolicy: MaximumEventAgeInSeconds, 86,400 by default',
    severity: 'warning',
    cases: [4],
    *check(template) {
      for (const schedule of template.ofType('AWS::Scheduler::Schedule')) {
        const policy = schedule.at('Properties', 'Target', 'RetryPolicy');
        const age = policy.at('MaximumEventAgeInSeconds');
        const [seconds, gap] = [age.number(EVENTBRIDGE_RETRIES.seconds), gapOf(schedule)];
        const tries = policy.at('MaximumRetryAttempts').number(EVENTBRIDGE_RETRIES.tries);
        if (!seconds || !tries || gap === undefined || seconds <= gap) continue;
        if (!isEnabled(schedule) || !startsWork(template, schedule.at('Properties', 'Target', 'Arn'))) continue;
        const old = Math.ceil(seconds / gap) - 1;
        yield {
          at: age,
          message: `retried for up to ${seconds} s, and starts every ${gap} s: ${old} older ${old === 1 ? 'run' : 'runs'} may arrive with the newest`,
          fix: `set MaximumEventAgeInSeconds to ${gap} or less, less the seconds that a run takes`,
        };
      }
    },
  },
  {
    id: 'BP-SCHED-006',
    title: 'Schedules fill a queue whose worker has no bound',
    why: 'The queue takes all that start in one minute, and Lambda works through them with as many invocations at once. The stampede is moved, not spread.',
    source: 'AWS Lambda Developer Guide, "Configuring maximum concurrency for Amazon SQS event sources"',
    severity: 'warning',
    cases: [4],
    *check(template) {
      for (const [queue, own] of fills(template)) {
        for (const { mapping, handler } of mappingsOf(template, queue)) {
          const limit = mapping.at('Properties', 'ScalingConfig', 'MaximumConcurrency');
          // Provisioned pollers have their own maximum, a reservation is a bound, and another rule's matter.
          const unbounded = limit.absent && mapping.at('Properties', 'ProvisionedPollerConfig').absent;
          if (!unbounded || !isActive(mapping) || (handler && !reservedOf(handler).absent)) continue;
          for (const zone of new Set(own.map((one) => one.zone))) {
            const known = own.filter((one) => one.zone === zone && zone !== undefined);
            const { minuteOfDay, firing } = fullestMinute(known.map(({ calendar }) => calendar));
            // Fewer than a mapping can be held to.
            if (firing.length <= MAX_CONCURRENCY.min) continue;
            yield {
              at: limit,
              message: `${firing.length} schedules, among them ${known[firing[0]].schedule.name}, fill ${queue.name} at ${clock(minuteOfDay)} ${zone}, and up to ${firing.length} run at once`,
              fix: `set ScalingConfig.MaximumConcurrency to what may run at once, ${MAX_CONCURRENCY.min} or more, or give each schedule a minute of its own`,
            };
          }
        }
      }
    },
  },
];

/** Seconds between the two runs of a schedule that are closest; undefined when that is not decided. */
function gapOf(schedule: Resource): number | undefined {
  const gap = leastGapSeconds(schedule.at('Properties', 'ScheduleExpression').text() ?? '');
  return gap !== undefined && Number.isFinite(gap) ? gap : undefined;
}

/** Whether a target is a queue or a function, for certain. */
function startsWork(template: Template, target: Value): boolean {
  return ['sqs', 'lambda'].includes(serviceOf(template, target) ?? '') || functionAt(template, target) !== undefined;
}

/** Queues with the schedules that send to them in the minute of their expression. */
const fills = oncePer((template: Template) =>
  grouped(
    template.ofType('AWS::Scheduler::Schedule').flatMap((schedule) => {
      const queue = template.find(schedule.at('Properties', 'Target', 'Arn'), QUEUE, 'QueueName');
      const calendar = calendarOf(schedule.at('Properties', 'ScheduleExpression').text() ?? '');
      if (!queue || !calendar || !isExact(schedule) || !isEnabled(schedule) || !schedule.at('Condition').absent) {
        return [];
      }
      return [[queue, { schedule, calendar, zone: zoneOf(schedule) }] as const];
    }),
  ),
);

/** Whether it always fires in the minute of the expression. */
function isExact(schedule: Resource): boolean {
  return (
    schedule.at('Properties', 'FlexibleTimeWindow', 'Mode').text() === 'OFF' &&
    schedule.at('Properties', 'StartDate').absent &&
    schedule.at('Properties', 'EndDate').absent
  );
}

/** The time zone of a schedule of EventBridge Scheduler; undefined when not decided. */
function zoneOf(schedule: Resource): string | undefined {
  return schedule.at('Properties', 'ScheduleExpressionTimezone').text('UTC');
}

function* stampede(handler: Resource, own: readonly Start[], zone: string | undefined): Iterable<Found> {
  const room = reservedOf(handler).number();
  if (!room || own.length <= room) return;
  const known = own.flatMap((start) => {
    const calendar = calendarOf(start.expression.text() ?? '');
    return calendar && start.zone !== undefined ? [{ ...start, calendar }] : [];
  });
  const { minuteOfDay, firing } = fullestMinute(known.map(({ calendar }) => calendar));
  const timeout = timeoutOf(handler);
  if (timeout === undefined || firing.length <= room) return;
  const names = [...new Set(firing.map((i) => known[i].schedule.name))];
  const rounds = Math.ceil(firing.length / room);
  yield {
    at: reservedOf(handler),
    message: `${listed(names)} start it ${firing.length} times at ${clock(minuteOfDay)} ${zone}, and it runs ${room} at once: ${rounds} rounds of up to ${timeout} s = ${rounds * timeout} s, the later ones throttled`,
    fix: `start ${room} at a time, ${Math.max(1, Math.ceil(timeout / 60))} min apart, or reserve ${firing.length}, or give Scheduler a FlexibleTimeWindow of ${rounds * Math.max(1, Math.ceil(timeout / 60))} min`,
  };
}

/** Everything that a schedule of any kind starts. */
const starts = oncePer((template: Template): readonly Start[] => {
  const rules = template.ofType('AWS::Events::Rule').flatMap((schedule) =>
    schedule
      .at('Properties', 'Targets')
      .items()
      .map((target) => ({
        schedule,
        expression: schedule.at('Properties', 'ScheduleExpression'),
        zone: 'UTC',
        exact: true,
        handler: functionAt(template, target.at('Arn')),
      })),
  );
  const schedules = template.ofType('AWS::Scheduler::Schedule').map((schedule) => ({
    schedule,
    expression: schedule.at('Properties', 'ScheduleExpression'),
    zone: zoneOf(schedule),
    exact: isExact(schedule),
    handler: functionAt(template, schedule.at('Properties', 'Target', 'Arn')),
  }));
  return [...rules, ...schedules].filter(
    ({ schedule, handler }) => handler && isEnabled(schedule) && schedule.at('Condition').absent,
  );
});
