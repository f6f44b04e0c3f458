/** Workflows of GitHub Actions. */
import { deployingJobs } from '../flow/ci/needs';
import { ADDED_JOBS, type CiJob, type CiPipeline, type CiStep } from '../flow/ci/pipelines';
import type { WriterOptions } from './options';
import { commented, yamlFile } from './write';

/** What the runners of GitHub are called, for jobs of seconds. */
const HOSTED = 'ubuntu-24.04';
const CHECKOUT = 'actions/checkout@v5';
/** Minutes of the jobs that only compare files and results. */
const SHORT_MINUTES = 5;

/** Each workflow by the path of its file. */
export function githubWorkflows(pipelines: readonly CiPipeline[], options: WriterOptions): Record<string, string> {
  return Object.fromEntries(
    pipelines.map((pipeline) => [
      `.github/workflows/${pipeline.name}.yml`,
      yamlFile(workflowOf(pipeline, options), [options.header, pipeline.comment].filter(Boolean).join('\n')),
    ]),
  );
}

function workflowOf(pipeline: CiPipeline, options: WriterOptions): object {
  const { name, permissions = { contents: 'read' }, jobs, paths } = pipeline;
  const guarded = isGuarded(pipeline, options);
  const body = Object.fromEntries(jobs.map((job) => [job.name, commented(jobOf(job, pipeline, options), job.comment)]));
  return {
    name,
    on: triggersOf(pipeline, options),
    permissions,
    ...concurrencyOf(pipeline, options),
    jobs: {
      ...(guarded && { [ADDED_JOBS.changes]: changesJob(paths!) }),
      ...body,
      // Also where nothing is filtered: the check that a branch requires keeps its name.
      ...(isChecked(pipeline) && { [ADDED_JOBS.passed]: passedJob(pipeline, guarded) }),
    },
  };
}

/** Whether one job stands for all others as the check that is required. */
function isChecked({ required = false, paths }: CiPipeline): boolean {
  return required && paths !== undefined;
}

/** Whether a job decides what runs: a workflow that is not started at all leaves its required check pending. */
function isGuarded(pipeline: CiPipeline, { filterPaths = true }: WriterOptions): boolean {
  return filterPaths && isChecked(pipeline);
}

function triggersOf(pipeline: CiPipeline, options: WriterOptions): object {
  const { branches = ['main'], tags = [], paths, pullRequests = true, mergeQueue = false } = pipeline;
  const { filterPaths = true } = options;
  const filter = filterPaths && !isGuarded(pipeline, options) ? paths : undefined;
  const push = {
    branches: branches.length > 0 ? branches : undefined,
    tags: tags.length > 0 ? tags : undefined,
    // Where a filter of paths stands beside tags, it has no effect on them.
    paths: filter,
  };
  return {
    push: branches.length + tags.length > 0 ? push : undefined,
    pull_request: pullRequests ? (filter === undefined ? null : { paths: filter }) : undefined,
    merge_group: mergeQueue ? null : undefined,
  };
}

/**
 * A pull request is a group: a newer push ends the run of the older one. Every other run is a group by itself, so that
 * nothing cancels it. Deployments wait for one another by their environment, in whatever workflow they are.
 */
function concurrencyOf(pipeline: CiPipeline, { cancelOutdated = true }: WriterOptions): object {
  // Without a group runs neither cancel one another nor wait for one another.
  if (!cancelOutdated) return {};
  const { pullRequests = true } = pipeline;
  const why = pullRequests
    ? 'A newer push to a pull request makes the run of the older one worthless; every other run is kept.'
    : undefined;
  return {
    concurrency: commented(
      {
        group:
          // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
          "${{ github.workflow }}-${{ github.event_name == 'pull_request' && github.event.pull_request.number || github.run_id }}",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the same.
        'cancel-in-progress': "${{ github.event_name == 'pull_request' }}",
      },
      why,
    ),
  };
}

/** By default a group keeps one run that waits, and a third replaces it. */
const IN_ORDER = { 'cancel-in-progress': false, queue: 'max' };

function jobOf(job: CiJob, pipeline: CiPipeline, options: WriterOptions): object {
  const { runner, timeoutMinutes } = options;
  const { needs = [], matrix, image, deploysTo, permissions, steps } = job;
  const guarded = isGuarded(pipeline, options);
  const guards = [
    ...(guarded ? [`needs.${ADDED_JOBS.changes}.outputs.relevant == 'true'`] : []),
    ...(deploysTo !== undefined ? ["github.event_name == 'push'"] : []),
  ];
  const before = [...(guarded ? [ADDED_JOBS.changes] : []), ...needs];
  return {
    needs: before.length > 0 ? before : undefined,
    if: guards.length > 0 ? guards.join(' && ') : undefined,
    'runs-on': runner,
    'timeout-minutes': job.timeoutMinutes ?? timeoutMinutes,
    environment: deploysTo,
    concurrency: deploysTo !== undefined ? { group: `deploy-${deploysTo}`, ...IN_ORDER } : undefined,
    permissions,
    container: image,
    strategy: matrix === undefined ? undefined : { 'fail-fast': false, matrix: matrixOf(matrix) },
    steps: steps.map((step) => commented(stepOf(step), step.comment)),
  };
}

/** Numbers stay numbers, as people write them: `node: [20, 22]`. */
function matrixOf(matrix: { [name: string]: string[] }): object {
  return Object.fromEntries(Object.entries(matrix).map(([name, values]) => [name, [...values]]));
}

function stepOf({ name, uses, inputs = {}, inputComments = {}, environment, run }: CiStep): object {
  const values = Object.entries(inputs).map(([input, value]) => [
    input,
    commented(scalarOf(value), inputComments[input]),
  ]);
  return {
    name,
    uses,
    with: values.length > 0 ? Object.fromEntries(values) : undefined,
    env: environment,
    run,
  };
}

/** An input is text to GitHub, whatever it looks like; numbers and flags are easier to read without quotes. */
function scalarOf(value: string): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  return /^(0|[1-9]\d{0,8})$/.test(value) ? Number(value) : value;
}

function changesJob(paths: readonly string[]): object {
  const patterns = paths.map((path) => `':(glob)${path}'`).join(' ');
  return commented(
    {
      'runs-on': HOSTED,
      'timeout-minutes': SHORT_MINUTES,
      // It reads the repository, whatever the pipeline says of its other jobs.
      permissions: { contents: 'read' },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
      outputs: { relevant: '${{ steps.compare.outputs.relevant }}' },
      steps: [
        { uses: CHECKOUT, with: { 'persist-credentials': false, 'fetch-depth': 0 } },
        {
          id: 'compare',
          env: {
            // biome-ignore lint/suspicious/noTemplateCurlyInString: the same.
            BASE: '${{ github.event.pull_request.base.sha || github.event.merge_group.base_sha || github.event.before }}',
          },
          run: compareScript(patterns),
        },
      ],
    },
    'Here and not in a filter of the workflow: one that is not started leaves its required check pending.',
  ) as object;
}

/** The commands that say whether files of these patterns changed since `$BASE`. */
export function compareScript(patterns: string): string {
  return [
    '# The first push of a branch has no commit before it, and then everything counts as changed.',
    'relevant=true',
    `if git cat-file -e "$BASE^{commit}" && git diff --quiet "$BASE...HEAD" -- ${patterns}; then`,
    '  relevant=false',
    'fi',
    'echo "relevant=$relevant" >> "$GITHUB_OUTPUT"',
    '',
  ].join('\n');
}

function passedJob({ name, jobs }: CiPipeline, guarded: boolean): object {
  const deploying = deployingJobs(jobs);
  const checked = jobs.map((job) => job.name).filter((one) => !deploying.has(one));
  const needs = [...(guarded ? [ADDED_JOBS.changes] : []), ...checked];
  return commented(
    {
      name: `${name} passed`,
      needs: needs.length > 0 ? needs : undefined,
      if: 'always()',
      'runs-on': HOSTED,
      'timeout-minutes': SHORT_MINUTES,
      permissions: {},
      steps: [
        {
          // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
          env: { RESULTS: "${{ join(needs.*.result, ' ') }}" },
          run: PASSED_SCRIPT,
        },
      ],
    },
    'The required check: it succeeds where nothing had to run, and fails where anything failed or was cancelled.',
  ) as object;
}

/** The commands that fail unless every job in `$RESULTS` succeeded or was skipped. */
export const PASSED_SCRIPT = [
  'for result in $RESULTS; do',
  '  case "$result" in',
  '    success | skipped) ;;',
  '    *) exit 1 ;;',
  '  esac',
  'done',
  '',
].join('\n');
