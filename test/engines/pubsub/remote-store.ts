/** The `EffectStore` of consumers that run in processes of their own: the database of the run, across the wire. */
import type { EffectStore } from '../../../lib/runtime/effect-store';

const DATABASE = String(process.env.DATABASE_URL);

/** The one write that a delivery does. */
export interface Transaction {
  id?: string;
}

/** Asks the database. */
export async function ask(
  path: string,
  body: object,
): Promise<{ seen?: boolean; outcome?: 'committed' | 'duplicate' }> {
  const response = await fetch(`${DATABASE}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return (await response.json()) as { seen?: boolean; outcome?: 'committed' | 'duplicate' };
}

/** Key and effect in one step, in the process of the database. */
export const store: EffectStore<Transaction> = {
  async once(key, expiresAtMillis, effect) {
    if ((await ask('/seen', { key })).seen) return 'duplicate';
    const transaction: Transaction = {};
    await effect(transaction);
    const { outcome } = await ask('/commit', { key, expiresAtMillis, id: transaction.id });
    if (outcome === undefined) throw new Error('the database did not say');
    return outcome;
  },
};
