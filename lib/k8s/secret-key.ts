/**
 * A value in a Secret that already exists. Secrets are only ever referred to: what stands in a manifest stands in Git.
 */
export interface SecretKey {
  /** Name of the Secret, in the namespace of the chart. */
  readonly secretName: string;

  /** Key within the Secret. */
  readonly key: string;
}
