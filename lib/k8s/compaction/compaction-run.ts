/** What every run of a compaction is told, whatever it runs on. */
import type * as kplus from 'cdk8s-plus-28';
import type { Starts } from '../../flow/compaction/clock';
import { planArguments } from '../../flow/compaction/settings';
import type { CompactionPlan } from '../../flow/compaction/workload';
import type { ContinuousCompactionProps } from './compaction-props';

/** Folder of the scripts. */
export const SCRIPTS = '/opt/compaction';

/** The runs of one table. */
export interface CompactionRun {
  readonly plan: CompactionPlan;
  /** When they start. Other tables start at other minutes; this one always at the same. */
  readonly starts: Starts;
  /** Of the object, and of what is reported. */
  readonly name: string;
  readonly labels: { [label: string]: string };
  readonly serviceAccount: kplus.IServiceAccount;
}

/** The arguments of the script, but for the namespace. */
export function runArguments(props: ContinuousCompactionProps, { plan, starts, name }: CompactionRun): string[] {
  return [
    `--path=${props.path}`,
    ...Object.entries(planArguments(plan, starts.offsetMinutes)).map(([knob, value]) => `--${knob}=${value}`),
    `--push-gateway=${props.pushGateway}`,
    `--job=${name}`,
  ];
}
