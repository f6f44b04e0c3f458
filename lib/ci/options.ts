/** What writers of pipelines are told beside the pipelines. */
export interface WriterOptions {
  /** Label of the runners: `runs-on` of GitHub, a tag of GitLab. */
  readonly runner: string;
  /** Minutes after which a job ends that says nothing itself. */
  readonly timeoutMinutes: number;
  /** Whether a newer push to a pull request ends the run of the older one; default: true. */
  readonly cancelOutdated?: boolean;
  /** Whether runs start only for the `paths` of their pipeline; default: true. */
  readonly filterPaths?: boolean;
  /** First line of each file, as a comment. */
  readonly header: string;
}
