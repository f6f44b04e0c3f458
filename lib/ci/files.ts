/** The files of a description for one forge. */
import type { CiPipeline } from '../flow/ci/pipelines';
import { githubWorkflows } from './github';
import { gitlabPipeline } from './gitlab';
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
  return forge === 'gitlab' ? gitlabPipeline(pipelines, options) : githubWorkflows(pipelines, options);
}

/** The first line of every file. Ids may have any character, and a comment ends with its line. */
export function headerOf(subject: string): string {
  return `Written by ${subject.replace(/\p{C}/gu, ' ')} of backpressure-constructs. Change its pipelines, not this file.`;
}
