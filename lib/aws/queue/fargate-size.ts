/** The sizes that a Fargate task can have. */
import { Token } from 'aws-cdk-lib';
import type { Check } from '../../flow/errors';
import { FARGATE_MEMORY } from '../../flow/fargate';
import { knownNumber } from '../tokens';

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
