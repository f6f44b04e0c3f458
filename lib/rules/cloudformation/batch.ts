import { grouped } from '../../flow/grouped';
import type { Resource } from '../document';
import { listed } from '../listed';
import { oncePer } from '../once-per';
import type { Rule } from '../rule';
import { roleAt, rolesGranted } from './read/grants';
import { isEnabled } from './read/invocations';
import type { Template } from './read/template';

/** Rules about AWS Batch. */
export const BATCH_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-BATCH-001',
    title: 'Several submitters share a job queue first come, first served',
    why: 'Without a scheduling policy a queue serves jobs in the order of arrival. One submitter with a thousand jobs makes all others wait for the last of them.',
    source: 'AWS Batch User Guide, "Fair-share scheduling policies"',
    severity: 'warning',
    cases: [20],
    *check(template) {
      for (const queue of template.ofType('AWS::Batch::JobQueue')) {
        const policy = queue.at('Properties', 'SchedulingPolicyArn');
        const names = policy.absent ? submitters(template, queue).map(({ name }) => name) : [];
        if (names.length < 2) continue;
        yield {
          at: policy,
          message: `${listed(names)} submit to it, ${names.length} in all, and it has no SchedulingPolicyArn: jobs run in the order of arrival`,
          fix: 'add an AWS::Batch::SchedulingPolicy with a FairsharePolicy, and a share identifier for each submitter; it can only be set on a new queue',
        };
      }
    },
  },
  {
    id: 'BP-BATCH-002',
    title: 'A fair share without a time for which usage counts',
    why: 'AWS documents two meanings of 0: only running jobs count, or jobs of the last 600 s. With the first, a tenant that has just used all capacity ranks the same as one that has waited.',
    source: 'AWS Batch API Reference, FairsharePolicy: shareDecaySeconds, 604800 at most',
    severity: 'warning',
    cases: [20],
    *check(template) {
      for (const policy of template.ofType('AWS::Batch::SchedulingPolicy')) {
        const share = policy.at('Properties', 'FairsharePolicy');
        const decay = share.at('ShareDecaySeconds');
        if (!share.present || decay.number(0) !== 0) continue;
        yield {
          at: decay,
          message: `${decay.absent ? 'no ShareDecaySeconds' : 'ShareDecaySeconds 0'}: past usage of a share may count or not`,
          fix: 'set ShareDecaySeconds above 0, 604800 at most: the longest time that a tenant may have to wait because of its usage, for example 3600',
        };
      }
    },
  },
];

/** Submitters to a job queue: rules that target it, and roles that may submit and that no such rule uses. */
function submitters(template: Template, queue: Resource): readonly Resource[] {
  const machines = template
    .mentioning(queue)
    .filter(({ type }) => type === 'AWS::StepFunctions::StateMachine')
    .map((machine) => ({ rule: machine, role: roleAt(template, machine.at('Properties', 'RoleArn')) }));
  const known = [...(targeting(template).get(queue) ?? []), ...machines];
  const others = rolesGranted(template, 'batch:SubmitJob', queue, 'JobQueueName').filter(
    (role) => !known.some((each) => each.role === role),
  );
  return [...new Set([...known.map(({ rule }) => rule), ...others])];
}

/** The rules that submit to a job queue, each with the role it does so under, by the queue. */
const targeting = oncePer((template: Template) => {
  const targets = template
    .ofType('AWS::Events::Rule')
    .filter(isEnabled)
    .flatMap((rule) => rule.at('Properties', 'Targets').items());
  return grouped(
    targets.flatMap((target) => {
      const submitter = { rule: target.resource, role: roleAt(template, target.at('RoleArn')) };
      const queues = template.findAll(target.at('Arn'), 'AWS::Batch::JobQueue', 'JobQueueName');
      return queues.map((queue) => [queue, submitter] as const);
    }),
  );
});
