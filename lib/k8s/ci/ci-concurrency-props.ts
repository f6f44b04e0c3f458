import type { Duration, Size } from 'cdk8s';
import type * as kplus from 'cdk8s-plus-28';
import { withImage } from '../../flow/ci/pipeline-checks';
import type { CiPipeline } from '../../flow/ci/pipelines';
import type { CiObjective, CiQuestion, CiWorkload } from '../../flow/ci/workload';
import { type Check, shown } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, listOf, TEXT } from '../../flow/kinds';
import { type DnsServers, dnsChecks } from '../dns-servers';
import { DURATION, SIZE } from '../kinds';
import { dnsLabel, dnsSubdomain, imageReference, textCheck } from '../names';

/**
 * What a runner set is sized from.
 */
export interface CiConcurrencyProps {
  /**
   * What is pushed, merged and deployed in the busiest hour.
   */
  readonly workload: CiWorkload;

  /**
   * How long a job may wait for its runner.
   */
  readonly objective: CiObjective;

  /**
   * Name of the runner set, which is the label that jobs ask for (`runs-on`). 1 to 45 lower-case letters, digits and hyphens.
   */
  readonly runnerSetName: string;

  /**
   * The repository, organization or enterprise whose jobs it runs, without a slash at its end:
   * `https://github.com/example/shop`.
   */
  readonly githubConfigUrl: string;

  /**
   * Name of the Secret with the GitHub App (`github_app_id`, `github_app_installation_id`, `github_app_private_key`, all as
   * text) or with `github_token`. It exists already, in the same namespace.
   */
  readonly githubSecretName: string;

  /**
   * Version of the controller that is installed, such as `0.14.2`. The controller deletes a runner set that is of another.
   */
  readonly controllerVersion: string;

  /**
   * Image of the runner, with `/home/runner/run.sh` and the user 1001, as `ghcr.io/actions/actions-runner` has them. Pin a
   * digest or a version, never `latest`.
   */
  readonly image: string;

  /**
   * The pipelines whose workflows are written; see `files`. The workload has to count what they start: merges and deployments
   * have to be given where they run for them, and `jobsPerRun` follows from them where it is left out.
   *
   * @default - no files, and the workload alone is counted
   */
  readonly pipelines?: CiPipeline[];

  /**
   * Group of runners, as an organization has them. Up to 64 printable characters.
   *
   * @default - the default group
   */
  readonly runnerGroup?: string;

  /**
   * Namespace of the controller.
   *
   * @default arc-systems
   */
  readonly controllerNamespace?: string;

  /**
   * Service account of the controller, which gets the right to make pods here.
   *
   * @default arc-gha-rs-controller
   */
  readonly controllerServiceAccountName?: string;

  /**
   * Runners at most. A whole number, 1 to 10,000. It is still checked against the workload.
   *
   * @default - derived
   */
  readonly maxRunners?: number;

  /**
   * Idle runners that are kept ready. A whole number, 0 to `maxRunners`.
   *
   * @default - as many as come while one starts
   */
  readonly minRunners?: number;

  /**
   * How long a runner takes to start, as `gha_job_startup_duration_seconds` reports it. Up to a day.
   *
   * @default Duration.seconds(60)
   */
  readonly runnerStart?: Duration;

  /**
   * Whether a newer push to a pull request cancels the run of the older one, in the plan and in the workflows that are written.
   *
   * @default true
   */
  readonly cancelOutdated?: boolean;

  /**
   * Whether runs start only for the `paths` of their pipeline, in the plan and in the workflows that are written.
   *
   * @default true
   */
  readonly filterPaths?: boolean;

  /**
   * Processors of one runner: the request.
   *
   * @default Cpu.units(2)
   */
  readonly cpu?: kplus.Cpu;

  /**
   * Memory of one runner: request and limit.
   *
   * @default Size.gibibytes(4)
   */
  readonly memory?: Size;

  /**
   * Disk of one runner for the check-out and what is built: request and limit.
   *
   * @default Size.gibibytes(10)
   */
  readonly workspace?: Size;

  /**
   * Priority class of the runners, which exists in the cluster already. The quota of pods then counts the pods of this class
   * only, so that other pods, and runner sets with classes of their own, may be in the namespace. A lower-case name.
   *
   * @default - the default class; the quota counts every pod, so give the runners a namespace of their own
   */
  readonly priorityClassName?: string;

  /**
   * TCP ports that runners reach in the internet. 1 to 65535 each.
   *
   * @default [443]
   */
  readonly egressPorts?: number[];

  /**
   * Where the cluster's DNS servers are.
   *
   * @default - in `kube-system`, on port 53
   */
  readonly dns?: DnsServers;
}

export const CI_KINDS: Kinds<CiConcurrencyProps> = {
  workload: CHECKED,
  objective: CHECKED,
  runnerSetName: TEXT,
  githubConfigUrl: TEXT,
  githubSecretName: TEXT,
  controllerVersion: TEXT,
  image: TEXT,
  pipelines: CHECKED,
  runnerGroup: TEXT,
  controllerNamespace: TEXT,
  controllerServiceAccountName: TEXT,
  maxRunners: CHECKED,
  minRunners: CHECKED,
  runnerStart: DURATION,
  cancelOutdated: FLAG,
  filterPaths: FLAG,
  cpu: having(['amount'], 'a Cpu of cdk8s-plus-28: Cpu.units(2)'),
  memory: SIZE,
  workspace: SIZE,
  priorityClassName: TEXT,
  egressPorts: listOf(CHECKED),
  dns: CHECKED,
};

/** What the plan is asked. */
export function ciQuestion(props: CiConcurrencyProps): CiQuestion {
  const { workload, objective, maxRunners, minRunners, runnerStart, cancelOutdated, filterPaths } = props;
  const { pipelines } = props;
  return {
    workload,
    objective,
    platform: 'arc',
    maxRunners,
    minRunners,
    runnerStartSeconds: runnerStart && runnerStart.toMilliseconds({ integral: false }) / 1000,
    cancelOutdated,
    filterPaths,
    pipelines,
  };
}

/** Checks of texts and of pipelines. */
export function ciInputChecks(props: CiConcurrencyProps): Check[] {
  const { runnerSetName, githubConfigUrl, githubSecretName, controllerVersion, image, pipelines, egressPorts } = props;
  const needed = { runnerSetName, githubConfigUrl, githubSecretName, controllerVersion, image };
  return [
    ...Object.entries(needed).map(([name, value]) => ({ refused: value === undefined, message: `${name} is missing` })),
    textCheck(
      'runnerSetName',
      runnerSetName,
      (text) => /^[a-z]([a-z0-9-]{0,43}[a-z0-9])?$/.test(text),
      '1 to 45 lower-case letters, digits and hyphens, a letter first',
    ),
    textCheck(
      'githubConfigUrl',
      githubConfigUrl,
      (text) => /^https:\/\/[A-Za-z0-9.-]{1,200}(\/[\w.-]{1,100}){1,2}$/.test(text),
      'the address of a repository or an organization, without a slash at its end',
    ),
    dnsSubdomain('githubSecretName', githubSecretName),
    textCheck(
      'controllerVersion',
      controllerVersion,
      (text) => /^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(text),
      'such as 0.14.2',
    ),
    imageReference('image', image),
    textCheck(
      'runnerGroup',
      props.runnerGroup,
      (text) => /^[\w][\w .-]{0,63}$/.test(text),
      'letters, digits and spaces',
    ),
    dnsLabel('controllerNamespace', props.controllerNamespace),
    dnsSubdomain('priorityClassName', props.priorityClassName),
    dnsSubdomain('controllerServiceAccountName', props.controllerServiceAccountName),
    ...(egressPorts ?? []).map((port, index) => ({
      refused: !Number.isInteger(port) || port < 1 || port > 65_535,
      message: `egressPorts[${index}] must be a whole number, between 1 and 65535, got ${shown(port)}`,
    })),
    ...dnsChecks('dns', props.dns),
    {
      refused: withImage(pipelines),
      message:
        'pipelines must have no image on a job: these runners have no Docker; use setup actions, or an image of the runner',
    },
  ];
}
