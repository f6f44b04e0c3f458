/** The pipeline of GitLab: all pipelines of a description in one file. */

import { deployingJobs } from '../flow/ci/needs';
import type { CiJob, CiPipeline, CiStep } from '../flow/ci/pipelines';
import { jobKey, translated, variable } from './gitlab-names';
import { CHECKOUT, refuseForGitlab } from './gitlab-refusals';
import type { WriterOptions } from './options';
import { commented, yamlFile } from './write';

/** The file by its path. */
export function gitlabPipeline(pipelines: readonly CiPipeline[], options: WriterOptions): Record<string, string> {
  refuseForGitlab(pipelines);
  const several = pipelines.length > 1;
  const { cancelOutdated = true } = options;
  const jobs = pipelines.flatMap((pipeline) => jobsOf(pipeline, several, options));
  const text = yamlFile(
    {
      workflow: commented(
        {
          auto_cancel: { on_new_commit: cancelOutdated ? 'interruptible' : 'none', on_job_failure: 'none' },
          rules: workflowRules(pipelines),
        },
        cancelOutdated
          ? 'A newer push to a merge request cancels the jobs of the older one; pipelines of branches and tags are kept.'
          : 'Every pipeline is kept, also one whose merge request has a newer push.',
      ),
      stages: ['test', 'deploy'],
      default: { interruptible: cancelOutdated, tags: [options.runner], timeout: minutes(options.timeoutMinutes) },
      ...Object.fromEntries(jobs),
    },
    [options.header, ...pipelines.map(({ comment }) => comment)].filter(Boolean).join('\n'),
  );
  return { '.gitlab-ci.yml': text };
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
const ofBranch = (branch: string) =>
  branch.includes('*')
    ? `$CI_COMMIT_BRANCH =~ ${expressionOf(branch, '[^\\/]*')}`
    : `$CI_COMMIT_BRANCH == ${JSON.stringify(branch)}`;
const ofTag = (tag: string) => `$CI_COMMIT_TAG =~ ${expressionOf(tag, '.*')}`;

/** A pattern of names as a regular expression: `**` is any text, and `*` is what it is in names of that kind. */
function expressionOf(pattern: string, star: string): string {
  const parts = pattern.split(/(\*+)/).map((part) => {
    if (part.startsWith('*')) return part.length > 1 ? '.*' : star;
    return part.replace(/[!-,./:-@[-^`{-~]/g, '\\$&');
  });
  return `/^${parts.join('')}$/`;
}

/**
 * A job that needs a deployment is in its stage, since no job may need one of a later stage, and has its rules: where the
 * deployment is not, GitLab would refuse the pipeline.
 */
function jobsOf(pipeline: CiPipeline, several: boolean, options: WriterOptions): [string, unknown][] {
  const deploying = deployingJobs(pipeline.jobs);
  return pipeline.jobs.map((job) => [
    jobKey(pipeline, job.name, several),
    commented(jobOf(job, pipeline, deploying.has(job.name), several, options), job.comment),
  ]);
}

function jobOf(job: CiJob, pipeline: CiPipeline, deploying: boolean, several: boolean, options: WriterOptions): object {
  const { needs = [], matrix, image, deploysTo, steps } = job;
  const runs = job.timeoutMinutes !== undefined && job.timeoutMinutes !== options.timeoutMinutes;
  return {
    stage: deploying ? 'deploy' : 'test',
    image: image === undefined ? undefined : translated(image),
    needs: needs.length > 0 ? needs.map((name) => jobKey(pipeline, name, several)) : undefined,
    ...(deploysTo === undefined
      ? {}
      : {
          interruptible: commented(false, 'Deployments follow one another, and none is stopped half-way.'),
          environment: deploysTo,
          resource_group: deploysTo,
        }),
    timeout: runs ? minutes(job.timeoutMinutes!) : undefined,
    parallel: matrix === undefined ? undefined : { matrix: [matrixOf(matrix)] },
    variables: checkoutVariables(steps),
    rules: rulesOf(pipeline, deploying, options),
    script: steps.filter(({ run }) => run !== undefined).flatMap(scriptOf),
  };
}

/** GitLab checks out by itself, as variables say. */
function checkoutVariables(steps: readonly CiStep[]): object | undefined {
  const { inputs = {}, inputComments = {} } = steps.find(({ uses }) => CHECKOUT.test(uses ?? '')) ?? {};
  const { 'fetch-depth': depth, submodules } = inputs;
  const strategies: Record<string, string> = { true: 'normal', recursive: 'recursive', false: 'none' };
  if (depth === undefined && submodules === undefined) return undefined;
  return {
    GIT_DEPTH: depth === undefined ? undefined : commented(depth, inputComments['fetch-depth']),
    GIT_SUBMODULE_STRATEGY:
      submodules === undefined ? undefined : commented(strategies[submodules], inputComments.submodules),
  };
}

function rulesOf(pipeline: CiPipeline, deploys: boolean, { filterPaths = true }: WriterOptions): object[] {
  const { branches = ['main'], tags = [], paths, pullRequests = true, mergeQueue = false } = pipeline;
  const changes = paths === undefined || !filterPaths ? {} : { changes: [...paths] };
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

function minutes(count: number): string {
  return `${count} ${count === 1 ? 'minute' : 'minutes'}`;
}
