/** Why a stream cannot keep its promise, and what would. */
import { duration, figure, percent, roundedDown, roundedUp, sizeText } from '../figures';
import { quantileOf } from '../numerics/single-server';
import { WEEK_SECONDS } from '../ranges';
import { largestBelow, smallestAbove } from '../search';
import { handedOverCheck, streamChecks } from './checks';
import { monthlyCostOf } from './costs';
import { besideLine, lineTail, peakLagOf, type Settings, shareOf, utilisationOf } from './lines';
import { batchWorkSeconds, busiestShare, cheapBatch, largestBatch, loadOf, QUANTILE, recordSecondsIn } from './load';
import { type Broken, BUSIEST_RATIO, brokenBy, minimumPollers, settingsFor, sizingOf, withInstances } from './sizing';
import type { StreamObjective, StreamQuestion, StreamWorkload } from './workload';

/** The reason, with the numbers: of the settings that were given, or of the largest that were tried. */
export function refusal(question: StreamQuestion): string {
  const times = question.objective.headroom ?? 1;
  const at = times === 1 ? '' : `with a head-room of ${figure(times)}, `;
  const load = loadOf(question, times);
  const { platform } = load;
  const batchSize = question.batchSize ?? Math.min(cheapBatch(load), largestBatch(load, question.partitions ?? 1));
  const alone = load.peakPerSecond * busiestShare(load, 1e9, 1e9) * recordSecondsIn(load, batchSize);
  if (question.workload.keys !== undefined && alone > BUSIEST_RATIO) {
    return `${at}the most frequent key has ${percent(busiestShare(load, 1e9, 1e9))} of ${figure(load.peakPerSecond)} records a second, which keep one consumer busy ${percent(alone)} of its time; ${percent(BUSIEST_RATIO)} is the most, and a key comes to one consumer`;
  }
  const offered = load.peakPerSecond * recordSecondsIn(load, batchSize);
  const most = platform.perPartition * (question.partitions ?? platform.mostPartitions);
  const instances = Math.min(most, question.instances ?? Math.max(1, Math.min(most, Math.ceil(2 * offered) + 1)));
  const settings = withInstances(question, batchSize, instances, times);
  if (settings === undefined) {
    return `${at}${figure(load.peakPerSecond)} records a second of ${sizeText(load.recordBytes)} and ${figure(instances)} consumers do not fit on ${figure(question.partitions ?? platform.mostPartitions)} partitions`;
  }
  const broken = brokenBy(question, times, 1, settings);
  if (broken !== undefined) return at + REASONS[broken](question, settings, times);
  const { minInstances } = question;
  const all = minInstances === undefined ? undefined : settingsFor({ ...question, minInstances: undefined }, times);
  if (minInstances !== undefined && all !== undefined) {
    return at + REASONS.few(question, { ...all.settings, minInstances }, times);
  }
  return at + REASONS.pooled(question, settings, times);
}

type Reason = (question: StreamQuestion, settings: Settings, times: number) => string;

const busy: Reason = (question, settings) => {
  const load = loadOf(question);
  const { partitions, parallelizationFactor, instances } = settings;
  return `the busiest of ${counted(instances, 'consumer')} on ${counted(partitions * parallelizationFactor, 'partition')} gets ${percent(shareOf(load, settings))} of ${figure(load.peakPerSecond)} records a second and is busy ${percent(utilisationOf(load, settings))} of its time; ${percent(BUSIEST_RATIO)} is the most`;
};

const late: Reason = (question, settings, times) => {
  const load = loadOf(question, times);
  const beside = besideLine(load, settings);
  const latency =
    quantileOf(lineTail(load, shareOf(load, settings), settings.batchSize), QUANTILE, load.recordSeconds) + beside;
  const parts = beside > 0 ? ` (${duration(beside)} of it beside the wait in a line)` : '';
  return `P99 of the busiest of ${settings.instances} consumers reaches ${duration(latency)}${parts}, ${duration(load.latencySeconds)} is promised`;
};

const behind: Reason = (question, settings, times) => {
  const load = loadOf(question, times);
  return `${figure(Math.ceil(peakLagOf(load, settings)))} records are without a commit at the peak with ${settings.instances} consumers, ${figure(load.maxLag)} are allowed`;
};

const REASONS: Readonly<Record<Broken, Reason>> = {
  pooled: (question, settings, times) => {
    const load = loadOf(question, times);
    const each = recordSecondsIn(load, settings.batchSize);
    return `${figure(load.peakPerSecond)} records a second × ${duration(each)} need more than ${figure(load.peakPerSecond * each)} busy consumers, and ${settings.instances} do not keep ${duration(load.latencySeconds)}`;
  },
  partitions: busy,
  partition: (question, settings, times) => {
    const load = loadOf(question, times);
    return `${figure(load.peakPerSecond)} records a second of ${sizeText(load.recordBytes)} are more than ${settings.partitions} partitions take, or than the fullest of them`;
  },
  busiest: busy,
  latency: late,
  lag: behind,
  few: (question, settings, times) => {
    const load = loadOf(question, times);
    return `from ${counted(settings.minInstances, 'consumer')}, ${figure(load.peakPerSecond)} records a second reach a lag or a latency that is not allowed before ${settings.instances} run`;
  },
  batch: (question, settings) =>
    `a batch of ${settings.batchSize} takes ${duration(batchWorkSeconds(loadOf(question), settings.batchSize))}, and six times as long is more than ${duration(loadOf(question).platform.mostBatchSeconds ?? 0)}`,
  pollers: (question, settings, times) =>
    `${settings.partitions} partitions have no more pollers, and ${minimumPollers(loadOf(question, times), settings)} are too few for the bytes`,
};

function counted(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`;
}

/** Changes that each keep the promise; each has been tried. */
export function waysOut(question: StreamQuestion): string[] {
  const { workload, objective } = question;
  const { headroom } = objective;
  const holds = (changed: Partial<StreamQuestion>) => {
    const asked = { ...question, ...changed };
    if ([...streamChecks(asked)].some(({ refused }) => refused) || handedOverCheck(asked).refused) return false;
    const found = settingsFor(asked, asked.objective.headroom ?? 1);
    if (found === undefined) return false;
    const { monthlyCost } = asked.objective;
    return monthlyCost === undefined || (monthlyCostOf(asked, found.settings) ?? 0) <= monthlyCost;
  };
  const load = (changed: Partial<StreamWorkload>) => holds({ workload: { ...workload, ...changed } });
  const promise = (changed: Partial<StreamObjective>) => holds({ objective: { ...objective, ...changed } });
  const ways: string[] = [];
  for (const name of ['instances', 'minInstances', 'partitions', 'batchSize', 'provisionedPollers'] as const) {
    if (question[name] !== undefined && holds({ [name]: undefined })) ways.push(`leave ${name} out`);
  }
  const { partitions } = question;
  if (partitions !== undefined) {
    const more = smallestAbove(partitions, (one) => one <= 1e6 && holds({ partitions: Math.ceil(one) }));
    if (more !== undefined) ways.push(`partitions of ${Math.ceil(more)}`);
  }
  const seconds = largestBelow(
    workload.recordSeconds,
    (one) => one > 1e-9 && load({ recordSeconds: roundedDown(one) }),
  );
  if (seconds !== undefined) ways.push(`recordSeconds of ${roundedDown(seconds)}`);
  const { batchSeconds = 0 } = workload;
  if (batchSeconds > 0) {
    const cheaper = largestBelow(batchSeconds, (one) => load({ batchSeconds: roundedDown(one) }));
    if (cheaper !== undefined) ways.push(`batchSeconds of ${roundedDown(cheaper)}`);
  }
  if (workload.keys !== undefined && load({ keys: undefined, hottestKeyRatio: undefined })) {
    ways.push('leave keys out: records without an order are spread evenly, as on a queue');
  }
  const { hottestKeyRatio = 0 } = workload;
  const cooler =
    hottestKeyRatio > 0
      ? largestBelow(hottestKeyRatio, (one) => load({ hottestKeyRatio: roundedDown(one) }))
      : undefined;
  if (cooler !== undefined)
    ways.push(`hottestKeyRatio of ${roundedDown(cooler)}: more keys in place of the frequent one`);
  // A search is long: only where its end holds.
  const patient = promise({ latencySeconds: WEEK_SECONDS });
  const latency = patient
    ? smallestAbove(objective.latencySeconds, (one) =>
        promise({ latencySeconds: Math.min(WEEK_SECONDS, roundedUp(one)) }),
      )
    : undefined;
  if (latency !== undefined) ways.push(`latencySeconds of ${Math.min(WEEK_SECONDS, roundedUp(latency))}`);
  if (objective.maxLag !== undefined && promise({ maxLag: undefined })) {
    const lag = smallestAbove(objective.maxLag, (one) => promise({ maxLag: Math.ceil(one) }));
    if (lag !== undefined) ways.push(`maxLag of ${Math.ceil(lag)}`);
  }
  if (
    headroom !== undefined &&
    sizingOf({ ...question, objective: { ...objective, headroom: undefined } }) !== undefined
  ) {
    ways.push('leave headroom out: the plan then says at what multiple the promise breaks');
  }
  if (ways.length > 0) return ways;
  const less = largestBelow(1, (share) => load(lighter(workload, share)));
  return less === undefined
    ? ['change load, work, partitions and promise together: no one of them is enough']
    : [`${Math.floor(100 * less)} % of the load: several streams, each with its own keys`];
}

function lighter(workload: StreamWorkload, share: number): Partial<StreamWorkload> {
  const { steadyPerSecond, peakPerSecond } = workload;
  const part = Math.floor(100 * share) / 100;
  return {
    steadyPerSecond: part * steadyPerSecond,
    ...(peakPerSecond !== undefined && { peakPerSecond: part * peakPerSecond }),
  };
}
