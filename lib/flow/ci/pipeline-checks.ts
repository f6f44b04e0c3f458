/** The validation table of pipelines. */
import { type Check, inRange, oneOf, shown } from '../errors';
import { type Fields, listChecks, objectChecks } from '../fields';
import { cycleOf } from './needs';
import { ADDED_JOBS, type CiJob, type CiPipeline, type CiStep } from './pipelines';
import { GITHUB_TIMEOUT_MINUTES, MOST_JOBS_PER_RUN } from './platforms';

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
/**
 * A branch, with `*` for any text but `/` and `**` for any text. GitHub reads `?`, `+`, `!` and brackets as more than text, and
 * git allows no spaces, `~`, `^`, `:` and backslashes. Source: GitHub Actions, filter pattern cheat sheet; git-check-ref-format.
 */
const BRANCH = /^(?!-)[^\p{C}\s~^:?!+[\]\\'"`$]{1,255}$/u;

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
    ...texts(`${at}.branches`, branches, BRANCH, 'a branch such as main or release/**'),
    ...texts(`${at}.tags`, tags, /^[A-Za-z0-9][\w./*+-]{0,100}$/, 'a tag such as v*'),
    ...texts(`${at}.paths`, paths, PATTERN, "a file pattern such as src/**, without quotes, '$' and '\\'"),
    { refused: Array.isArray(paths) && paths.length === 0, message: `${at}.paths must have one at least, got none` },
    ...mapTexts(`${at}.permissions`, pipeline.permissions, /^(read|write|none)$/, 'read, write or none'),
    ...listChecks(`${at}.jobs`, jobs, (list) => [
      { refused: list.length === 0, message: `${at}.jobs must have one at least, got none` },
      ...repeated(`${at}.jobs`, list),
      circleCheck(`${at}.jobs`, list),
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

/** A forge starts none of the jobs of a circle, and says so only when the file is there. */
function circleCheck(at: string, jobs: readonly CiJob[]): Check {
  const known = jobs.filter((job) => isMap(job) && (job.needs === undefined || Array.isArray(job.needs)));
  const circle = cycleOf(known);
  return {
    refused: circle !== undefined && circle.length > 2,
    message: `${at} must not need one another in a circle, got ${circle?.join(' → ')}: each waits for the next; take one of the needs out`,
  };
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
