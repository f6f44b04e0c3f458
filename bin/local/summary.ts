/** The summary of a run in the terminal. */
import { figure } from '../../lib/flow/figures';
import { breakingMultiple } from '../../lib/flow/queue/expected';
import type { RunReport } from './intake';

/** The predicted and measured figures: name, place, unit. */
export const ROWS = [
  ['Peak backlog', 'peakBacklog', 'messages'],
  ['Latency P50', 'latencyP50Seconds', 's'],
  ['Latency P99', 'latencyP99Seconds', 's'],
  ['Drain time', 'drainSeconds', 's'],
] as const;

/** The books, predicted against measured, and what comes next. */
export function summary(report: RunReport): string {
  const { sent, predicted, measured, basis } = report;
  const lines = [
    '',
    report.ok ? 'The books close.' : 'The books DO NOT close:',
    ...report.discrepancies.map((line) => `  - ${line}`),
    `  valid       ${sent.valid} sent, ${report.effects} with their effect, ${report.duplicateEffects} effects too many, ${report.lost} lost`,
    `  duplicates  ${sent.duplicate} sent`,
    `  forged      ${sent.forged} sent, replayed ${sent.replayed} sent, ${report.refused} refused`,
    `  poison      ${sent.poison} sent, ${report.quarantined} in quarantine, ${report.unmaskedSecrets} secrets readable`,
    ...report.notes.map((note) => `  ${note}`),
    '',
    `${''.padEnd(14)}${'predicted'.padStart(12)}${'measured'.padStart(12)}`,
    ...ROWS.map(
      ([label, key, unit]) =>
        `${label.padEnd(14)}${figure(predicted[key]).padStart(12)}${figure(measured[key]).padStart(12)}  ${unit}`,
    ),
    `  predicted from ${figure(basis.perSecond)}/s for ${figure(basis.floodSeconds)} s, ${figure(basis.serviceSeconds)} s a delivery as it was, ${basis.slots} slots`,
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
