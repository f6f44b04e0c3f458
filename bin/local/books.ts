/**
 * Closes the books: every sent delivery is accounted for, or the run has failed.
 */
import { type DeliveryKind, type PlannedDelivery, SECRETS_IN_POISON } from './deliveries';
import type { LedgerEntry } from './observe';

/** Deliveries sent, by kind. */
export type Sent = Record<DeliveryKind, number>;

/** The numbers that must agree. */
export interface Books {
  readonly ok: boolean;
  readonly sent: Sent;
  /** Valid deliveries that had their effect. */
  readonly effects: number;
  /** Effects beyond the first of a delivery, and effects of deliveries that should have none. */
  readonly duplicateEffects: number;
  /** Poison messages in the quarantine queue. */
  readonly quarantined: number;
  /** Forgeries and replays that were refused. */
  readonly refused: number;
  /** Valid deliveries without an effect and poison messages that are not in quarantine. */
  readonly lost: number;
  /** Secrets that can be read in quarantine or in the worker's log. */
  readonly unmaskedSecrets: number;
  /** Disagreements, in words. Empty when the books close. */
  readonly discrepancies: readonly string[];
}

/** The evidence for the books. */
export interface Evidence {
  readonly deliveries: readonly PlannedDelivery[];
  readonly ledger: readonly LedgerEntry[];
  readonly quarantine: readonly string[];
  /** Message ids of refused messages, from the worker's log. A message that was delivered twice is there twice. */
  readonly refusedMessageIds: readonly string[];
  /** Refused deliveries that wait in their queue for a repair. A worker that is killed may park one twice. */
  readonly parked: number;
  /** Deliveries that the API itself refused. */
  readonly turnedAway: number;
  /** The worker's log, as text. */
  readonly log: string;
}

/** Counts, compares, and reports disagreements. */
export function closeBooks(evidence: Evidence): Books {
  const { deliveries, ledger, quarantine } = evidence;
  const sent: Sent = { valid: 0, duplicate: 0, forged: 0, replayed: 0, poison: 0 };
  for (const delivery of deliveries) sent[delivery.kind]++;
  const valid = new Set(deliveries.filter(({ kind }) => kind === 'valid').map(ledgerId));
  const booked = new Map(ledger.map((entry) => [entry.id, entry.effects]));

  const effects = [...valid].filter((id) => booked.has(id)).length;
  const unwanted = ledger.filter((entry) => !valid.has(entry.id)).length;
  const repeated = ledger.reduce((sum, entry) => sum + Math.max(0, entry.effects - 1), 0);
  const refusedByWorker = new Set(evidence.refusedMessageIds).size;
  const refused = refusedByWorker + evidence.turnedAway;
  const quarantined = quarantine.length;
  const lost = sent.valid - effects + Math.max(0, sent.poison - quarantined);
  const unmaskedSecrets = secretsIn([...quarantine, evidence.log]);
  const duplicateEffects = repeated + unwanted;

  const discrepancies = [
    effects !== sent.valid && `${sent.valid - effects} of ${sent.valid} valid deliveries had no effect`,
    repeated > 0 && `${repeated} effects were repeated`,
    unwanted > 0 && `${unwanted} effects belong to no valid delivery`,
    quarantined !== sent.poison &&
      `${quarantined} messages are in quarantine, ${sent.poison} poison messages were sent`,
    refused !== sent.forged + sent.replayed &&
      `${refused} deliveries were refused, ${sent.forged} forged and ${sent.replayed} replayed were sent`,
    evidence.parked < refusedByWorker && `${refusedByWorker - evidence.parked} refused deliveries are not parked`,
    unmaskedSecrets > 0 && `${unmaskedSecrets} secrets can be read`,
  ].filter((line): line is string => line !== false);
  return {
    ok: discrepancies.length === 0,
    sent,
    effects,
    duplicateEffects,
    quarantined,
    refused,
    lost,
    unmaskedSecrets,
    discrepancies,
  };
}

/** The id under which the worker books a delivery. */
export function ledgerId(delivery: PlannedDelivery): string {
  return JSON.stringify([delivery.source, delivery.tenant, delivery.id]);
}

function secretsIn(texts: readonly string[]): number {
  // A three-digit number occurs in any text; it counts only beside a card number.
  const secrets = Object.entries(SECRETS_IN_POISON).filter(([name]) => name !== 'cvv');
  const readable = texts.flatMap((text) => secrets.filter(([, secret]) => text.includes(secret)));
  const cvv = texts.filter((text) => new RegExp(`"cvv"\\s*:\\s*"${SECRETS_IN_POISON.cvv}"`).test(text));
  return readable.length + cvv.length;
}
