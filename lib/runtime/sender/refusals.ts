/**
 * A brake on refusals. A mail that a provider will never take is parked, which keeps nothing of it but its id. A provider
 * that refuses mail after mail refuses their sender: a wrong address, configuration set or permission. Then the mails wait.
 */
import { ProviderAround } from './around';
import type { Mail, Outcome } from './mail';

/** Refusals in a row that are of the mails: six in a row by chance, in a list of which 1 % are refused, are one in 10¹². */
const MOST_IN_A_ROW = 5;
const AWAY_MILLIS = 900_000;

/** A provider that is away after several refusals in a row, until it has taken a mail. */
export class RefusalBrake extends ProviderAround {
  #row = 0;

  public async send(mail: Mail): Promise<Outcome> {
    const outcome = await this.provider.send(mail);
    if (outcome.kind === 'sent') this.#row = 0;
    if (outcome.kind !== 'refused') return outcome;
    this.#row += 1;
    return this.#row > MOST_IN_A_ROW ? { kind: 'away', millis: AWAY_MILLIS } : outcome;
  }
}
