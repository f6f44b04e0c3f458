import type { EmbeddedText } from '../document';
import type { Rule } from '../rule';
import { embeddedRule, withoutComments } from './trap';

/** A line of a crontab: five fields or a macro, and a command. */
const CRONTAB = /^[ \t]*(?:@(?:hourly|daily|weekly|monthly|reboot)|(?:[\d*][\d*,/-]*[ \t]+){5})\S/m;

/** Words in the name of a job or step, or its environment, that changes something outside of the workflow. */
const NAMED_AS_DEPLOYMENT = /deploy|releas|publish|promot|rollout|migrat/i;

/** Commands and actions that do; `--release` is how a compiler is called, and `build-push-action` pushes when told to. */
const DEPLOYS =
  /deploy|publish|promot|rollout|(?:semantic-|gh\s+|go|gh-|create-|upload-)releas|release-please|terraform\s+apply|kubectl\s+apply|helm\s+(?:upgrade|install)|docker\s+push|push:\s*(?:true|["']?\$\{\{)|(?:gh|github)-pages|twine\s+upload|\bmigrate\b|migrations?:(?:run|up)|alembic\s+upgrade|flyway|liquibase/i;

/** A line of a workflow that names something: the key of a job, a name, an environment. */
const NAMING = /^(?: {1,4}[\w-]+:\s*$|[ \t]*(?:-[ \t]+)?(?:name|environment):)/;

/** Rules about schedules and pipelines. */
export const EMBEDDED_SCHEDULE_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-CRON-005',
    title: 'Jobs are spread by sleeping for a random time',
    why: 'The gaps between runs vary: two runs may be close together or far apart, and the duration of a run cannot be measured. Meanwhile the pod holds its place and does nothing.',
    source: 'Jenkins, Cron syntax: H spreads by a hash of the name; kubernetes/kubernetes#91652',
    severity: 'warning',
    cases: [4],
    signs: [
      {
        pattern:
          /\bsleep\s+["']?\$\(\(\s*\$?\{?RANDOM[^\n]*|\bsleep\s+["']?\$\{?RANDOM[^\n]*|\bshuf\b[^\n]{0,200}\bsleep\b[^\n]*|\bshuf\b[^\n]{0,200}\n[^\n]{0,200}\bsleep\b[^\n]*|\bsleep\s+["']?[$`]\(?\s*shuf\b[^\n]*/,
        // Between retries in a loop it is jitter, and right.
        excuse: /\b(?:until|while|for)\b/,
        where: isScheduled,
        message: (match) => `sleeps a random time${bound(match[0])} before every run`,
        fix: 'give each job its own minute in its schedule: the one at which the fewest others run, as SpreadSchedule does',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-CI-001',
    title: 'Runs of different workflows cancel each other, or a deployment',
    why: 'A group name holds for the whole repository. Without the workflow in its name the tests of a branch cancel its build; and when runs of the main branch are cancelled too, half a deployment is left.',
    source: 'GitHub Actions, "Control the concurrency of workflows and jobs"',
    severity: 'error',
    cases: [13],
    signs: [
      {
        within: /^[ \t]*concurrency:[\s\S]{0,300}/gm,
        pattern: /^[ \t]*group:[ \t]*((?=[^\n]*github\.(?:head_)?ref)(?![^\n]*github\.workflow)[^\n]+?)[ \t]*$/m,
        // Tests that cancel tests lose nothing that the next run does not find.
        where: ({ text }) => !/^["']?jobs["']?:/m.test(text) || deploys(text),
        message: (match) => `group ${match[1]} is the same for every workflow of a branch: they cancel each other`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
        fix: 'write group: ${{ github.workflow }}-${{ github.ref }}',
      },
      {
        pattern: /^[ \t]*cancel-in-progress:[ \t]*true[ \t]*$/m,
        needs: /^["']?on["']?:[^\n]*\bpush\b|^["']?on["']?:[ \t]*\n(?:[ \t][^\n]*\n)*?[ \t]+(?:-[ \t]*)?push\b/m,
        // A run of tests may be cancelled: the next one tests more.
        where: ({ text }) => deploys(text),
        message: () => 'cancel-in-progress: true on push: a second push cancels the deployment of the first',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
        fix: "write cancel-in-progress: ${{ github.event_name == 'pull_request' }}",
      },
    ],
  }),
];

/** Whether a workflow changes something outside of it, as far as the words of its jobs say: branches are called release too. */
function deploys(text: string): boolean {
  const words = withoutComments(text);
  const jobs = words.search(/^["']?jobs["']?:/m);
  return (jobs < 0 ? words : words.slice(jobs))
    .split('\n')
    .filter((line) => !/^[ \t-]*if:/.test(line))
    .some((line) => (NAMING.test(line) ? NAMED_AS_DEPLOYMENT : DEPLOYS).test(line));
}

/** Whether a text runs on a schedule. */
function isScheduled({ at, text }: EmbeddedText): boolean {
  return at.resource.type === 'batch/CronJob' || CRONTAB.test(text);
}

/** The longest of the sleeps, when the command says it. */
function bound(command: string): string {
  const seconds = /RANDOM\}?\s*%\s*(\d+)/.exec(command)?.[1] ?? /shuf\s[^\n]{0,200}?-i\s*\d+-(\d+)/.exec(command)?.[1];
  return seconds === undefined ? '' : ` of up to ${seconds} s`;
}
