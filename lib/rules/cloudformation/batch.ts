import { percent } from '../../flow/figures';
import { grouped } from '../../flow/grouped';
import type { Resource, Value } from '../document';
import { listed } from '../listed';
import { oncePer } from '../once-per';
import { matchesWildcards } from '../patterns';
import type { Rule } from '../rule';
import { grantsOn, roleAt, rolesGranted, statements } from './read/grants';
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
          fix: 'add an AWS::Batch::SchedulingPolicy with a FairsharePolicy, and a share identifier for each submitter; it can only be set on a new queue. A target of AWS::Events::Rule has no share identifier: submit by AWS::Scheduler::Schedule or Step Functions',
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
  {
    id: 'BP-BATCH-003',
    title: 'Jobs without a scheduling priority for a queue with a fair-share policy',
    why: 'On a queue with a fair-share policy AWS Batch refuses a job that has no scheduling priority. A queue without a policy takes it, so the job fails only once the queue is replaced.',
    source:
      'AWS Batch User Guide, "Use fair-share scheduling policies to assign share identifiers"; nextflow-io/nextflow#3088',
    severity: 'warning',
    cases: [20],
    *check(template) {
      const queues = template.ofType('AWS::Batch::JobQueue');
      // With a queue of another kind beside it, the definition may be for that one.
      if (!template.closed || queues.length === 0 || !queues.every((queue) => fairPolicyOf(template, queue))) return;
      for (const definition of template.ofType('AWS::Batch::JobDefinition')) {
        const priority = definition.at('Properties', 'SchedulingPriority');
        if (!priority.absent || template.exportedByName(definition)) continue;
        yield {
          at: definition.at('Properties'),
          message: `no SchedulingPriority, and ${queues[0].name} has a fair-share policy: AWS Batch refuses each job that is submitted without a priority of its own`,
          fix: 'set SchedulingPriority, 0 to 9999: it orders the jobs of one share',
        };
      }
    },
  },
  {
    id: 'BP-BATCH-004',
    title: 'Share identifiers of a policy overlap',
    why: 'An identifier that ends in an asterisk stands for all that begin with it. AWS Batch refuses a policy in which two entries match the same identifier.',
    source: 'AWS Batch API Reference, ShareAttributes: the list of share identifiers cannot overlap',
    severity: 'error',
    cases: [20],
    *check(template) {
      for (const policy of template.ofType('AWS::Batch::SchedulingPolicy')) {
        const entries = sharesOf(policy).map((share) => share.at('ShareIdentifier'));
        for (const [index, entry] of entries.entries()) {
          const other = entries.slice(0, index).find((before) => overlap(before.text(), entry.text()));
          if (other === undefined) continue;
          yield {
            at: entry,
            message: `'${entry.text()}' and '${other.text()}' match the same share identifier: AWS Batch refuses the policy`,
            fix: 'remove one of them; a share with a weight of its own must not begin with the prefix of another entry',
          };
        }
      }
    },
  },
  {
    id: 'BP-BATCH-005',
    title: 'A compute reservation that stays idle while all shares have jobs',
    why: 'AWS Batch keeps (computeReservation ÷ 100)^active shares free for shares without a job. When all shares have jobs nobody can use it, and jobs wait beside idle vCPUs.',
    source: 'AWS Batch API Reference, FairsharePolicy: computeReservation',
    severity: 'warning',
    cases: [20],
    *check(template) {
      for (const policy of template.ofType('AWS::Batch::SchedulingPolicy')) {
        const reservation = policy.at('Properties', 'FairsharePolicy', 'ComputeReservation');
        const percentage = reservation.number(0);
        const shares = sharesOf(policy);
        const names = shares.map((share) => share.at('ShareIdentifier').text());
        // A prefix stands for any number of shares.
        if (!percentage || names.length === 0 || names.some((name) => name === undefined || name.endsWith('*')))
          continue;
        const idle = (percentage / 100) ** names.length;
        if (idle < MOST_IDLE) continue;
        yield {
          at: reservation,
          message: `ComputeReservation ${percentage} keeps ${percent(idle)} of the vCPUs free while all ${names.length} shares have jobs`,
          fix: `set it to 0, or to ${Math.floor(100 * MOST_IDLE ** (1 / names.length) - 1e-9)} at most, unless shares come that the policy does not name`,
        };
      }
    },
  },
  {
    id: 'BP-BATCH-006',
    title: 'A submitter may submit under the share of another one',
    why: 'The share identifier is a parameter of SubmitJob. Without a condition on it a submitter that gives the identifier of another tenant runs its jobs at the expense of that tenant.',
    source: 'AWS Batch User Guide, "Resource: Use the batch:ShareIdentifier condition key"',
    severity: 'warning',
    cases: [20],
    *check(template) {
      for (const queue of template.ofType('AWS::Batch::JobQueue')) {
        const policy = fairPolicyOf(template, queue);
        if (policy === undefined || sharesOf(policy).length < 2) continue;
        for (const holder of grantsOn(template, 'batch:SubmitJob', queue, 'JobQueueName', 'by name')) {
          for (const statement of statements(holder)) {
            if (!submitsTo(template, statement, queue)) continue;
            yield {
              at: statement.at('Action'),
              message: `it may submit to ${queue.name} under any of its ${sharesOf(policy).length} share identifiers`,
              fix: "add the Condition { StringEquals: { 'batch:ShareIdentifier': '<its share>' } }",
            };
          }
        }
      }
    },
  },
];

/** From this part of the capacity on, what is idle costs more than a chance. */
const MOST_IDLE = 0.05;

/** The fair-share policy of a queue, if it is one of the template. */
function fairPolicyOf(template: Template, queue: Resource): Resource | undefined {
  const arn = queue.at('Properties', 'SchedulingPolicyArn');
  const policy = arn.absent ? undefined : template.find(arn, 'AWS::Batch::SchedulingPolicy', 'Name');
  return policy?.at('Properties', 'FairsharePolicy').present ? policy : undefined;
}

function sharesOf(policy: Resource): Value[] {
  return policy.at('Properties', 'FairsharePolicy', 'ShareDistribution').items();
}

/** Whether two entries match the same identifier; what the template does not decide overlaps with nothing. */
function overlap(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  const covers = (wide: string, name: string) =>
    wide === name || (wide.endsWith('*') && name.startsWith(wide.slice(0, -1)));
  return covers(one, other) || covers(other, one);
}

/** Whether a statement lets somebody submit to the queue, whatever the share identifier is. */
function submitsTo(template: Template, statement: Value, queue: Resource): boolean {
  const actions = statement.at('Action').items();
  const condition = statement.at('Condition');
  const tests = condition.entries().map(([, keys]) => keys);
  const conditions = tests.flatMap((keys) => keys.entries().map(([key]) => key.toLowerCase()));
  return (
    statement.at('Effect').text() === 'Allow' &&
    [condition, ...tests].every(({ decided }) => decided) &&
    !conditions.includes('batch:shareidentifier') &&
    actions.some((action) => matchesWildcards(action.text() ?? '', 'batch:SubmitJob')) &&
    statement
      .at('Resource')
      .items()
      .some((arn) => template.find(arn, 'AWS::Batch::JobQueue', 'JobQueueName') === queue)
  );
}

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
