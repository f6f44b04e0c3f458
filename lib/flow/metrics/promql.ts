/**
 * Which series an expression needs: names, patterns of names and buckets. A reader of words, not a grammar: what it cannot
 * decide counts as needed.
 *
 * Source: Prometheus, Querying basics; Grafana, Prometheus template variables.
 */
import { durationSeconds } from '../prometheus-duration';
import { anchored, hasVariable, nameWithVariables, patternWithVariables, unquoted, VARIABLE } from './promql-text';

/** The range of a rate, and of which series: neither a name nor a pattern is any series of the expression. */
export interface RateRange {
  /** How long it is. */
  readonly seconds: number;
  /** The name of its series. */
  readonly name?: string;
  /** The names that its series may have. */
  readonly pattern?: RegExp;
}

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
  /** Ranges of rates. */
  readonly windows: readonly RateRange[];
  /** Whether it takes one operand where another has nothing: `a or b`. */
  readonly alternatives: boolean;
}

/** Words that are no metric, also where no parenthesis follows. */
const KEYWORDS = new Set(
  'and or unless bool offset atan2 by without on ignoring group_left group_right inf nan'.split(' '),
);
/** Words before a list of labels. */
const LISTS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const AGGREGATIONS = new Set(
  'sum min max avg group stddev stdvar count count_values bottomk topk quantile limitk limit_ratio'.split(' '),
);
/** Functions over a range that need several samples in it. */
const RATES = new Set(['rate', 'irate', 'increase', 'delta', 'idelta', 'deriv']);
/** Between the name of a label and its value. */
const MATCHES = new Set(['=', '=~', '!=', '!~']);

/** Comment, text, word with variables of Grafana, number with unit, comparison, or a single character. */
const TOKEN = new RegExp(
  [
    String.raw`#[^\n]*`,
    String.raw`"(?:[^"\\]|\\[\s\S])*"`,
    String.raw`'(?:[^'\\]|\\[\s\S])*'`,
    '`[^`]*`',
    String.raw`(?:[a-zA-Z_:]|${VARIABLE})(?:[\w:]|${VARIABLE})*`,
    String.raw`\d[\w.]*`,
    String.raw`=~|!~|!=|\S`,
  ].join('|'),
  'g',
);

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
  private readonly windows: RateRange[] = [];
  private alternatives = false;
  /** Functions whose parentheses are open. */
  private readonly open: string[] = [];
  /** What the last selector selects. */
  private selected: Pick<RateRange, 'name' | 'pattern'> = {};

  constructor(expression: string) {
    this.tokens = (expression.match(TOKEN) ?? []).filter((token) => !token.startsWith('#'));
  }

  public read(): NeededSeries {
    while (this.at < this.tokens.length) this.step();
    const { names, patterns, every, bounds, everyBound, windows, alternatives } = this;
    return { names, patterns, every, bounds, everyBound, windows, alternatives };
  }

  private step(): void {
    const token = this.tokens[this.at];
    this.at += 1;
    const next = this.tokens[this.at];
    const word = token.toLowerCase();
    if (token === '{') this.matchers(false);
    else if (token === '[') this.range();
    else if (token === '(') this.open.push('');
    else if (token === ')') this.close();
    else if (token === '@' || word === 'offset') this.moment();
    else if (LISTS.has(word) && next === '(') this.skipTo(')');
    else if (!isWord(token)) return;
    else if (next === '(') {
      this.open.push(token);
      this.at += 1;
      // Grafana's own: the names of all metrics that match.
      if (token === 'metrics') this.metricsFunction();
    } else if (AGGREGATIONS.has(token) && LISTS.has(next)) return;
    else if (KEYWORDS.has(word)) this.alternatives ||= word === 'or';
    else {
      this.name(token);
      if (next !== '{') return;
      this.at += 1;
      this.matchers(true);
    }
  }

  private close(): void {
    this.open.pop();
    // A subquery may follow, which has the series of all that was in the parentheses.
    this.selected = {};
  }

  /** A variable after `offset` or `@` is a time, and no name. */
  private moment(): void {
    while (['-', '+'].includes(this.tokens[this.at])) this.at += 1;
    if (hasVariable(this.tokens[this.at] ?? '')) this.at += 1;
  }

  private name(name: string): void {
    if (hasVariable(name)) this.pattern(nameWithVariables(name));
    else {
      this.names.add(name);
      this.selected = { name };
    }
  }

  private pattern(text: string | undefined): void {
    const pattern = text === undefined ? undefined : anchored(text);
    if (pattern === undefined) this.every = true;
    else this.patterns.push(pattern);
    this.selected = { pattern };
  }

  /** What cannot be read may need anything. */
  private undecided(): void {
    this.every = true;
    this.everyBound = true;
  }

  /** `{job="api",le="0.5"}`, of which the brace was read. */
  private matchers(afterName: boolean): void {
    let named = afterName;
    while (this.at < this.tokens.length && this.tokens[this.at] !== '}') {
      const [label, operator, value] = this.tokens.slice(this.at, this.at + 3);
      if (MATCHES.has(operator)) {
        const text = isText(value) ? unquoted(value) : undefined;
        named = this.matcher(isText(label) ? unquoted(label) : label, operator, text) || named;
        // A value that is neither text nor a variable is read again, as what it is.
        this.at += text !== undefined || hasVariable(value ?? '') ? 3 : 2;
        continue;
      }
      this.at += 1;
      if (isText(label)) {
        // A name in quotes, as Prometheus 3 takes it.
        this.name(unquoted(label));
        named = true;
      } else if (hasVariable(label)) {
        // A variable that stands for matchers: any label, and any bound.
        this.everyBound = true;
      } else if (label !== ',') this.undecided();
    }
    if (this.at >= this.tokens.length) this.undecided();
    this.at += 1;
    if (named) return;
    this.every = true;
    this.selected = {};
  }

  /** One matcher; true when it selects by name. */
  private matcher(label: string, operator: string, text: string | undefined): boolean {
    if (label === 'le' || hasVariable(label)) this.boundMatcher(operator, label === 'le' ? text : undefined);
    if (label !== '__name__' || text === undefined) return false;
    if (operator === '=') this.name(text);
    else if (operator === '=~') this.pattern(patternWithVariables(text));
    return operator === '=' || operator === '=~';
  }

  private boundMatcher(operator: string, text: string | undefined): void {
    if (operator === '=' && text !== undefined && !hasVariable(text)) this.bounds.push(text);
    else this.everyBound = true;
  }

  /** `[5m]` or `[1h:1m]`, of which the bracket was read. A range that is computed, such as `[5m * 2]`, is not known. */
  private range(): void {
    const [window, next = ''] = this.tokens.slice(this.at, this.at + 2);
    this.skipTo(']');
    const seconds = durationSeconds(window);
    if (seconds === undefined || !/^[\]:]/.test(next) || !RATES.has(this.open.at(-1) ?? '')) return;
    this.windows.push({ seconds, ...this.selected });
  }

  private metricsFunction(): void {
    let pattern = '';
    while (this.at < this.tokens.length && this.tokens[this.at] !== ')') {
      pattern += isText(this.tokens[this.at]) ? unquoted(this.tokens[this.at]) : this.tokens[this.at];
      this.at += 1;
    }
    const anything = patternWithVariables(pattern);
    // Not anchored, unlike a matcher.
    this.pattern(anything === undefined ? undefined : `.*(?:${anything}).*`);
  }

  private skipTo(end: string): void {
    while (this.at < this.tokens.length && this.tokens[this.at] !== end) this.at += 1;
    // Without an end, what was skipped may have been the rest of the expression.
    if (this.at >= this.tokens.length) this.undecided();
    this.at += 1;
  }
}

function isText(token: string | undefined): token is string {
  return token !== undefined && /^["'`]/.test(token) && token.length > 1;
}

function isWord(token: string): boolean {
  return /^[a-zA-Z_:]/.test(token) || (hasVariable(token) && !isText(token));
}
