/** Pipelines as they are described once, for every forge. */
import { type Check, inRange, oneOf, shown } from '../errors';
import { type Fields, listChecks, objectChecks } from '../fields';
import { GITHUB_TIMEOUT_MINUTES, MOST_JOBS_PER_RUN } from './platforms';

/**
 * One step of a job: commands, or an action of GitHub's.
 */
export interface CiStep {
  /**
   * What it does, in a few words.
   *
   * @default - the forge shows the command
   */
  readonly name?: string;

  /**
   * Why, as a comment above the step.
   *
   * @default - no comment
   */
  readonly comment?: string;

  /**
   * Commands of the shell, one or several lines. Either this or `uses`.
   *
   * @default - none
   */
  readonly run?: string;

  /**
   * An action of GitHub's, such as `actions/checkout@v5`. GitLab checks out by itself; other actions need `image` on the job
   * there. Either this or `run`.
   *
   * @default - none
   */
  readonly uses?: string;

  /**
   * Inputs of the action.
   *
   * @default - none
   */
  readonly inputs?: { [name: string]: string };

  /**
   * Why an input is as it is: a comment above it, by the name of the input.
   *
   * @default - no comments
   */
  readonly inputComments?: { [name: string]: string };

  /**
   * Variables of the step.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };
}

/**
 * One job of a pipeline.
 */
export interface CiJob {
  /**
   * Name, unique in the pipeline: letters, digits, `_` and `-`.
   */
  readonly name: string;

  /**
   * Why, as a comment above the job.
   *
   * @default - no comment
   */
  readonly comment?: string;

  /**
   * Its steps, one at least.
   */
  readonly steps: CiStep[];

  /**
   * Jobs of this pipeline that must have succeeded.
   *
   * @default - none
   */
  readonly needs?: string[];

  /**
   * Values by name: the job runs once for each combination, 256 at most. In a step `${{ matrix.node }}` is the value of
   * `node`, on GitLab as well.
   *
   * @default - one run
   */
  readonly matrix?: { [name: string]: string[] };

  /**
   * Image of the container in which it runs.
   *
   * @default - what the runner has
   */
  readonly image?: string;

  /**
   * The environment that it deploys to. Such a job is never cancelled, waits for the one before, and does not run for pull
   * requests.
   *
   * @default - it deploys nothing
   */
  readonly deploysTo?: string;

  /**
   * What its token may do, by scope, on GitHub: `{ 'id-token': 'write' }`.
   *
   * @default - as the pipeline
   */
  readonly permissions?: { [scope: string]: string };

  /**
   * Minutes after which it ends. 1 to 360.
   *
   * @default - `timeoutMinutes` of the plan
   */
  readonly timeoutMinutes?: number;
}

/**
 * One pipeline.
 */
export interface CiPipeline {
  /**
   * Name, and name of its file: letters, digits, `_` and `-`.
   */
  readonly name: string;

  /**
   * Why, as a comment at its beginning.
   *
   * @default - no comment
   */
  readonly comment?: string;

  /**
   * Its jobs, one at least.
   */
  readonly jobs: CiJob[];

  /**
   * Whether it runs for pull requests. A newer push to the same one cancels the run of the older.
   *
   * @default true
   */
  readonly pullRequests?: boolean;

  /**
   * Branches whose pushes it runs for. Such runs are never cancelled.
   *
   * @default ['main']
   */
  readonly branches?: string[];

  /**
   * Tags that it runs for, with `*` for any text: `v*`.
   *
   * @default - none
   */
  readonly tags?: string[];

  /**
   * Whether it runs for the merge queue: for merge groups on GitHub, for merge trains on GitLab.
   *
   * @default false
   */
  readonly mergeQueue?: boolean;

  /**
   * Files that it is about: `src/**`. Other changes start no run of its jobs.
   *
   * @default - all
   */
  readonly paths?: string[];

  /**
   * Whether a pull request is merged only when it has succeeded. With `paths` a job named `<name> passed` succeeds where
   * nothing had to run; make that one the required check.
   *
   * @default false
   */
  readonly required?: boolean;

  /**
   * What the token of its jobs may do, by scope, on GitHub.
   *
   * @default { contents: 'read' }
   */
  readonly permissions?: { [scope: string]: string };
}

const PIPELINE_FIELDS: Fields<CiPipeline> = {
  name: true,
  comment: true,
  jobs: true,
  pullRequests: true,
  branches: true,
  tags: true,
  mergeQueue: true,
  paths: true,
  required: true,
  permissions: true,
};
const JOB_FIELDS: Fields<CiJob> = {
  name: true,
  comment: true,
  steps: true,
  needs: true,
  matrix: true,
  image: true,
  deploysTo: true,
  permissions: true,
  timeoutMinutes: true,
};
const STEP_FIELDS: Fields<CiStep> = {
  name: true,
  comment: true,
  run: true,
  uses: true,
  inputs: true,
  inputComments: true,
  environment: true,
};

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
const KEY = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;
/** Printable in one line: nothing that ends a line of YAML or of a comment. */
const LINE = /^\P{C}{1,1000}$/u;
/**
 * A file pattern that GitHub and git read alike: `**` is a whole segment, and there is no `?`, `+` or `[`. No quote, because it
 * is an argument of a command in the run that compares files.
 */
const PATTERN = /^(?!.*(\*\*[^/]|[^/]\*\*))[^\s'"\\$`!?+[\]][^\p{C}'"\\$`?+[\]]{0,254}$/u;

/** Jobs that the writers add, so that no job of a pipeline may have their names. */
export const ADDED_JOBS = { changes: 'changes', passed: 'passed' } as const;

/** Whether any job wants to run in an image of its own. */
export function withImage(pipelines: readonly CiPipeline[] | undefined): boolean {
  const listed = <T>(list: readonly T[] | undefined): readonly T[] => (Array.isArray(list) ? list : []);
  return listed(pipelines).some((one) => listed(one?.jobs).some((job) => job?.image !== undefined));
}

/** Checks a list of pipelines. */
export function pipelineChecks(pipelines: readonly CiPipeline[]): Check[] {
  return listChecks('pipelines', pipelines, (list) => [
    { refused: list.length === 0, message: 'pipelines must have one at least, got none' },
    ...repeated('pipelines', list),
    ...list.flatMap((pipeline, index) =>
      objectChecks(`pipelines[${index}]`, pipeline, PIPELINE_FIELDS, (one) => checksOf(`pipelines[${index}]`, one)),
    ),
  ]);
}

function checksOf(at: string, pipeline: CiPipeline): Check[] {
  const { jobs, branches, tags, paths, pullRequests = true } = pipeline;
  const starts = [branches ?? ['main'], tags ?? []].some((list) => Array.isArray(list) && list.length > 0);
  return [
    text(`${at}.name`, pipeline.name, NAME, 'letters, digits, _ and -, at most 64'),
    optionalText(`${at}.comment`, pipeline.comment, /^[\P{C}\n]{1,4000}$/u, 'printable'),
    ...['pullRequests', 'mergeQueue', 'required'].map((name) =>
      oneOf(`${at}.${name}`, pipeline[name as 'required'], [true, false]),
    ),
    {
      refused: !starts && pullRequests === false,
      message: `${at} runs for nothing: give branches, tags or pullRequests`,
    },
    ...texts(`${at}.branches`, branches, LINE, 'printable'),
    ...texts(`${at}.tags`, tags, /^[A-Za-z0-9][\w./*+-]{0,100}$/, 'a tag such as v*'),
    ...texts(`${at}.paths`, paths, PATTERN, "a file pattern such as src/**, without quotes, '$' and '\\'"),
    { refused: Array.isArray(paths) && paths.length === 0, message: `${at}.paths must have one at least, got none` },
    ...mapTexts(`${at}.permissions`, pipeline.permissions, /^(read|write|none)$/, 'read, write or none'),
    ...listChecks(`${at}.jobs`, jobs, (list) => [
      { refused: list.length === 0, message: `${at}.jobs must have one at least, got none` },
      ...repeated(`${at}.jobs`, list),
      ...list.flatMap((job, index) =>
        objectChecks(`${at}.jobs[${index}]`, job, JOB_FIELDS, (one) => jobChecks(`${at}.jobs[${index}]`, one, list)),
      ),
    ]),
  ];
}

function jobChecks(at: string, job: CiJob, all: readonly CiJob[]): Check[] {
  const { needs, matrix, steps } = job;
  const names = all.map((one) => one?.name);
  const combinations = Object.values(isMap(matrix) ? matrix : {}).reduce(
    (product, values) => product * (Array.isArray(values) ? values.length : 1),
    1,
  );
  return [
    text(`${at}.name`, job.name, NAME, 'letters, digits, _ and -, at most 64'),
    {
      refused: Object.values<string>(ADDED_JOBS).includes(job.name),
      message: `${at}.name must not be ${String(job.name)}, which is the name of a job that is added`,
    },
    optionalText(`${at}.comment`, job.comment, /^[\P{C}\n]{1,4000}$/u, 'printable'),
    optionalText(`${at}.image`, job.image, LINE, 'printable'),
    optionalText(`${at}.deploysTo`, job.deploysTo, /^[A-Za-z0-9][\w./-]{0,99}$/, 'letters, digits, _, ., / and -'),
    inRange(`${at}.timeoutMinutes`, job.timeoutMinutes, 1, GITHUB_TIMEOUT_MINUTES),
    ...texts(`${at}.needs`, needs, NAME, 'the name of a job'),
    ...(Array.isArray(needs) ? needs : []).map((one) => ({
      refused: one === job.name || !names.includes(one),
      message: `${at}.needs must name other jobs of the pipeline, got ${shown(one)}`,
    })),
    ...mapTexts(`${at}.permissions`, job.permissions, /^(read|write|none)$/, 'read, write or none'),
    ...Object.entries(isMap(matrix) ? matrix : {}).flatMap(([name, values]) => [
      text(`${at}.matrix`, name, /^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'by names of letters, digits and _'),
      ...texts(`${at}.matrix.${name}`, values, LINE, 'printable'),
    ]),
    {
      refused: combinations > MOST_JOBS_PER_RUN || combinations === 0,
      message: `${at}.matrix must have 1 to ${MOST_JOBS_PER_RUN} combinations, got ${combinations}`,
    },
    ...listChecks(`${at}.steps`, steps, (list) => [
      { refused: list.length === 0, message: `${at}.steps must have one at least, got none` },
      ...list.flatMap((step, index) =>
        objectChecks(`${at}.steps[${index}]`, step, STEP_FIELDS, (one) => stepChecks(`${at}.steps[${index}]`, one)),
      ),
    ]),
  ];
}

function stepChecks(at: string, { name, comment, run, uses, ...maps }: CiStep): Check[] {
  return [
    {
      refused: (run === undefined) === (uses === undefined),
      message: `${at} must have run or uses, got ${run === undefined ? 'none' : 'both'}`,
    },
    optionalText(`${at}.name`, name, LINE, 'printable'),
    optionalText(`${at}.comment`, comment, /^[\P{C}\n]{1,4000}$/u, 'printable'),
    optionalText(`${at}.run`, run, /^[\P{C}\n\t]{1,20000}$/u, 'commands'),
    optionalText(
      `${at}.uses`,
      uses,
      /^(\.\/[\w./-]+|[\w.-]+\/[\w./-]+@[\w./-]+)$/,
      'an action such as actions/checkout@v5',
    ),
    ...mapTexts(`${at}.inputs`, maps.inputs, /^[\P{C}\n]{0,4000}$/u, 'printable'),
    ...mapTexts(`${at}.inputComments`, maps.inputComments, /^[\P{C}\n]{1,4000}$/u, 'printable'),
    ...mapTexts(`${at}.environment`, maps.environment, /^[\P{C}\n]{0,4000}$/u, 'printable'),
  ];
}

function repeated(at: string, list: readonly { readonly name: string }[]): Check[] {
  const names = list.map((one) => one?.name);
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  return twice.map((name) => ({ refused: true, message: `${at} must have different names, got ${shown(name)} twice` }));
}

function text(at: string, value: unknown, form: RegExp, words: string): Check {
  return value === undefined ? { refused: true, message: `${at} is missing` } : optionalText(at, value, form, words);
}

function optionalText(at: string, value: unknown, form: RegExp, words: string): Check {
  const refused = value !== undefined && (typeof value !== 'string' || !form.test(value));
  return { refused, message: `${at} must be ${words}, got ${shown(value)}` };
}

function texts(at: string, values: readonly string[] | undefined, form: RegExp, words: string): Check[] {
  if (values === undefined) return [];
  return listChecks(at, values, (list) => list.map((value, index) => text(`${at}[${index}]`, value, form, words)));
}

function mapTexts(at: string, values: { [name: string]: string } | undefined, form: RegExp, words: string): Check[] {
  if (values === undefined) return [];
  if (!isMap(values)) return [{ refused: true, message: `${at} must be an object, got ${shown(values)}` }];
  return Object.entries(values).flatMap(([name, value]) => [
    text(at, name, KEY, 'by names of letters, digits, _ and -'),
    text(`${at}.${name}`, value, form, words),
  ]);
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
