/**
 * What an instance costs, so that a plan can say what the most instances cost and refuse what is over the ceiling.
 */
import data from './prices.json';

const MIB_PER_GB = 1024;
const CPU_UNITS_PER_VCPU = 1024;

/** US dollars an hour for one Fargate task on Linux/ARM, at the list prices of `prices.json`. */
export function fargateHourCost(cpuUnits: number, memoryMiB: number): number {
  const { vcpuHour, gbHour } = data.fargate;
  return (cpuUnits / CPU_UNITS_PER_VCPU) * vcpuHour.value + (memoryMiB / MIB_PER_GB) * gbHour.value;
}
