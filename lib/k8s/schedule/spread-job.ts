import type { Size } from 'cdk8s';
import type * as kplus from 'cdk8s-plus-28';
import type { ScheduledJob } from '../../flow/schedule/workload';

/**
 * A destination of a job's connections, beside DNS.
 */
export interface JobEgress {
  /**
   * TCP ports, at least one. 1 to 65535 each.
   */
  readonly ports: number[];

  /**
   * Namespace of the pods that it connects to.
   *
   * @default - it is outside the cluster
   */
  readonly namespace?: string;

  /**
   * Addresses that it connects to, such as `10.20.0.0/16`, outside the cluster. Instead of `namespace`.
   *
   * @default - any address outside but link-local ones
   */
  readonly cidr?: string;
}

/**
 * One job that a CronJob runs: when, how long and with how much CPU for the plan, and the image.
 */
export interface SpreadJob extends ScheduledJob {
  /**
   * The image. A run ends with exit code 0, or it has failed; it may run twice, as the controller of CronJobs says of
   * every job. Pin a digest or a version, never `latest`.
   */
  readonly image: string;

  /**
   * Command of the container.
   *
   * @default - the image's own
   */
  readonly command?: string[];

  /**
   * Arguments of the command.
   *
   * @default - the image's own
   */
  readonly args?: string[];

  /**
   * Variables of the container. Use `EnvValue.fromSecretValue` for secrets.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: kplus.EnvValue };

  /**
   * Memory of one run, requested and limited to. Whole MiB, 1 or more. Its CPU is `cpu`, requested and limited to as
   * well; without `cpu` it is 250 m to 1 CPU.
   *
   * @default Size.mebibytes(256)
   */
  readonly memory?: Size;

  /**
   * What the job connects to. A network policy allows this, DNS, and nothing else.
   *
   * @default - nothing but DNS
   */
  readonly egress?: JobEgress[];

  /**
   * Service account of the pods. Its token for the API server is not mounted; what a cloud projects into its pods is.
   *
   * @default - one for the jobs of the schedule, without rights
   */
  readonly serviceAccount?: kplus.IServiceAccount;
}
