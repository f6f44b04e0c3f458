/** The scripts of a `TtlCollection` and their variables, as the manifests ship them, at a scale of seconds. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TtlCollection } from '../../lib/k8s/retention/ttl-collection';
import { emptyChart, every, type Manifest, one, written } from '../support/manifest';

export const DOCUMENTS = 600;
export const RETENTION_SECONDS = 3600;

/** A script in a file, and what its container gives it. */
export interface ShippedScript {
  readonly file: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Writes the scripts into a folder. */
export function shipped(folder: string) {
  const chart = emptyChart();
  const ttl = new TtlCollection(chart, 'Events', {
    workload: {
      insertsPerSecond: 0.11,
      documentBytes: 100,
      existingDocuments: DOCUMENTS,
      spareWritesPerSecond: 20,
      deletesPerSecond: 20,
      writersSetExpiry: true,
    },
    objective: { retentionSeconds: RETENTION_SECONDS },
    collection: 'events',
    connection: { secretName: 'mongodb', key: 'uri' },
    pushGateway: 'http://pushgateway.monitoring:9091',
  });
  const all = written(chart);
  const variables = (container: Manifest): Record<string, string> =>
    Object.fromEntries(
      container.env.flatMap(({ name, value }: Manifest) =>
        value === undefined || name === 'HOME' ? [] : [[name, value]],
      ),
    );
  const script = (name: string, container: Manifest): ShippedScript => {
    const file = join(folder, name);
    writeFileSync(file, every(all, 'ConfigMap').find(({ data }) => data[name])?.data[name]);
    return { file, variables: variables(container) };
  };
  return {
    plan: ttl.plan,
    backfill: script('backfill.js', one(all, 'Job').spec.template.spec.containers[0]),
    report: script('report.js', one(all, 'CronJob').spec.jobTemplate.spec.template.spec.containers[0]),
  };
}
