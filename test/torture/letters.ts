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
/** Names of fields that are secrets themselves, in the form of a token, and one name when they are masked. */
const SECRET_NAMES = ['a', 'b'].map((end) => `gh${'p'}_${'torture'.repeat(5)}${end}`);
/** What nobody may read. */
export const SECRETS: readonly string[] = [SECRET, ...SECRET_NAMES];

const MEBIBYTE = 2 ** 20;
const DEPTH = 5000;

/** Hostile bodies by what they try. Those that can be read have their effect, unless they say that they never can. */
const HOSTILE: readonly ((base: Readonly<Record<string, unknown>>) => Pick<Letter, 'body' | 'fate' | 'attributes'>)[] =
  [
    // The parser of JSON recurses.
    (base) => ({ ...effect(), body: `${head(base)},"deep":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}` }),
    // Close to what a broker takes.
    (base) => ({ ...effect(), body: `${head(base)},"pad":"${'x'.repeat(MEBIBYTE - 4096)}"}` }),
    // It is set aside, so that its error is told: two names that are one when they are masked by their ends, two that are one
    // when they are masked whole.
    (base) => ({
      fate: 'aside',
      attributes: {},
      body: JSON.stringify({
        ...base,
        never: true,
        password_of_a: SECRET,
        password_of_b: SECRET,
        ...Object.fromEntries(SECRET_NAMES.map((name) => [name, { password: SECRET }])),
      }),
    }),
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

/** So many letters of so many keys, each kind of hostile ones among them at least once. The same seed gives the same letters. */
export function lettersOf(count: number, keys: number, seed: number): Letter[] {
  const random = new Random(seed);
  const places = new Map<string, number>();
  return Array.from({ length: count }, (_, number) => {
    const id = `letter-${number}`;
    const key = `key-${Math.floor(random.uniform() * keys)}`;
    const place = places.get(key) ?? 0;
    places.set(key, place + 1);
    const draw = random.uniform();
    const kind = kindAt(number, count);
    const copies = random.uniform() < SHARES.duplicate ? 2 : 1;
    const base = { id, key, place };
    if (kind !== undefined) return { ...base, copies, ...HOSTILE[kind](base) };
    if (draw < SHARES.poison)
      return { ...base, copies, fate: 'aside', attributes: {}, body: `{"id":"${id}","password":"${SECRET}"` };
    if (draw < SHARES.poison + SHARES.hostile)
      return { ...base, copies, ...HOSTILE[Math.floor(random.uniform() * HOSTILE.length)](base) };
    return { ...base, copies, ...effect(), body: `${head(base)}}` };
  });
}

/** In the middle of each of so many parts of the letters is one of each kind of hostile ones; a few letters have no room for them. */
function kindAt(number: number, count: number): number | undefined {
  const part = Math.floor(count / HOSTILE.length);
  const kind = Math.floor(number / part);
  return part > 10 && kind < HOSTILE.length && number % part === Math.floor(part / 2) ? kind : undefined;
}
