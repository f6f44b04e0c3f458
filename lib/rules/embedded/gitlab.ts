import type { Document, EmbeddedText } from '../document';
import { oncePer } from '../once-per';
import { own } from '../own';
import { parse } from '../parse';
import { isMapping, scalarText } from '../resolved';
import type { Found, Rule } from '../rule';

/** Names of files with pipelines of GitLab. */
const NAME = /(^|[\\/.])gitlab-ci\.ya?ml$/;

/** Keys at the top of a pipeline that are no jobs. */
const NO_JOBS = new Set(
  'default include stages variables workflow spec image services before_script after_script cache'.split(' '),
);

/** Commands that change something outside of the pipeline, and leave half of it when they are stopped. */
const CHANGES =
  /\b(kubectl\s+(apply|rollout)|helm\s+(upgrade|install)|(terraform|tofu)\s+apply|(cdk|sls|serverless|sam)\s+deploy|pulumi\s+up|ansible-playbook)\b/;

/** Jobs of one pipeline from which on those of old commits take the runners of new ones. */
const MANY_JOBS = 5;

type Body = Readonly<Record<string, unknown>>;

/** One job, with what it takes from its templates. */
interface Job {
  readonly name: string;
  /** A key, its own or of what it extends; `UNDECIDED` when a template is not in the file. */
  get(key: string): unknown;
  readonly line: number;
}

const UNDECIDED = Symbol('undecided');

interface Pipeline {
  readonly text: EmbeddedText;
  readonly body: Body;
  readonly jobs: readonly Job[];
}

/** Rules about pipelines of GitLab. */
export const EMBEDDED_GITLAB_RULES: readonly Rule[] = [
  {
    id: 'BP-CI-002',
    title: 'The next commit cancels a deployment',
    why: 'A running job that is interruptible is cancelled when a newer pipeline starts on its branch. A deployment that is stopped in the middle leaves half of it, and a lock of its state.',
    source: 'GitLab, CI/CD YAML syntax reference: interruptible; workflow:auto_cancel:on_new_commit',
    severity: 'error',
    cases: [13],
    *check(document) {
      for (const { text, body, jobs } of pipelinesOf(document)) {
        if (!isCancelledByCommits(body)) continue;
        for (const job of jobs) {
          if (!isDeployment(job) || isForTags(job) || isPerBranch(job) || interruptible(body, job) !== true) continue;
          yield found(text, job, {
            message: `${job.name} deploys and is interruptible${job.get('interruptible') === undefined ? ' by default' : ''}: the next commit on its branch stops it in the middle`,
            fix: `set interruptible: false in ${job.name}`,
          });
        }
      }
    },
  },
  {
    id: 'BP-CI-003',
    title: 'Two pipelines deploy to one environment at once',
    why: 'Pipelines of two commits run at the same time. Without a resource group both deploy at once, and what is left is a mixture; an older commit may come last.',
    source: 'GitLab, "Resource group"; "Deployment safety": ensure only one deployment job runs at a time',
    severity: 'warning',
    cases: [13],
    *check(document) {
      for (const { text, jobs } of pipelinesOf(document)) {
        for (const job of jobs) {
          const environment = environmentOf(job);
          const alone = job.get('resource_group') !== undefined || isManual(job) || isForTags(job);
          // An environment by variable is one for each branch, or may be.
          if (environment === undefined || environment.includes('$') || alone) continue;
          yield found(text, job, {
            message: `${job.name} deploys to ${environment} without a resource_group: the pipelines of two commits deploy at once`,
            fix: `set resource_group: ${environment} in ${job.name}`,
          });
        }
      }
    },
  },
  {
    id: 'BP-CI-004',
    title: 'Jobs of old commits run to their end',
    why: 'A newer commit cancels only jobs that are interruptible, and none is by default. With a push every few minutes most runners test commits that nobody waits for, and the newest waits for them.',
    source: 'GitLab, CI/CD YAML syntax reference: interruptible, false by default; workflow:auto_cancel:on_new_commit',
    severity: 'warning',
    cases: [13],
    *check(document) {
      for (const { text, body, jobs } of pipelinesOf(document)) {
        const tests = jobs.filter((job) => !isDeployment(job) && !isManual(job) && !isForTags(job));
        const count = tests.reduce((sum, job) => sum + runsOf(job), 0);
        const first = tests[0];
        // An included file may have the default.
        if (first === undefined || count < MANY_JOBS || body.include !== undefined || !isCancelledByCommits(body))
          continue;
        if (jobs.some((job) => interruptible(body, job) !== false)) continue;
        yield found(text, first, {
          message: `none of ${count} jobs is interruptible: a push starts as many again, while those of the commit before run to their end`,
          fix: 'set interruptible: true under default, and interruptible: false in jobs that deploy',
        });
      }
    },
  },
];

function found(text: EmbeddedText, job: Job, { message, fix }: Pick<Found, 'message' | 'fix'>): Found {
  return { at: text.at, message: `line ${job.line}: ${message}`, fix };
}

/** The pipelines among the texts of a document. */
const pipelinesOf = oncePer((document: Document): readonly Pipeline[] =>
  document.texts().flatMap((text) => {
    const body = NAME.test(text.name ?? '') ? parsed(text.text) : undefined;
    return body ? [{ text, body, jobs: jobsOf(text.text, body) }] : [];
  }),
);

/** The last document of a text: a file that is included may have its inputs in one before. */
function parsed(text: string): Body | undefined {
  try {
    const last = parse('gitlab-ci.yml', text).at(-1);
    return isMapping(last) ? last : undefined;
  } catch {
    // A template, or over a limit.
    return undefined;
  }
}

function jobsOf(text: string, body: Body): Job[] {
  const lines = new Map<string, number>();
  for (const [i, line] of text.split('\n').entries()) {
    const key = /^["']?([^\s"'#:][^"'#:]*)["']?:/.exec(line)?.[1];
    if (key !== undefined && !lines.has(key)) lines.set(key, i + 1);
  }
  const known: Known = new Map();
  return Object.entries(body).flatMap(([name, job]) => {
    if (NO_JOBS.has(name) || name.startsWith('.') || !isMapping(job)) return [];
    const get = (key: string) => inherited(body, job, key, known);
    // Pipelines of others are theirs to judge.
    return get('trigger') === undefined ? [{ name, line: lines.get(name) ?? 1, get }] : [];
  });
}

/** What templates give for a key, each once: a pipeline may be made to extend in a million ways. */
type Known = Map<string, unknown>;

/** A key of a job, or of what it extends; the last of several has the last word. */
function inherited(body: Body, job: Body, key: string, known: Known): unknown {
  const value = own(job, key);
  if (value !== undefined) return isReference(value) ? UNDECIDED : value;
  for (const each of [own(job, 'extends') ?? []].flat().reverse()) {
    const name = scalarText(each);
    const template = own(body, name);
    const place = `${name}\n${key}`;
    if (!known.has(place)) {
      // What extends itself is refused, and an included template is not here.
      known.set(place, UNDECIDED);
      if (isMapping(template)) known.set(place, inherited(body, template, key, known));
    }
    const given = known.get(place);
    if (given !== undefined) return given;
  }
  return undefined;
}

/** Whether a value is taken from elsewhere: `!reference [.a, script]`. */
function isReference(value: unknown): boolean {
  return isMapping(value) && Object.keys(value).some((key) => key.startsWith('Fn::'));
}

/** Whether a job may be cancelled by a newer pipeline; undefined when not decided. */
function interruptible(body: Body, job: Job): boolean | undefined {
  if (rulesOf(job).some((rule) => rule.interruptible !== undefined) || job.get('rules') === UNDECIDED) return undefined;
  const value = job.get('interruptible');
  if (value !== undefined) return typeof value === 'boolean' ? value : undefined;
  if (job.get('inherit') !== undefined) return undefined;
  const usual = isMapping(body.default) ? body.default.interruptible : undefined;
  if (usual !== undefined) return typeof usual === 'boolean' ? usual : undefined;
  return false;
}

/** Whether a new commit cancels jobs of the pipeline before, as it does unless the file says otherwise. */
function isCancelledByCommits({ workflow }: Body): boolean {
  if (!isMapping(workflow)) return workflow === undefined || workflow === null;
  const rules = [workflow.rules ?? []].flat();
  if (rules.some((rule) => isMapping(rule) && rule.auto_cancel !== undefined)) return false;
  const cancel = isMapping(workflow.auto_cancel) ? workflow.auto_cancel.on_new_commit : undefined;
  return cancel === undefined || cancel === 'conservative' || cancel === 'interruptible';
}

/** The environment that a job deploys to; undefined for none, and for one that it only stops or asks for access. */
function environmentOf(job: Job): string | undefined {
  const environment = job.get('environment');
  if (typeof environment === 'string') return environment;
  if (!isMapping(environment) || !['start', undefined].includes(environment.action as string | undefined))
    return undefined;
  return typeof environment.name === 'string' ? environment.name : undefined;
}

function isDeployment(job: Job): boolean {
  const script = [job.get('script') ?? []].flat(3).filter((line) => typeof line === 'string');
  return environmentOf(job) !== undefined || script.some((line) => CHANGES.test(line));
}

/** Whether a job makes an environment of its own for each branch: the next commit makes it anew. */
function isPerBranch(job: Job): boolean {
  return /\$\{?CI_(COMMIT_REF|COMMIT_BRANCH|MERGE_REQUEST|COMMIT_SHORT_SHA|COMMIT_SHA)/.test(environmentOf(job) ?? '');
}

function rulesOf(job: Job): readonly Body[] {
  return [job.get('rules') ?? []].flat(2).filter(isMapping);
}

/** Rules under which a job runs at all. */
function runningRules(job: Job): readonly Body[] {
  return rulesOf(job).filter((rule) => rule.when !== 'never');
}

/** Whether a person starts it. */
function isManual(job: Job): boolean {
  const rules = runningRules(job);
  if (rules.length > 0) return rules.every((rule) => rule.when === 'manual');
  return job.get('when') === 'manual' || job.get('rules') === UNDECIDED;
}

/** Whether a job runs for tags only, which have one pipeline each. */
function isForTags(job: Job): boolean {
  const rules = runningRules(job);
  if (rules.length > 0) return rules.every((rule) => /\$\{?CI_COMMIT_TAG\b(?!\s*==\s*null)/.test(scalarText(rule.if)));
  const only = job.get('only');
  const refs = [(isMapping(only) ? only.refs : only) ?? []].flat();
  return refs.length > 0 && refs.every((ref) => ref === 'tags');
}

/** How many times a job runs in one pipeline. */
function runsOf(job: Job): number {
  const parallel = job.get('parallel');
  if (typeof parallel === 'number' && parallel >= 1) return Math.min(parallel, 200);
  const matrix = isMapping(parallel) && Array.isArray(parallel.matrix) ? parallel.matrix.filter(isMapping) : [];
  const sizes = matrix.map((row) =>
    Object.values(row).reduce<number>((product, each) => product * [each].flat().length, 1),
  );
  return Math.max(
    1,
    sizes.reduce((sum, size) => sum + size, 0),
  );
}
