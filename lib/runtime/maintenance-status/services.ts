/** The two services that keep the runs: one signed request each, so that no client is in the bundle. */
import { ask, type Send } from '../aws-request';
import { escaped } from '../aws-signature';
import { setting } from '../settings';
import type { MaintenanceJob, OptimizerRun } from './report';

/** More runs than an hour has: those before the last ones say nothing. */
const MOST_PAGES = 20;
const PAGE_RUNS = 100;

/** The runs of an optimizer of AWS Glue that its history has. */
export async function optimizerRuns(optimizer: string, send: Send = fetch): Promise<OptimizerRun[]> {
  const runs: OptimizerRun[] = [];
  let next: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await ask<{ TableOptimizerRuns?: OptimizerRun[]; NextToken?: string }>(send, {
      method: 'POST',
      service: 'glue',
      path: '/',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSGlue.ListTableOptimizerRuns' },
      body: JSON.stringify({
        CatalogId: setting('CATALOG_ID'),
        DatabaseName: setting('DATABASE'),
        TableName: setting('TABLE'),
        Type: optimizer,
        MaxResults: PAGE_RUNS,
        NextToken: next,
      }),
    });
    runs.push(...(answer.TableOptimizerRuns ?? []));
    next = answer.NextToken;
    if (!next) break;
  }
  return runs;
}

/** The maintenance jobs of a table of S3 Tables, by name. */
export async function maintenanceJobs(send: Send = fetch): Promise<Readonly<Record<string, MaintenanceJob>>> {
  const place = ['TABLE_BUCKET_ARN', 'NAMESPACE', 'TABLE'].map((name) => escaped(setting(name)));
  const answer = await ask<{ status?: Record<string, MaintenanceJob> }>(send, {
    method: 'GET',
    service: 's3tables',
    path: `/tables/${place.join('/')}/maintenance-job-status`,
  });
  return answer.status ?? {};
}
