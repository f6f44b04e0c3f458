import { pipelineChecks } from '../flow/ci/pipeline-checks';
import type { CiPipeline } from '../flow/ci/pipelines';
import { inRange, oneOf, present, validate } from '../flow/errors';
import { pipelineFiles } from './files';

/**
 * What the writers of pipelines are told beside the pipelines.
 */
export interface CiFileOptions {
  /**
   * Label of the runners: `runs-on` of GitHub, a tag of GitLab.
   */
  readonly runner: string;

  /**
   * Minutes after which a job ends that says nothing itself: `timeoutMinutes` of a `CiPlan`. 1 to 360.
   */
  readonly timeoutMinutes: number;

  /**
   * Whether a newer push to a pull request ends the run of the older one: what the plan was asked.
   *
   * @default true
   */
  readonly cancelOutdated?: boolean;

  /**
   * Whether runs start only for the `paths` of their pipeline: what the plan was asked.
   *
   * @default true
   */
  readonly filterPaths?: boolean;

  /**
   * First line of each file, as a comment.
   *
   * @default - that it is written, and not to be changed
   */
  readonly header?: string;
}

/**
 * Pipelines of one description as the files of a forge, for runners that somebody else makes.
 */
export class CiFiles {
  /**
   * Workflows of GitHub Actions, by path from the root of the repository.
   *
   * @throws InvalidInputError when something of the description is wrong; the message names each
   */
  public static github(pipelines: CiPipeline[], options: CiFileOptions): { [path: string]: string } {
    check(pipelines, options);
    return pipelineFiles('github', pipelines, { header: HEADER, ...options });
  }

  /**
   * The pipeline of GitLab, by its path. All pipelines are in one file.
   *
   * @throws InvalidInputError when something of the description is wrong, or GitLab has nothing for it: an action that no
   * image replaces, an expression other than `matrix`, a name that is a keyword; the message names each
   */
  public static gitlab(pipelines: CiPipeline[], options: CiFileOptions): { [path: string]: string } {
    check(pipelines, options);
    return pipelineFiles('gitlab', pipelines, { header: HEADER, ...options });
  }

  private constructor() {}
}

const HEADER = 'Written by backpressure-constructs. Change the pipelines, not this file.';

function check(pipelines: CiPipeline[], options: CiFileOptions): void {
  const { runner, timeoutMinutes, cancelOutdated, filterPaths } = options ?? {};
  validate('CiFiles', [
    ...pipelineChecks(pipelines),
    present('runner', runner),
    { refused: runner !== undefined && !/^\P{C}{1,200}$/u.test(runner), message: 'runner must be printable, 1 to 200' },
    present('timeoutMinutes', timeoutMinutes),
    inRange('timeoutMinutes', timeoutMinutes, 1, 360),
    oneOf('cancelOutdated', cancelOutdated, [true, false]),
    oneOf('filterPaths', filterPaths, [true, false]),
  ]);
}
