/**
 * Regular expressions from a document. `(a+)+$` takes exponential time on a name of forty characters, so only
 * expressions with a bounded time are used.
 */

/** Characters of an expression, and of the name that it is matched against: RabbitMQ's names have 255 bytes. */
const LONGEST = 255;

/** Repetitions in one expression: with n of them it takes at most 255ⁿ⁺¹ steps. */
const MOST_REPEATED = 2;

/** The expression; undefined for one that is invalid, of another dialect, or might take too long. */
export function patternOf(text: string): RegExp | undefined {
  if (text.length > LONGEST) return undefined;
  // Escapes and classes match one character each, and hold no operators.
  const bare = text.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x');
  const repeated = bare.match(/[*+?{]/g) ?? [];
  if (repeated.length > MOST_REPEATED || /\)[*+?{]/.test(bare) || /\\[1-9k]/.test(text)) return undefined;
  try {
    return new RegExp(text);
  } catch {
    // Erlang's expressions have more syntax than JavaScript's.
    return undefined;
  }
}

/** Whether a name matches; a name that no broker accepts may. */
export function matches(pattern: RegExp, name: string): boolean {
  return name.length > LONGEST || pattern.test(name);
}

/** Whether a text matches a pattern of `*` and `?`, upper and lower case alike. Linear but for the stars. */
export function matchesWildcards(pattern: string, text: string): boolean {
  const [glob, subject] = [pattern.toLowerCase(), text.toLowerCase()];
  let [at, next] = [0, 0];
  let [star, mark] = [-1, 0];
  while (at < subject.length) {
    if (next < glob.length && glob[next] !== '*' && (glob[next] === '?' || glob[next] === subject[at])) {
      at += 1;
      next += 1;
    } else if (glob[next] === '*') {
      [star, mark] = [next, at];
      next += 1;
    } else if (star >= 0) {
      // The last star takes one more; those before it need not.
      mark += 1;
      [at, next] = [mark, star + 1];
    } else return false;
  }
  while (glob[next] === '*') next += 1;
  return next === glob.length;
}
