import { grouped } from '../../flow/grouped';
import { EVENTBRIDGE_RETRIES } from '../../flow/schedule/eventbridge';
import { fullestMinute, runsAtOnce } from '../../flow/schedule/schedule';
import { clock } from '../clock';
import type { Resource, Value } from '../document';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import { calendarOf, leastGapSeconds } from './read/cron';
import { functionAt, reservedOf, timeoutOf } from './read/functions';
import { isEnabled } from './read/invocations';
import type { Template } from './read/template';

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
        const hours = target.at('RetryPolicy', 'MaximumEventAgeInSeconds').number(EVENTBRIDGE_RETRIES.seconds);
        const tries = target.at('RetryPolicy', 'MaximumRetryAttempts').number(EVENTBRIDGE_RETRIES.tries);
        const bound = hours === undefined || tries === undefined ? '' : ` after ${hours} s or ${tries} retries at most`;
        yield {
          at: queue,
          message: `no DeadLetterConfig: a run that its target did not accept is dropped${bound}`,
          fix: 'add a DeadLetterConfig with the ARN of a queue, and an alarm on that',
        };
      }
    },
  },
];

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
    message: `${names.join(', ')} start it ${firing.length} times at ${clock(minuteOfDay)} ${zone}, and it runs ${room} at once: ${rounds} rounds of up to ${timeout} s = ${rounds * timeout} s, the later ones throttled`,
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
    zone: schedule.at('Properties', 'ScheduleExpressionTimezone').text('UTC'),
    exact:
      schedule.at('Properties', 'FlexibleTimeWindow', 'Mode').text() === 'OFF' &&
      schedule.at('Properties', 'StartDate').absent &&
      schedule.at('Properties', 'EndDate').absent,
    handler: functionAt(template, schedule.at('Properties', 'Target', 'Arn')),
  }));
  return [...rules, ...schedules].filter(
    ({ schedule, handler }) => handler && isEnabled(schedule) && schedule.at('Condition').absent,
  );
});
