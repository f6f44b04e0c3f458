/** The sizes that a Fargate task can have. */
import { Token } from 'aws-cdk-lib';
import { CpuArchitecture, type FargateTaskDefinition, type RuntimePlatform } from 'aws-cdk-lib/aws-ecs';
import { fargateHourCost } from '../flow/compute-cost';
import type { Check } from '../flow/errors';
import { FARGATE_MEMORY } from '../flow/fargate';
import { knownNumber } from './tokens';

/** Units of a task that is not given a size. */
export const DEFAULT_CPU = 256;
/** MiB of a task that is not given a size. */
export const DEFAULT_MEMORY_MIB = 512;

/** Fargate developer guide, Task ephemeral storage: GiB; without it a task has 20. */
export const STORAGE_GIB = { included: 20, least: 21, most: 200 };

/** That there is so much storage. */
export function storageCheck(gib: number | undefined): Check {
  return knownNumber('ephemeralStorageGiB', gib, STORAGE_GIB.least, STORAGE_GIB.most);
}

/** A wrong pair would fail only at deployment, and its price would be that of a size that does not exist. */
export function sizeChecks(cpu: number, memoryMiB: number): Check[] {
  const show = (value: number) => (Token.isUnresolved(value) ? 'a token' : String(value));
  const sizes = FARGATE_MEMORY[cpu];
  const known = sizes && !Token.isUnresolved(memoryMiB);
  const fits =
    known &&
    (memoryMiB === sizes.also ||
      (memoryMiB >= sizes.from && memoryMiB <= sizes.to && (memoryMiB - sizes.from) % sizes.step === 0));
  const range =
    sizes && `${sizes.also ? `${sizes.also} or ` : ''}${sizes.from} to ${sizes.to} in steps of ${sizes.step}`;
  return [
    {
      refused: sizes === undefined,
      message: `cpu must be one of ${Object.keys(FARGATE_MEMORY).join(', ')}, got ${show(cpu)}`,
    },
    {
      refused: sizes !== undefined && !fits,
      message: `memoryLimitMiB must be ${range} with cpu ${cpu}, got ${show(memoryMiB)}`,
    },
  ];
}

/** What a task is charged by. */
export interface TaskSize {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly storageGib: number;
  readonly arm: boolean;
}

/** The size of a task that is made of these settings, or of one that is given. */
export function taskSize(
  settings: {
    readonly cpu?: number;
    readonly memoryLimitMiB?: number;
    readonly ephemeralStorageGiB?: number;
    readonly architecture?: CpuArchitecture;
  },
  given: FargateTaskDefinition | undefined,
): TaskSize {
  const { architecture = CpuArchitecture.ARM64 } = settings;
  const processor = given === undefined ? architecture : platformOf(given)?.cpuArchitecture;
  return {
    cpu: given?.cpu ?? settings.cpu ?? DEFAULT_CPU,
    memoryMiB: given?.memoryMiB ?? settings.memoryLimitMiB ?? DEFAULT_MEMORY_MIB,
    storageGib: given?.ephemeralStorageGiB ?? settings.ephemeralStorageGiB ?? STORAGE_GIB.included,
    arm: processor?._cpuArchitecture === CpuArchitecture.ARM64._cpuArchitecture,
  };
}

/** The platform of a task definition, which CDK before 2.270 keeps to itself; without one a task of ECS runs on x86. */
function platformOf(task: object): RuntimePlatform | undefined {
  return (task as { runtimePlatform?: RuntimePlatform }).runtimePlatform;
}

/** US dollars an hour for one task. */
export function taskHourCost({ cpu, memoryMiB, storageGib, arm }: TaskSize): number {
  return fargateHourCost(cpu, memoryMiB, arm, storageGib - STORAGE_GIB.included);
}
