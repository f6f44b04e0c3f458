/** What is read of a job: what the plan asks of it, what its pod runs, and what that is given. */
import { Size, SizeRoundingBehavior } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { type Check, wholeNumber } from '../../flow/errors';
import { CHECKED, having, type Kinds, listOf, mapOf, NUMBER, needed, struct, TEXT } from '../../flow/kinds';
import type { ScheduledJob } from '../../flow/schedule/workload';
import { SIZE } from '../kinds';
import { cidr, dnsLabel, environmentName, imageReference, textCheck } from '../names';
import type { JobEgress, SpreadJob } from './spread-job';

const LARGEST_PORT = 65_535;
const DEFAULT_MILLI_CPU = 250;
const DEFAULT_MILLI_CPU_LIMIT = 1000;
const DEFAULT_MEMORY = Size.mebibytes(256);

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
  egress: listOf(struct<JobEgress>({ ports: needed(listOf(NUMBER)), namespace: TEXT, cidr: TEXT })),
  serviceAccount: having(['name', 'resourceType'], 'a ServiceAccount of cdk8s-plus'),
};

/** What the plan asks of a job. */
export function scheduledJob(job: SpreadJob): ScheduledJob {
  const { name, periodSeconds, cron, durationSeconds, durationVariation, cpu, pinned, offsetMinutes } = job;
  return { name, periodSeconds, cron, durationSeconds, durationVariation, cpu, pinned, offsetMinutes };
}

/** The checks of what its pod runs. */
export function spreadJobChecks(job: SpreadJob): Check[] {
  const { name, image, command = [], args = [], environment = {}, memory, egress = [] } = job;
  const of = (field: string) => `jobs.${field} of ${String(name)}`;
  const word = (field: string) => (one: string) =>
    textCheck(of(field), one, (text) => !text.includes('\0'), 'text without a zero byte');
  return [
    imageReference(of('image'), image),
    ...command.map(word('command')),
    ...args.map(word('args')),
    ...Object.keys(environment).map((variable) => environmentName(of('environment'), variable)),
    wholeNumber(`${of('memory')} in MiB`, memory?.toMebibytes({ rounding: SizeRoundingBehavior.NONE }), 1),
    ...egress.flatMap((one) => egressChecks(of('egress'), one)),
  ];
}

function egressChecks(prop: string, { ports = [], namespace, cidr: addresses }: JobEgress): Check[] {
  return [
    { refused: ports.length === 0, message: `${prop} must have at least one port, got none` },
    ...ports.map((port) => wholeNumber(`${prop}.ports`, port, 1, LARGEST_PORT)),
    dnsLabel(`${prop}.namespace`, namespace),
    cidr(`${prop}.cidr`, addresses),
    {
      refused: namespace !== undefined && addresses !== undefined,
      message: `${prop} must have namespace or cidr, not both: it is inside or outside the cluster`,
    },
  ];
}

/** What one run requests. With a `cpu` it is limited to the same: the plan counts with it, no less and no more. */
export function requestsOf({ cpu, memory = DEFAULT_MEMORY }: SpreadJob): { milliCpu: number; memory: Size } {
  // Kubernetes counts CPU in thousandths of a core.
  return { milliCpu: cpu === undefined ? DEFAULT_MILLI_CPU : Math.max(1, Math.round(cpu * 1000)), memory };
}

/** The resources of one run. */
export function resourcesOf(job: SpreadJob): kplus.ContainerResources {
  const { milliCpu, memory } = requestsOf(job);
  const request = kplus.Cpu.millis(milliCpu);
  const limit = job.cpu === undefined ? kplus.Cpu.millis(DEFAULT_MILLI_CPU_LIMIT) : request;
  return { cpu: { request, limit }, memory: { request: memory, limit: memory } };
}
