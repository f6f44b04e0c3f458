/** Numbers that the plan, the simulation and the running senders share. */

/** However often a provider refuses, this share of the rate is used: it has to be asked to be found ready again. */
export const LEAST_FACTOR = 0.01;

/** One request to the table, and how often it is made. Retried longer, it would outlive the function. */
export const STORE = { requestSeconds: 2, attempts: 3 } as const;
/** Seconds that one change of the table takes at most. */
export const STORE_SECONDS = STORE.requestSeconds * STORE.attempts;
/** What a function keeps of its time: to give up the claims of mails that were not sent, and to answer. */
export const ANSWER_SECONDS = STORE_SECONDS + 0.5;
