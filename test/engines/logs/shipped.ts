/** What a `LogShipping` ships, as a user writes it, at a scale of seconds: its plan and the files of its ConfigMaps. */
import { Duration } from 'cdk8s';
import type { LogsObjective, LogsPlan } from '../../../lib/flow/logs/workload';
import type { LogOutput } from '../../../lib/k8s/logs/log-output';
import { LogShipping } from '../../../lib/k8s/logs/log-shipping';
import { emptyChart, every, type Manifest, one, written } from '../../support/manifest';

export const MIB = 1024 ** 2;
export const LINE_BYTES = 100;
export const ROTATION_SECONDS = 1;

/** A log shipper, taken apart. */
export interface Shipped {
  readonly plan: LogsPlan;
  /** A file of a ConfigMap, by its name. */
  file(name: string): string;
  /** A container of the pod, by its name. */
  container(name: string): Manifest;
}

/** What differs between runs. */
export interface Run {
  readonly linesPerSecond: number;
  readonly objective: LogsObjective;
  readonly fileCount: number;
  readonly fileSizeCapBytes: number;
  readonly output: LogOutput;
}

/** Writes the construct down for log files in that folder. */
export function shipped(folder: string, { linesPerSecond, ...props }: Run): Shipped {
  const chart = emptyChart();
  const logs = new LogShipping(chart, 'Logs', {
    workload: { steadyBytesPerSecond: linesPerSecond * LINE_BYTES, lineBytes: LINE_BYTES },
    logFolder: folder,
    fileUser: 10_001,
    rotatorImage: 'example/logrotate:1',
    rotationInterval: Duration.seconds(ROTATION_SECONDS),
    ...props,
  });
  const all = written(chart);
  const files: Record<string, string> = Object.assign({}, ...every(all, 'ConfigMap').map(({ data }) => data));
  const { containers } = one(all, 'DaemonSet').spec.template.spec;
  return {
    plan: logs.plan,
    file: (name) => files[name],
    container: (name) => containers.find((each: Manifest) => each.name === name),
  };
}
