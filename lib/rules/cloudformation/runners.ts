import type { Resource } from '../document';
import type { Rule } from '../rule';
import type { Template } from './read/template';

const JOB_QUEUED = 'WORKFLOW_JOB_QUEUED';
/** AWS CodeBuild API Reference, CreateProject, queuedTimeoutInMinutes. */
const USUAL_MINUTES = 480;

/** Rules about projects of AWS CodeBuild that are runners of GitHub Actions. */
export const RUNNER_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-CODEBUILD-001',
    title: 'A job waits up to eight hours for its runner',
    why: 'A build that has no place in the quota of the account waits, and with it the job that asked for it. Until the time-out nobody is told, and a job in a concurrency group holds up all that come after it.',
    source: 'AWS CodeBuild API Reference, CreateProject: queuedTimeoutInMinutes, 480 by default, 5 to 480',
    severity: 'warning',
    cases: [13],
    *check(template) {
      for (const project of template.ofType('AWS::CodeBuild::Project')) {
        const timeout = project.at('Properties', 'QueuedTimeoutInMinutes');
        const minutes = timeout.number(USUAL_MINUTES);
        if (minutes === undefined || minutes < USUAL_MINUTES || !isRunner(project)) continue;
        yield {
          at: timeout,
          message: `builds that jobs of GitHub Actions wait for may be queued for ${minutes} minutes${timeout.absent ? ', the default' : ''}`,
          fix: 'set QueuedTimeoutInMinutes to four times the wait that you promise, 5 at least: a job that fails is started again, one that waits is not',
        };
      }
    },
  },
];

/** Whether jobs of GitHub Actions start its builds. */
function isRunner(project: Resource): boolean {
  const groups = project.at('Properties', 'Triggers', 'FilterGroups').items();
  return groups
    .flatMap((group) => group.items())
    .some(
      (filter) =>
        filter.at('Type').text() === 'EVENT' &&
        (filter.at('Pattern').text() ?? '').split(/\s*,\s*/).includes(JOB_QUEUED),
    );
}
