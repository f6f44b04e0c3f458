/** Closes the books of a torture run: what became of every letter. */
import { MASK } from '../../lib/runtime/masking';
import type { Effect } from './effects';
import type { Engine } from './engine';
import { type Letter, SECRETS } from './letters';

/** What was found when all was over. */
export interface Found {
  /** Effects in their order. One that was made twice is there twice. */
  readonly effects: readonly Pick<Effect, 'id' | 'key' | 'place' | 'version'>[];
  /** Effects that were made again and are not among them. Default: 0. */
  readonly surplus?: number;
  /** Attempts at an effect that was there already. */
  readonly repeated: number;
  /** Bodies of what was set aside; a consumer that is killed may set one aside twice. */
  readonly aside: readonly string[];
  /** Everything that was logged, and said about letters. */
  readonly said: string;
  /** What is left in queues. */
  readonly left: number;
}

/** The books. */
export interface Books {
  readonly sent: number;
  readonly effects: number;
  readonly aside: number;
  /** Letters that were refused where they were sent; their sender knows. */
  readonly refused: number;
  /** Deliveries that a store had to recognize. */
  readonly repeated: number;
  /** Disagreements, in words. Empty when the books close. */
  readonly wrong: readonly string[];
}

/** What an engine promises. */
export type Promised = Pick<Engine, 'ordered' | 'quotes'>;

/** @param version of the consumers at the end; one that was rolled out must have had effects */
export function closeBooks(
  letters: readonly Letter[],
  found: Found,
  { ordered, quotes }: Promised,
  version = 1,
): Books {
  const { effects, surplus = 0, repeated, aside, said, left } = found;
  const wanted = new Set(letters.filter(({ fate }) => fate === 'effect').map(({ id }) => id));
  const ids = effects.map(({ id }) => id);
  const had = new Set(ids);
  const missing = [...wanted].filter((id) => !had.has(id));
  const unwanted = [...had].filter((id) => !wanted.has(id));
  const hopeless = letters.filter(({ fate }) => fate === 'aside');
  const put = new Set(aside);
  const notAside = hopeless.filter(({ body }) => !put.has(body));
  const strays = [...put].filter((body) => !hopeless.some((letter) => letter.body === body));
  const late = ordered ? outOfOrder(effects) : [];
  const again = ids.length - had.size + surplus;
  const counted = (list: readonly string[], what: string) =>
    list.length === 0 ? [] : [`${list.length} ${what}: ${list.slice(0, 5).join(', ')}${list.length > 5 ? ', …' : ''}`];
  return {
    sent: letters.length,
    effects: had.size,
    aside: hopeless.length - notAside.length,
    refused: letters.filter(({ fate }) => fate === 'refused').length,
    repeated,
    wrong: [
      ...counted(missing, 'letters had no effect'),
      ...counted(unwanted, 'letters had an effect and should have none'),
      ...(again === 0 ? [] : [`${again} effects were made twice`]),
      ...counted(
        notAside.map(({ id }) => id),
        'letters that can never have an effect were not set aside',
      ),
      ...(strays.length === 0 ? [] : [`${strays.length} letters were set aside that could have had their effect`]),
      ...counted(late, 'effects came before one that was sent earlier with the same key'),
      ...(SECRETS.some((secret) => said.includes(secret))
        ? ['a secret can be read in a log or in the reason of a letter that was set aside']
        : []),
      // Otherwise nothing was tried: the errors of letters that fail quote their secrets.
      ...(quotes && hopeless.length > 0 && !said.includes(MASK) ? ['no error was quoted with its secrets masked'] : []),
      ...(effects.some((effect) => effect.version === version)
        ? []
        : [`no letter had its effect from version ${version} of the consumers`]),
      ...(left === 0 ? [] : [`${left} letters are left in queues`]),
    ],
  };
}

function outOfOrder(effects: Found['effects']): string[] {
  const last = new Map<string, number>();
  return effects.flatMap(({ id, key, place }) => {
    const before = last.get(key) ?? -1;
    last.set(key, Math.max(before, place));
    return place < before ? [id] : [];
  });
}
