/**
 * Requirements of a consumer on its database: the key of a delivery committed together with its effect.
 *
 * A key that is set before the effect loses the event when the consumer dies in between; one that is set after it lets
 * a redelivery have a second effect. So neither `set` nor `get` is here, only the two together.
 */
export interface EffectStore<Transaction> {
  /**
   * Runs `effect` and commits what it wrote to the transaction together with `key`, or nothing of it.
   *
   * An implementation must keep all of this:
   * - key and effect become visible at the same moment, and stay, or neither does;
   * - of any number of calls with the same key, at the same time and in different processes, one commits;
   * - a call whose key is there already answers `duplicate` and writes nothing;
   * - when `effect` or the commit fails the promise is rejected and the key is free for the next attempt;
   * - a commit whose outcome is unknown is rejected too: the next attempt finds the key or does not;
   * - the key may be forgotten after `expiresAtMillis`, not before, and is then deleted by the database itself (a TTL
   *   policy, a partition that is dropped), or keys pile up without limit.
   */
  once(
    key: string,
    expiresAtMillis: number,
    effect: (transaction: Transaction) => Promise<void>,
  ): Promise<'committed' | 'duplicate'>;
}
