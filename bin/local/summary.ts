/** The summary of a run in the terminal. */
import { figure } from '../../lib/flow/figures';
import { breakingMultiple } from '../../lib/flow/queue/expected';
import type { RunReport } from './intake';
import { JUDGED, misses, ROWS, TOLERANCE, verdictOf } from './verdict';

/** What became of the deliveries, predicted against measured, and what comes next. */
export function summary(report: RunReport): string {
  const { sent, predicted, measured, basis } = report;
  const missed = misses(report);
  const lines = [
    '',
    report.ok ? 'Every delivery is accounted for.' : 'Not every delivery is accounted for:',
    ...report.discrepancies.map((line) => `  - ${line}`),
    `  valid orders    ${sent.valid} sent, ${report.effects} booked, ${report.lost} lost`,
    `  sent again      ${sent.duplicate}, ${report.duplicateEffects} booked a second time`,
    `  forged or old   ${sent.forged + sent.replayed} sent, ${report.refused} refused`,
    `  always fail     ${sent.poison} sent, ${report.quarantined} in quarantine, ${report.unmaskedSecrets} secrets readable`,
    ...report.notes.map((note) => `  ${note}`),
    '',
    `${''.padEnd(14)}${'predicted'.padStart(12)}${'measured'.padStart(12)}`,
    ...ROWS.map(([label, key, unit]) => {
      const { within, difference } = verdictOf(report, key);
      const off = within ? difference : `${difference}, MISSED`;
      return `${label.padEnd(14)}${figure(predicted[key]).padStart(12)}${figure(measured[key]).padStart(12)}  ${unit.padEnd(8)}  ${off}`;
    }),
    `  predicted from ${figure(basis.perSecond)}/s for ${figure(basis.floodSeconds)} s, ${figure(basis.serviceSeconds)} s a delivery as it was, ${basis.slots} workers`,
    `  ${JUDGED}`,
    ...(missed.length === 0 ? [`  all within ${100 * TOLERANCE} %`] : missed.map((line) => `  - ${line}`)),
    '',
    'report: dist/report/index.html   data: dist/report/run.json',
    `the same stack, ${promise(report)}, in a real account: npx cdk deploy OrderIntake`,
  ];
  return lines.join('\n');
}

/** What the stack of the run is sized for, and how much more it bears. */
export function promise({ planned }: Pick<RunReport, 'planned'>): string {
  const { latencySeconds, breaksAtLoad, breaksAtServiceTime } = planned;
  return `sized for the flood of case 15 and a P99 of ${figure(latencySeconds)} s, a promise that breaks at ${breakingMultiple(breaksAtLoad)} the load or ${breakingMultiple(breaksAtServiceTime)} the service time`;
}
