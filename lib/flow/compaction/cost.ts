/** What runs cost at list prices, by what they run on. */
import { fargateHourCost } from '../compute-cost';
import { MONTH_HOURS, storageClassPrices } from '../prices';
import data from '../prices.json';
import type { Load } from './sizing';
import { CompactedTableKind } from './workload';

const HOUR = 3600;
const WEEK_HOURS = 168;
const GB = 2 ** 30;
const CPU_UNITS = 1024;
/** delta-rs reads and writes batch by batch: 190 MiB of narrow rows were measured; wide ones take several times as much. */
const PROGRAM_MIB = 512;
const WORKER_MIB = 512;

/** Memory of a run on delta-rs. */
export function memoryMiB({ workers }: Load): number {
  return PROGRAM_MIB + WORKER_MIB * workers;
}

/** Data processing units of AWS Glue: a worker of G.1X is one, and so is the driver. */
export function dpusOf(workers: number): number {
  return workers + 1;
}

/** US dollars an hour of a run; undefined without a price. */
function hourCost(load: Load, table: CompactedTableKind): number | undefined {
  const { glue } = data;
  switch (table) {
    case CompactedTableKind.ICEBERG:
      return glue.optimizerDpuHour.value * load.workers;
    case CompactedTableKind.DELTA_SPARK:
      return glue.flexDpuHour.value * dpusOf(load.workers);
    case CompactedTableKind.DELTA_RS:
      return fargateHourCost(CPU_UNITS * load.workers, memoryMiB(load), false, 0);
    default:
      return undefined;
  }
}

/** US dollars a month for so many seconds of runs a week. */
export function monthlyCost(load: Load, table: CompactedTableKind, weeklySeconds: number): number | undefined {
  const hour = hourCost(load, table);
  return hour === undefined ? undefined : (weeklySeconds / HOUR) * hour * (MONTH_HOURS / WEEK_HOURS);
}

/** US dollars a month for bytes in S3 Standard. */
export function storageCost(bytes: number): number {
  return (bytes / GB) * storageClassPrices('STANDARD').storage;
}
