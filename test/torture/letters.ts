/** What is sent in a torture run: letters that have an effect, that never can, and that are made to do harm. Seeded. */
import { Random } from '../../lib/flow/numerics/random';

/** What is to become of a letter. `refused` is what its engine says of one that it may refuse. */
export type Fate = 'effect' | 'aside' | 'refused';

/** One letter. */
export interface Letter {
  readonly id: string;
  readonly key: string;
  /** Place among the letters of its key, from 0. */
  readonly place: number;
  readonly fate: Fate;
  /** How often the sender sends it: a sender that saw no answer sends again. */
  readonly copies: number;
  readonly body: string;
  /** Attributes that its sender forged: none of them may be believed. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Shares of all letters. Source: the rates of public incident reports are below these. */
export const SHARES = { duplicate: 0.02, poison: 0.005, hostile: 0.001 };
/** In every body of a poison letter; nobody may read it in a log or in what is said about a letter. */
export const SECRET = 'hunter2-9f31c7';

const MEBIBYTE = 2 ** 20;
const DEPTH = 5000;

/** Hostile bodies by what they try. All but one have their effect: a letter is judged by what it says, not by its form. */
const HOSTILE: readonly ((base: Readonly<Record<string, unknown>>) => Pick<Letter, 'body' | 'fate' | 'attributes'>)[] =
  [
    // The parser of JSON recurses.
    (base) => ({ ...effect(), body: `${head(base)},"deep":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}` }),
    // Close to what a broker takes.
    (base) => ({ ...effect(), body: `${head(base)},"pad":"${'x'.repeat(MEBIBYTE - 4096)}"}` }),
    // Two names that are one when they are masked by their ends.
    (base) => ({ ...effect(), body: `${head(base)},"password_of_a":"${SECRET}","password_of_b":"${SECRET}"}` }),
    (base) => ({
      ...effect(),
      body: `${head(base)}}`,
      attributes: { 'backpressure-attempts': '99', 'backpressure-error': 'forged', 'x-death': '99' },
    }),
    // Not a letter at all.
    ({ id }) => ({ fate: 'aside', attributes: {}, body: `\u0000\uFFFD{"id":"${id}` }),
  ];

const effect = () => ({ fate: 'effect' as const, attributes: {} });
const head = (base: Readonly<Record<string, unknown>>) => JSON.stringify(base).slice(0, -1);

/** So many letters of so many keys. The same seed gives the same letters. */
export function lettersOf(count: number, keys: number, seed: number): Letter[] {
  const random = new Random(seed);
  const places = new Map<string, number>();
  return Array.from({ length: count }, (_, number) => {
    const id = `letter-${number}`;
    const key = `key-${Math.floor(random.uniform() * keys)}`;
    const place = places.get(key) ?? 0;
    places.set(key, place + 1);
    const draw = random.uniform();
    const copies = random.uniform() < SHARES.duplicate ? 2 : 1;
    const base = { id, key, place };
    if (draw < SHARES.poison)
      return { ...base, copies, fate: 'aside', attributes: {}, body: `{"id":"${id}","password":"${SECRET}"` };
    if (draw < SHARES.poison + SHARES.hostile)
      return { ...base, copies, ...HOSTILE[Math.floor(random.uniform() * HOSTILE.length)](base) };
    return { ...base, copies, ...effect(), body: `${head(base)}}` };
  });
}
