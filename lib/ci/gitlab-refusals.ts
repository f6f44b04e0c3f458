/** What of a description GitLab has nothing for: each is named, with a way out, before a file is written. */
import { combinationsOf } from '../flow/ci/described';
import type { CiJob, CiPipeline, CiStep } from '../flow/ci/pipelines';
import { InvalidInputError } from '../flow/errors';
import { expressionsIn, jobKey, MATRIX, variable } from './gitlab-names';

export const CHECKOUT = /^actions\/checkout@/;
/** Actions that only put a tool on the path: an image has it already. */
const SETUP = /^actions\/setup-[a-z]+@/;
const CACHE = /^actions\/cache(\/[a-z]+)?@/;

/** Inputs of a checkout that have a variable on GitLab, and those of which nothing is left to do there. */
const CHECKOUT_INPUTS = ['fetch-depth', 'submodules', 'persist-credentials'];
/** Inputs of a setup action that an image answers; its cache only saves time. */
const SETUP_INPUTS = /^([a-z]+-version|distribution|architecture|check-latest|cache|cache-dependency-path)$/;
const SUBMODULES = ['true', 'false', 'recursive'];

/** Source: GitLab, CI/CD YAML syntax reference, "Unavailable names for jobs", and its global keywords. */
const KEYWORDS = new Set([
  ...['image', 'services', 'stages', 'types', 'before_script', 'after_script', 'variables', 'cache', 'include'],
  ...['default', 'workflow', 'spec', 'true', 'false', 'nil', 'pages', 'pages:deploy'],
]);

/** Source: GitLab, CI/CD YAML syntax reference, `parallel:matrix`. */
const MOST_COMBINATIONS = 200;

/** Variables that the shell and the runner need: a matrix that sets one of them breaks every command. */
const TAKEN =
  /^(PATH|HOME|USER|SHELL|PWD|OLDPWD|IFS|LANG|TMPDIR|ENV|HOSTNAME|CI|CI_.*|GITLAB_.*|GIT_.*|RUNNER_.*|FF_.*)$/;

/** Throws everything that the file of GitLab would lose or that would break it, together. */
export function refuseForGitlab(pipelines: readonly CiPipeline[]): void {
  const several = pipelines.length > 1;
  const failures = pipelines.flatMap((pipeline) =>
    pipeline.jobs.flatMap((job) =>
      [...keyFaults(pipeline, job, several), ...matrixFaults(job), ...expressionFaults(job), ...stepFaults(job)].map(
        (message) => `${pipeline.name}: job ${job.name} ${message}`,
      ),
    ),
  );
  if (failures.length > 0) throw new InvalidInputError('pipelines', failures);
}

function keyFaults(pipeline: CiPipeline, job: CiJob, several: boolean): string[] {
  const key = jobKey(pipeline, job.name, several);
  return KEYWORDS.has(key) ? [`would be called ${key}, which is a keyword of GitLab: give it another name`] : [];
}

function matrixFaults(job: CiJob): string[] {
  const names = Object.keys(job.matrix ?? {});
  const combinations = combinationsOf(job);
  const many =
    combinations > MOST_COMBINATIONS
      ? [
          `has ${combinations} combinations in its matrix, and GitLab runs ${MOST_COMBINATIONS}: divide it into two jobs`,
        ]
      : [];
  const wrong = names.flatMap((name, index) => {
    const upper = variable(name);
    if (TAKEN.test(upper))
      return [`has ${name} in its matrix, which is the variable ${upper} there: give it another name`];
    const twice = names.slice(0, index).some((one) => variable(one) === upper);
    return twice ? [`has ${upper} twice in its matrix, where capitals make no difference: give one another name`] : [];
  });
  return [...many, ...wrong];
}

/** Everything that goes into the file and may hold an expression. */
function expressionFaults({ image = '', matrix = {}, steps }: CiJob): string[] {
  const texts = [
    { at: 'image', text: image },
    ...Object.values(matrix).flatMap((values) => values.map((text) => ({ at: 'matrix', text }))),
    ...steps
      .filter(({ run }) => run !== undefined)
      .flatMap(({ run, environment = {} }) => [
        { at: 'run', text: run! },
        ...Object.entries(environment).map(([name, text]) => ({ at: `environment ${name}`, text })),
      ]),
  ];
  const names = Object.keys(matrix);
  const faults = texts.flatMap(({ at, text }) =>
    expressionsIn(text)
      .filter((expression) => at === 'matrix' || !names.includes(MATRIX.exec(expression)?.[1] ?? ''))
      .map((expression) => `has ${expression} in its ${at}: ${wayOut(expression)}`),
  );
  return [...new Set(faults)];
}

function wayOut(expression: string): string {
  if (/\bmatrix\./.test(expression)) return 'GitLab has only values of the matrix by themselves; give the name of one';
  if (/\bsecrets\./.test(expression))
    return 'GitLab has variables of the project instead; leave it out, and name the variable in the commands';
  return 'GitLab has variables such as $CI_COMMIT_SHA instead; compute it in the commands, or write that file by hand';
}

function stepFaults({ image, steps }: CiJob): string[] {
  const faults = steps.flatMap((step) => (step.uses === undefined ? [] : actionFaults(step, image)));
  const commands = steps.some(({ run }) => run !== undefined);
  return commands ? faults : [...faults, 'has no commands (run), and GitLab needs one: give a step with run'];
}

function actionFaults({ uses = '', inputs = {}, environment }: CiStep, image: string | undefined): string[] {
  const isCheckout = CHECKOUT.test(uses);
  const isSetup = SETUP.test(uses);
  if (CACHE.test(uses))
    return [`uses ${uses}, which GitLab does not have: leave it out for GitLab; only its time is saved`];
  if (!isCheckout && !isSetup) return [`uses ${uses}, which GitLab does not have: give commands (run) instead`];
  if (isSetup && image === undefined)
    return [`uses ${uses}, which GitLab does not have: give image on the job instead`];
  const lost = Object.keys(inputs).filter((name) =>
    isCheckout ? !CHECKOUT_INPUTS.includes(name) : !SETUP_INPUTS.test(name),
  );
  const { submodules, 'fetch-depth': depth } = inputs;
  return [
    ...lost.map((name) => `gives ${name} to ${uses}, which is lost on GitLab: do it in commands (run) instead`),
    ...(isCheckout && submodules !== undefined && !SUBMODULES.includes(submodules)
      ? [`gives submodules '${submodules}' to ${uses}: give true, false or recursive`]
      : []),
    ...(isCheckout && depth !== undefined && !/^\d{1,9}$/.test(depth)
      ? [`gives fetch-depth '${depth}' to ${uses}: give a whole number`]
      : []),
    ...(environment === undefined ? [] : [`gives environment to ${uses}, which does not run on GitLab: leave it out`]),
  ];
}
