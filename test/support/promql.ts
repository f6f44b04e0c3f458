/** The selectors of PromQL expressions, and whether two of them can ever take the same series. */

/** One metric and what its labels must be. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

interface Matcher {
  readonly label: string;
  readonly operator: '=' | '=~';
  readonly value: string;
}

const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const SELECTOR = new RegExp(String.raw`([a-zA-Z_:][\w:]*)\{((?:[^{}"]|${STRING})*)\}`, 'g');
const MATCHER = new RegExp(String.raw`(\w+)(=~|=|!=|!~)(${STRING})`, 'g');
/** What an expression may hold beside selectors: functions, keywords, labels of a grouping, numbers and durations. */
const GROUPING = /\b(by|on|without|ignoring)\s*\([^)]*\)/g;
const WORDS = new Set(
  'abs absent and avg clamp_max count count_over_time delta deriv histogram_quantile increase label_replace last_over_time max min or rate sum time unless vector'.split(
    ' ',
  ),
);

/** Every selector of an expression. A metric without labels is one too; a matcher that excludes is not understood. */
export function selectorsOf(expr: string): Selector[] {
  const found = [...expr.matchAll(SELECTOR)].map(
    ([, metric, inside]): Selector => ({ metric, matchers: matchersOf(inside) }),
  );
  const rest = expr
    .replace(SELECTOR, ' ')
    .replace(GROUPING, ' ')
    .replace(/\[\w+\]/g, ' ')
    .replace(new RegExp(STRING, 'g'), ' ');
  const bare = (rest.match(/[a-zA-Z_:][\w:]*/g) ?? []).filter((word) => !WORDS.has(word) && !/^e\d*$/.test(word));
  return [...found, ...bare.map((metric) => ({ metric, matchers: [] }))];
}

function matchersOf(inside: string): Matcher[] {
  const all = [...inside.matchAll(MATCHER)];
  // What one excludes makes a selector narrower: what the others keep apart stays apart.
  const including = all.filter(([, , operator]) => operator !== '!=');
  return including.map(([text, label, operator, quoted]) => {
    if (operator !== '=' && operator !== '=~') throw new Error(`cannot tell what ${text} leaves`);
    return { label, operator, value: JSON.parse(quoted) };
  });
}

/** Whether no series can be taken by both: they differ in the metric, or in a label that both ask for. */
export function disjoint(one: Selector, other: Selector): boolean {
  if (one.metric !== other.metric) return true;
  return one.matchers.some((mine) =>
    other.matchers.some((theirs) => mine.label === theirs.label && !canAgree(mine, theirs)),
  );
}

function canAgree(one: Matcher, other: Matcher): boolean {
  const [values, more] = [literalsOf(one), literalsOf(other)];
  if (values && more) return values.some((value) => more.includes(value));
  if (values) return values.some((value) => new RegExp(`^(?:${other.value})$`).test(value));
  if (more) return more.some((value) => new RegExp(`^(?:${one.value})$`).test(value));
  // Of two patterns it is not known, so they may.
  return true;
}

/** The values that a matcher takes, when it lists them. */
function literalsOf({ operator, value }: Matcher): string[] | undefined {
  if (operator === '=') return [value];
  const parts = value.split('|');
  const plain = parts.every((part) => /^(\w|-|\\[.*+?^${}()|[\]\\])*$/.test(part));
  return plain ? parts.map((part) => part.replace(/\\(.)/g, '$1')) : undefined;
}

/** The value of `sum(…)` over arithmetic on gauges that have the same labels, one of each a pod: `gate_working` by its name. */
export function sumOver(expr: string, pods: readonly Readonly<Record<string, number>>[]): number {
  const [, one] = /^sum\((.*)\)$/.exec(expr) ?? [];
  if (one === undefined) throw new Error(`no sum: ${expr}`);
  return pods.reduce((sum, pod) => {
    const arithmetic = one.replace(SELECTOR, (_, metric) => String(pod[metric])).replaceAll('clamp_max', 'Math.min');
    return sum + Number(new Function(`return ${arithmetic}`)());
  }, 0);
}
