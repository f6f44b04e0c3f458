/** The files of a description for one forge. */
import type { CiPipeline } from '../flow/ci/pipelines';
import type { WriterOptions } from './options';

/** Forges that files are written for. */
export const FORGES = ['github', 'gitlab'] as const;

/** Each file by its path from the root of the repository. */
export function pipelineFiles(
  forge: string,
  pipelines: readonly CiPipeline[],
  options: WriterOptions,
): Record<string, string> {
  if (pipelines.length === 0) return {};
  const { githubWorkflows, gitlabPipeline } = loadWriters();
  return forge === 'gitlab' ? gitlabPipeline(pipelines, options) : githubWorkflows(pipelines, options);
}

/** The writers, with a library for YAML, at the first use: most programs that import the constructs write no pipeline. */
function loadWriters() {
  return {
    ...(require('./github') as typeof import('./github')),
    ...(require('./gitlab') as typeof import('./gitlab')),
  };
}

/** The first line of every file. Ids may have any character, and a comment ends with its line. */
export function headerOf(subject: string): string {
  return `Written by ${subject.replace(/\p{C}/gu, ' ')} of backpressure-constructs. Change its pipelines, not this file.`;
}
