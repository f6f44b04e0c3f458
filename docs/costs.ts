/** What the example of a page costs, from its plan. */
import { figure } from '../lib/flow/figures';
import { pricesRead, pricesRegion } from '../lib/flow/prices';
import { planStorage } from '../lib/flow/storage/plan';
import { markdownTable } from './markdown';

/** The workload of the first snippet in docs/constructs/archive-bucket.md. */
const LOGS = { bytesPerDay: 640e9, objectBytes: 1024 * 1024, retentionDays: 365 };

/** A month of the archive, once as much expires as arrives. */
export function archiveCost(): string {
  const { predictions } = planStorage('Archive', { workload: LOGS });
  const row = (title: string, dollars: number) => [title, `${figure(dollars)} USD a month`];
  return `${markdownTable(
    ['', 'cost'],
    [
      row('at the full size, once as much expires as arrives', predictions.monthlyCostAfter),
      row('uploads and the weekly inventory, besides', predictions.monthlyRequestCost),
      row('the same without the moves', predictions.monthlyCostBefore),
    ],
  )}

The example above, from \`plan.predictions\`; list prices of ${pricesRegion}, read ${pricesRead}. Alarms and the
budget itself are not counted.`;
}
