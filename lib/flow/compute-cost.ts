/**
 * The price of an instance, so that a plan can state the cost of the most instances and refuse a cost over the ceiling.
 */
import data from './prices.json';

/** Receives of a queue that Lambda polls and that is empty: five at once, each of which waits for 20 seconds. */
export const EMPTY_RECEIVES_PER_SECOND = 5 / 20;

const SECONDS_PER_HOUR = 3600;
const MIB_PER_GB = 1024;
const CPU_UNITS_PER_VCPU = 1024;

/**
 * US dollars an hour for one Fargate task on Linux, at the list prices of `prices.json`.
 *
 * @param storageGib ephemeral storage above the 20 GiB that every task has
 */
export function fargateHourCost(cpuUnits: number, memoryMiB: number, arm: boolean, storageGib: number): number {
  const { vcpuHourArm, gbHourArm, vcpuHourX86, gbHourX86, storageGbHour } = data.fargate;
  const [vcpu, gb] = arm ? [vcpuHourArm, gbHourArm] : [vcpuHourX86, gbHourX86];
  const compute = (cpuUnits / CPU_UNITS_PER_VCPU) * vcpu.value + (memoryMiB / MIB_PER_GB) * gb.value;
  return compute + storageGib * storageGbHour.value;
}

/**
 * US dollars for an hour of one Lambda invocation after the other, at the list prices of `prices.json`. One item a
 * request is assumed, the most expensive case: a batch shares its request.
 */
export function lambdaBusyHourCost(memoryMiB: number, arm: boolean, serviceSeconds: number): number {
  const { gbSecondArm, gbSecondX86, perMillionRequests } = data.lambda;
  const second = (memoryMiB / MIB_PER_GB) * (arm ? gbSecondArm : gbSecondX86).value;
  return SECONDS_PER_HOUR * (second + perMillionRequests.value / 1e6 / serviceSeconds);
}
