/** An instance of Cloud Run as the components make it, unless the args say otherwise. */

/** vCPUs of an instance. */
export const INSTANCE_CPU = 1;

/** Memory of an instance in GiB. */
export const INSTANCE_GIB = 0.5;

/** The same in Cloud Run's notation. */
export const INSTANCE_MEMORY = `${INSTANCE_GIB * 1024}Mi`;

/** vCPUs that an instance can have. Source: Cloud Run API reference, ResourceRequirements. */
export const CPUS = [1, 2, 4, 6, 8];

/** Memory in GiB that an instance with so many vCPUs has at least. Source: the same. */
export function leastGib(cpu: number): number {
  if (cpu >= 6) return 4;
  return cpu >= 4 ? 2 : 0;
}

/** Memory in GiB of an instance with so many vCPUs, unless the args say otherwise. */
export function instanceGib(cpu: number): number {
  return Math.max(INSTANCE_GIB, leastGib(cpu));
}
