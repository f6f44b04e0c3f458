/** What a stream costs a month, and what the same records cost in a nightly batch on the same machines. */
import { MONTH_HOURS } from '../prices';
import data from '../prices.json';
import type { Sizing, Stream } from './batch';
import { executorMib } from './memory';
import type { EtlPlatformName } from './platforms';

const MIB_PER_GB = 1024;
const DAY_HOURS = 24;
const DPU_CORES = 4;
/** GB that the memory of a worker of so many cores is rounded up to; 1 below (EMR Serverless, Worker configurations). */
const EMR_MEMORY_STEP_GB: Readonly<Record<number, number>> = { 8: 4, 16: 8 };

/** Hours of a core in a day: of the executors, which wait as well, and of the records alone. */
export function coreHours(stream: Stream, { cores }: Sizing): { stream: number; batch: number } {
  return {
    stream: DAY_HOURS * cores,
    batch: DAY_HOURS * stream.mean * stream.coreSeconds,
  };
}

/** US dollars of an hour of a worker with so many cores; undefined where the machines have no price here. */
function workerHour(platform: EtlPlatformName, cores: number): number | undefined {
  const { emrServerless, glue } = data;
  switch (platform) {
    case 'emr-serverless': {
      const step = EMR_MEMORY_STEP_GB[cores] ?? 1;
      const gb = step * Math.ceil(executorMib(cores).total / MIB_PER_GB / step);
      return cores * emrServerless.vcpuHourArm.value + gb * emrServerless.gbHourArm.value;
    }
    case 'glue':
      return (cores / DPU_CORES) * glue.dpuHour.value;
    default:
      return undefined;
  }
}

/** US dollars of a month: the stream with its driver, and the batch on the same executors with its driver. */
export function monthlyCosts(
  platform: EtlPlatformName,
  stream: Stream,
  sizing: Sizing,
): { stream: number; batch: number } | undefined {
  const executor = workerHour(platform, stream.executorCores);
  // The driver of AWS Glue is a worker like the others.
  const driver = platform === 'glue' ? executor : workerHour(platform, stream.platform.driverCores);
  if (executor === undefined || driver === undefined) return undefined;
  const month = MONTH_HOURS * (sizing.executors * executor + driver);
  const hours = coreHours(stream, sizing);
  return { stream: month, batch: month * (hours.batch / hours.stream) };
}
