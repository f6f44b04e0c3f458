/** The pipeline of GitLab: all pipelines of a description in one file. */

import type { CiJob, CiPipeline, CiStep } from '../flow/ci/pipelines';
import { InvalidInputError } from '../flow/errors';
import type { WriterOptions } from './options';
import { commented, yamlFile } from './write';

const CHECKOUT = /^actions\/checkout@/;
/** Actions that only put a tool on the path: an image has it already. */
const SETUP = /^actions\/(setup-[a-z]+|cache)@/;

/** The file by its path. */
export function gitlabPipeline(pipelines: readonly CiPipeline[], options: WriterOptions): Record<string, string> {
  refuseActions(pipelines);
  const several = pipelines.length > 1;
  const jobs = pipelines.flatMap((pipeline) =>
    pipeline.jobs.map((job) => [
      several ? `${pipeline.name}:${job.name}` : job.name,
      commented(jobOf(job, pipeline, several, options), job.comment),
    ]),
  );
  const text = yamlFile(
    {
      workflow: commented(
        {
          auto_cancel: { on_new_commit: 'interruptible', on_job_failure: 'none' },
          rules: workflowRules(pipelines),
        },
        'A newer push to a merge request cancels the jobs of the older one; pipelines of branches and tags are kept.',
      ),
      stages: ['test', 'deploy'],
      default: { interruptible: true, tags: [options.runner], timeout: minutes(options.timeoutMinutes) },
      ...Object.fromEntries(jobs),
    },
    [options.header, ...pipelines.map(({ comment }) => comment)].filter(Boolean).join('\n'),
  );
  return { '.gitlab-ci.yml': text };
}

/** Actions are GitHub's. What they put on the path is in an image. */
function refuseActions(pipelines: readonly CiPipeline[]): void {
  const failures = pipelines.flatMap(({ name, jobs }) =>
    jobs
      .flatMap((job) =>
        job.steps
          .filter(
            ({ uses }) => uses !== undefined && !CHECKOUT.test(uses) && !(SETUP.test(uses) && job.image !== undefined),
          )
          .map(
            ({ uses }) =>
              `job ${job.name} uses ${uses}, which GitLab does not have: give ${SETUP.test(uses!) ? 'image on the job' : 'commands (run)'} instead`,
          ),
      )
      .map((message) => `${name}: ${message}`),
  );
  if (failures.length > 0) throw new InvalidInputError('pipelines', failures);
}

function workflowRules(pipelines: readonly CiPipeline[]): object[] {
  const kept = { auto_cancel: { on_new_commit: 'none' } };
  const branches = new Set(pipelines.flatMap(({ branches: some = ['main'] }) => some));
  const tags = new Set(pipelines.flatMap(({ tags: some = [] }) => some));
  const requests = pipelines.some(({ pullRequests = true }) => pullRequests);
  const trains = pipelines.some(({ mergeQueue = false }) => mergeQueue);
  return [
    ...(trains ? [{ if: '$CI_MERGE_REQUEST_EVENT_TYPE == "merge_train"', ...kept }] : []),
    ...(requests || trains ? [{ if: REQUEST }] : []),
    ...[...branches].map((branch) => ({ if: ofBranch(branch), ...kept })),
    ...[...tags].map((tag) => ({ if: ofTag(tag), ...kept })),
  ];
}

const REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"';
const TRAIN = '$CI_MERGE_REQUEST_EVENT_TYPE == "merge_train"';
const ofBranch = (branch: string) => `$CI_COMMIT_BRANCH == ${JSON.stringify(branch)}`;
const ofTag = (tag: string) => `$CI_COMMIT_TAG =~ /^${tag.replace(/[.+/]/g, '\\$&').replace(/\*/g, '.*')}$/`;

function jobOf(job: CiJob, pipeline: CiPipeline, several: boolean, options: WriterOptions): object {
  const { needs = [], matrix, image, deploysTo, steps } = job;
  const depth = steps.find(({ uses }) => CHECKOUT.test(uses ?? ''))?.inputs?.['fetch-depth'];
  const comment = steps.find(({ uses }) => CHECKOUT.test(uses ?? ''))?.inputComments?.['fetch-depth'];
  const runs = job.timeoutMinutes !== undefined && job.timeoutMinutes !== options.timeoutMinutes;
  return {
    stage: deploysTo === undefined ? 'test' : 'deploy',
    image,
    needs: needs.length > 0 ? needs.map((name) => (several ? `${pipeline.name}:${name}` : name)) : undefined,
    ...(deploysTo === undefined
      ? {}
      : {
          interruptible: commented(false, 'Deployments follow one another, and none is stopped half-way.'),
          environment: deploysTo,
          resource_group: deploysTo,
        }),
    timeout: runs ? minutes(job.timeoutMinutes!) : undefined,
    parallel: matrix === undefined ? undefined : { matrix: [matrixOf(matrix)] },
    variables: depth === undefined ? undefined : { GIT_DEPTH: commented(depth, comment) },
    rules: rulesOf(pipeline, deploysTo !== undefined),
    script: steps.filter(({ run }) => run !== undefined).flatMap(scriptOf),
  };
}

function rulesOf(pipeline: CiPipeline, deploys: boolean): object[] {
  const { branches = ['main'], tags = [], paths, pullRequests = true, mergeQueue = false } = pipeline;
  const changes = paths === undefined ? {} : { changes: [...paths] };
  return [
    ...(pullRequests && !deploys ? [{ if: REQUEST, ...changes }] : []),
    ...(mergeQueue && !pullRequests && !deploys ? [{ if: TRAIN, ...changes }] : []),
    ...branches.map((branch) => ({ if: ofBranch(branch), ...changes })),
    ...tags.map((tag) => ({ if: ofTag(tag) })),
  ];
}

function matrixOf(matrix: { [name: string]: string[] }): object {
  return Object.fromEntries(Object.entries(matrix).map(([name, values]) => [variable(name), [...values]]));
}

/** Lines of a step, with its variables before them. */
function scriptOf({ run, environment = {}, comment }: CiStep): unknown[] {
  const exported = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(translated(value))}`);
  const text = translated(run!);
  return [...exported, text].map((line, index) => (index === 0 ? commented(line, comment) : line));
}

/** A word of the shell in which variables are still replaced. */
function quoted(text: string): string {
  return `"${text.replace(/["`\\]/g, '\\$&')}"`;
}

/** `${{ matrix.node }}` of GitHub is `$NODE` of GitLab. */
function translated(text: string): string {
  return text.replace(/\$\{\{\s*matrix\.([A-Za-z_]\w*)\s*\}\}/g, (_, name: string) => `\${${variable(name)}}`);
}

function variable(name: string): string {
  return name.toUpperCase();
}

function minutes(count: number): string {
  return `${count} ${count === 1 ? 'minute' : 'minutes'}`;
}
