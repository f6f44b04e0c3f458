/** One job of a spread schedule: what the plan asks of it, and what its pod runs. */
import { type Size, SizeRoundingBehavior } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { type Check, wholeNumber } from '../../flow/errors';
import { CHECKED, having, type Kinds, listOf, mapOf, needed, TEXT } from '../../flow/kinds';
import type { ScheduledJob } from '../../flow/schedule/workload';
import { SIZE } from '../kinds';
import { environmentName, imageReference, textCheck } from '../names';
import { DEFAULT_RESOURCES } from '../restricted-pod';

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
}

/** The kinds of its fields. When it runs is checked by the plan. */
export const SPREAD_JOB_KINDS: Kinds<SpreadJob> = {
  name: CHECKED,
  periodSeconds: CHECKED,
  cron: CHECKED,
  durationSeconds: CHECKED,
  durationVariation: CHECKED,
  cpu: CHECKED,
  pinned: CHECKED,
  offsetMinutes: CHECKED,
  image: needed(TEXT),
  command: listOf(TEXT),
  args: listOf(TEXT),
  environment: mapOf(having(['value', 'valueFrom'], "an EnvValue: EnvValue.fromValue('text')")),
  memory: SIZE,
};

/** What the plan asks of a job. */
export function scheduledJob(job: SpreadJob): ScheduledJob {
  const { image: _image, command: _command, args: _args, environment: _environment, memory: _memory, ...asked } = job;
  return asked;
}

/** The checks of what its pod runs. */
export function spreadJobChecks(job: SpreadJob): Check[] {
  const { name, image, command = [], args = [], environment = {}, memory } = job;
  const of = (field: string) => `jobs.${field} of ${String(name)}`;
  const word = (field: string) => (one: string) =>
    textCheck(of(field), one, (text) => !text.includes('\0'), 'text without a zero byte');
  return [
    imageReference(of('image'), image),
    ...command.map(word('command')),
    ...args.map(word('args')),
    ...Object.keys(environment).map((variable) => environmentName(of('environment'), variable)),
    wholeNumber(`${of('memory')} in MiB`, memory?.toMebibytes({ rounding: SizeRoundingBehavior.NONE }), 1),
  ];
}

/** What one run is given: the CPU that the plan counts with, no less and no more. */
export function resourcesOf({ cpu, memory }: SpreadJob): kplus.ContainerResources {
  const counted = cpu === undefined ? undefined : kplus.Cpu.millis(milliCpu(cpu));
  return {
    cpu: counted === undefined ? DEFAULT_RESOURCES.cpu : { request: counted, limit: counted },
    memory: memory === undefined ? DEFAULT_RESOURCES.memory : { request: memory, limit: memory },
  };
}

/** Kubernetes counts CPU in thousandths of a core. */
export function milliCpu(cores: number): number {
  return Math.max(1, Math.round(cores * 1000));
}
