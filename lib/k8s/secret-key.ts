/**
 * A value in an existing Secret. Manifests only refer to Secrets, because manifests are stored in Git.
 */
export interface SecretKey {
  /** Name of the Secret, in the namespace of the chart. */
  readonly secretName: string;

  /** Key within the Secret. */
  readonly key: string;
}
