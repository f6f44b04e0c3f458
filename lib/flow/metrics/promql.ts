/**
 * Which series an expression needs: names, patterns of names and buckets. A reader of words, not a grammar: what it cannot
 * decide counts as needed.
 *
 * Source: Prometheus, Querying basics; Grafana, Prometheus template variables.
 */
import { durationSeconds } from '../prometheus-duration';

/** The series that an expression needs. */
export interface NeededSeries {
  /** Names of series, also of recorded ones. */
  readonly names: ReadonlySet<string>;
  /** Patterns of names, from `{__name__=~"…"}` and from variables in names. */
  readonly patterns: readonly RegExp[];
  /** Whether it selects series by labels alone, whatever their name. */
  readonly every: boolean;
  /** Bounds that it selects by `le="…"`. */
  readonly bounds: readonly string[];
  /** Whether it selects buckets in another way, so that all are needed. */
  readonly everyBound: boolean;
  /** Windows of rates, in seconds. */
  readonly windows: readonly number[];
}

/** Words that are no metric, also where no parenthesis follows. */
const KEYWORDS = new Set(
  'and or unless bool offset atan2 by without on ignoring group_left group_right inf nan start end fill fill_left fill_right'.split(
    ' ',
  ),
);
/** Words before a list of labels. */
const LISTS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const AGGREGATIONS = new Set(
  'sum min max avg group stddev stdvar count count_values bottomk topk quantile limitk limit_ratio'.split(' '),
);
/** Functions over a range that need several samples in it. */
const RATES = new Set(['rate', 'irate', 'increase', 'delta', 'idelta', 'deriv']);

/** Comment, text, variable of Grafana, number with unit, word, comparison, or a single character. */
const TOKEN =
  /#[^\n]*|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|`[^`]*`|(?:[a-zA-Z_:]|\$\{[^}]*\}|\[\[\w+\]\]|\$\w+)(?:[\w:]|\$\{[^}]*\}|\[\[\w+\]\]|\$\w+)*|\d[\w.]*|=~|!~|!=|\S/g;

/** The series that an expression needs. */
export function seriesOf(expression: string): NeededSeries {
  return new Reader(expression).read();
}

class Reader {
  private readonly tokens: readonly string[];
  private at = 0;
  private readonly names = new Set<string>();
  private readonly patterns: RegExp[] = [];
  private every = false;
  private readonly bounds: string[] = [];
  private everyBound = false;
  private readonly windows: number[] = [];
  /** Functions whose parentheses are open. */
  private readonly open: string[] = [];

  constructor(expression: string) {
    this.tokens = (expression.match(TOKEN) ?? []).filter((token) => !token.startsWith('#'));
  }

  public read(): NeededSeries {
    while (this.at < this.tokens.length) this.step();
    const { names, patterns, every, bounds, everyBound, windows } = this;
    return { names, patterns, every, bounds, everyBound, windows };
  }

  private step(): void {
    const token = this.tokens[this.at];
    this.at += 1;
    const next = this.tokens[this.at];
    if (token === '{') this.matchers(undefined);
    else if (token === '[') this.range();
    else if (token === '(') this.open.push('');
    else if (token === ')') this.open.pop();
    else if (LISTS.has(token.toLowerCase()) && next === '(') this.skipTo(')');
    else if (!isWord(token)) return;
    else if (next === '(') {
      this.open.push(token);
      this.at += 1;
      // Grafana's own: the names of all metrics that match.
      if (token === 'metrics') this.metricsFunction();
    } else if (AGGREGATIONS.has(token) && LISTS.has(next)) return;
    else if (!KEYWORDS.has(token.toLowerCase())) {
      this.name(token);
      if (next !== '{') return;
      this.at += 1;
      this.matchers(token);
    }
  }

  private name(name: string): void {
    if (/[$[]/.test(name)) this.pattern(withVariables(name));
    else this.names.add(name);
  }

  private pattern(text: string): void {
    try {
      this.patterns.push(new RegExp(`^(?:${text})$`, 's'));
    } catch {
      // A pattern of RE2 that JavaScript has not, such as (?i).
      this.every = true;
    }
  }

  /** `{job="api",le="0.5"}`, of which the brace was read. */
  private matchers(name: string | undefined): void {
    let named = name !== undefined;
    while (this.at < this.tokens.length && this.tokens[this.at] !== '}') {
      const [label, operator, value] = this.tokens.slice(this.at, this.at + 3);
      if (label === ',') {
        this.at += 1;
        continue;
      }
      const text = isText(value) ? unquoted(value) : undefined;
      if (isText(label) && !['=', '=~', '!=', '!~'].includes(operator)) {
        // A name in quotes, as Prometheus 3 takes it.
        this.names.add(unquoted(label));
        named = true;
        this.at += 1;
        continue;
      }
      const called = isText(label) ? unquoted(label) : label;
      if (called === '__name__' && text !== undefined) named = this.nameMatcher(operator, text) || named;
      if (called === 'le') this.boundMatcher(operator, text);
      this.at += 3;
    }
    this.at += 1;
    if (!named) this.every = true;
  }

  private nameMatcher(operator: string, text: string): boolean {
    if (operator === '=') this.name(text);
    else if (operator === '=~') this.pattern(/[$[]\w*[{[]?/.test(text) ? withVariables(text, true) : text);
    return operator === '=' || operator === '=~';
  }

  private boundMatcher(operator: string, text: string | undefined): void {
    if (operator === '=' && text !== undefined && !text.includes('$')) this.bounds.push(text);
    else this.everyBound = true;
  }

  /** `[5m]` or `[1h:1m]`, of which the bracket was read. */
  private range(): void {
    const window = this.tokens[this.at] ?? '';
    this.skipTo(']');
    const seconds = durationSeconds(window);
    if (seconds !== undefined && RATES.has(this.open.at(-1) ?? '')) this.windows.push(seconds);
  }

  private metricsFunction(): void {
    let pattern = '';
    while (this.at < this.tokens.length && this.tokens[this.at] !== ')') {
      pattern += isText(this.tokens[this.at]) ? unquoted(this.tokens[this.at]) : this.tokens[this.at];
      this.at += 1;
    }
    // Not anchored, unlike a matcher.
    this.pattern(`.*(?:${pattern}).*`);
  }

  private skipTo(end: string): void {
    while (this.at < this.tokens.length && this.tokens[this.at] !== end) this.at += 1;
    this.at += 1;
  }
}

function isText(token: string | undefined): token is string {
  return token !== undefined && /^["'`]/.test(token);
}

function isWord(token: string): boolean {
  return /^[a-zA-Z_:$[]/.test(token);
}

function unquoted(token: string): string {
  return token.slice(1, -1).replace(/\\(.)/g, '$1');
}

/** A name or a pattern in which variables of a dashboard may be anything. */
function withVariables(text: string, isPattern = false): string {
  return text
    .split(/(\$\{[^}]*\}|\[\[\w+\]\]|\$\w+)/)
    .map((part, index) => (index % 2 === 1 ? '.*' : isPattern ? part : part.replace(/[^\w:]/g, '')))
    .join('');
}
