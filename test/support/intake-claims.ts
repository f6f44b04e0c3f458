/** What a local run of order intake says of cases 14 and 15. */
import type { RunReport } from '../../bin/local/intake';
import { STACK } from '../../bin/local/settings';
import { figure } from '../../lib/flow/figures';
import { type Claim, EXACT } from './proof';

const ENGINE = 'local AWS (MiniStack)';

/**
 * The claims of one run: what became of every delivery. How long it took is none of them: the rates of the run are
 * those of the emulator, and times are claimed by case 2.
 */
export function intakeClaims({ sent, basis, ...report }: RunReport): Claim[] {
  const how = `The ${STACK} stack deployed to the local AWS, ${figure(basis.perSecond)} deliveries a second for ${figure(basis.floodSeconds)} s, a worker killed in the middle.`;
  const common = {
    engine: ENGINE,
    how,
    scaledBy: `${basis.slots} slots of ${figure(basis.serviceSeconds)} s, as it was in the flood; counts do not depend on the scale.`,
  };
  const webhooks = { ...common, case: 15, construct: 'aws.WebhookBuffer' };
  const count = (metric: string, predicted: number, measured: number) => ({
    metric,
    unit: 'deliveries',
    predicted,
    measured,
    tolerance: EXACT,
  });
  return [
    { ...webhooks, ...count('valid deliveries that had their effect', sent.valid, report.effects) },
    { ...webhooks, ...count('effects, duplicates included', sent.valid, report.effects + report.duplicateEffects) },
    { ...webhooks, ...count('forged and replayed, refused', sent.forged + sent.replayed, report.refused) },
    {
      ...common,
      case: 14,
      construct: 'aws.RedriveQueue',
      ...count('poison in quarantine', sent.poison, report.quarantined),
    },
  ];
}
