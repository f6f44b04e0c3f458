/** What writers of pipelines are told beside the pipelines. */
export interface WriterOptions {
  /** Label of the runners: `runs-on` of GitHub, a tag of GitLab. */
  readonly runner: string;
  /** Minutes after which a job ends that says nothing itself. */
  readonly timeoutMinutes: number;
  /** First line of each file, as a comment. */
  readonly header: string;
}
