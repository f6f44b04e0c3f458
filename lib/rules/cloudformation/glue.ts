import { duration } from '../../flow/figures';
import type { Resource, Value } from '../document';
import { Composite } from '../resolved';
import type { Rule } from '../rule';
import { leastGapSeconds } from './read/cron';
import { isEnabled } from './read/invocations';
import type { Template } from './read/template';

const JOB = 'AWS::Glue::Job';
const MINUTE_SECONDS = 60;
/** AWS Glue API Reference, Job, Timeout: 2,880 minutes are 48 hours. */
const USUAL_MINUTES = 2880;

/** Rules about jobs of AWS Glue. */
export const GLUE_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-GLUE-001',
    title: 'A scheduled Glue job may run into its next start',
    why: 'Without a Timeout a run that hangs goes on for 48 hours, and is billed for them. With one run at a time every start meanwhile is refused; with more of them, two runs work on the same data, and on a Delta table in Amazon S3 one of them loses its commits.',
    source: 'AWS Glue API Reference, Job: Timeout, 2,880 minutes by default; ExecutionProperty, MaxConcurrentRuns',
    severity: 'warning',
    cases: [3, 17],
    *check(template) {
      for (const { job, gap } of scheduledJobs(template)) {
        const timeout = job.at('Properties', 'Timeout');
        const [seconds, most] = [
          (timeout.number(USUAL_MINUTES) ?? Number.NaN) * MINUTE_SECONDS,
          job.at('Properties', 'ExecutionProperty', 'MaxConcurrentRuns').number(1),
        ];
        // A streaming job has no end.
        if (job.at('Properties', 'Command', 'Name').text() === 'gluestreaming') continue;
        if (most === undefined || !(seconds > gap)) continue;
        if (most <= 1 && !timeout.absent) continue;
        const runs = `starts every ${duration(gap)}, and a run may take ${duration(seconds)}`;
        yield {
          at: most > 1 ? job.at('Properties', 'ExecutionProperty', 'MaxConcurrentRuns') : timeout,
          message:
            most > 1
              ? `${runs}: up to ${Math.min(most, Math.ceil(seconds / gap))} work on the same data at once`
              : `${runs}: while one hangs, ${Math.floor(seconds / gap)} starts are refused`,
          fix: `set Timeout to ${Math.max(1, Math.floor(gap / MINUTE_SECONDS))} minutes or less${most > 1 ? ', or MaxConcurrentRuns to 1' : ''}`,
        };
      }
    },
  },
];

/** The jobs that a schedule starts, once each, with the seconds between its two closest starts. */
function scheduledJobs(template: Template): { readonly job: Resource; readonly gap: number }[] {
  const gaps = new Map<Resource, number>();
  const add = (job: Resource | undefined, expression: Value) => {
    const gap = leastGapSeconds(expression.text() ?? '');
    if (job === undefined || gap === undefined || !Number.isFinite(gap)) return;
    gaps.set(job, Math.min(gap, gaps.get(job) ?? Number.POSITIVE_INFINITY));
  };
  for (const trigger of template.ofType('AWS::Glue::Trigger')) {
    if (trigger.at('Properties', 'Type').text() !== 'SCHEDULED') continue;
    for (const action of trigger.at('Properties', 'Actions').items()) {
      add(template.find(action.at('JobName'), JOB, 'Name'), trigger.at('Properties', 'Schedule'));
    }
  }
  for (const schedule of template.ofType('AWS::Scheduler::Schedule')) {
    const target = schedule.at('Properties', 'Target');
    if (!isEnabled(schedule) || !startsRuns(target.at('Arn'))) continue;
    add(jobIn(template, target.at('Input')), schedule.at('Properties', 'ScheduleExpression'));
  }
  return [...gaps].map(([job, gap]) => ({ job, gap }));
}

/** Amazon EventBridge Scheduler User Guide, Using universal targets. */
function startsRuns(arn: Value): boolean {
  const { resolved } = arn;
  const parts = resolved instanceof Composite ? resolved.parts : [resolved];
  return /:aws-sdk:glue:startJobRun$/i.test(parts.map((part) => (typeof part === 'string' ? part : '')).join(''));
}

/** The job that the input of a call names. */
function jobIn(template: Template, input: Value): Resource | undefined {
  const target = template.target(input);
  if (target?.type === JOB) return target;
  const [, name] = /"JobName"\s*:\s*"([^"]+)"/.exec(input.text() ?? '') ?? [];
  return name === undefined ? undefined : template.called(name, JOB, 'Name')[0];
}
