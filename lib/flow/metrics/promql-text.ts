/**
 * Texts inside PromQL: what stands between quotes, and which names a pattern fits. A pattern that JavaScript does not read as
 * Prometheus does has no answer here, and the reader then counts every series as needed.
 *
 * Source: Prometheus, Querying basics, String literals; RE2, Syntax; Grafana, Variable syntax.
 */

/** A variable of a dashboard, as the source of a pattern: `$name`, `${name:format}`, `[[name:format]]`. */
export const VARIABLE = String.raw`\$\{[^}]*\}|\[\[\w+(?::\w+)?\]\]|\$\w+`;
const VARIABLES = new RegExp(`(${VARIABLE})`);

/** Whether a variable of a dashboard is in a text, which then may be anything. */
export function hasVariable(text: string): boolean {
  return VARIABLES.test(text);
}

/** Escapes in quotes: a code in hexadecimal or octal digits, or one character. */
const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))/g;
const CONTROLS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** What a text in quotes says. Between backticks nothing is an escape. */
export function unquoted(token: string): string {
  const inside = token.slice(1, -1);
  if (token.startsWith('`')) return inside;
  return inside.replace(ESCAPE, (_all, byte, short, long, octal, character) => {
    const code = byte ?? short ?? long;
    if (code !== undefined) return ofCode(Number.parseInt(code, 16));
    return octal === undefined ? (CONTROLS[character] ?? character) : ofCode(Number.parseInt(octal, 8));
  });
}

/** The character of a code; beyond the last one there is none, and the text fits nothing. */
function ofCode(code: number): string {
  return code > 0x10ffff ? '' : String.fromCodePoint(code);
}

/**
 * What RE2 reads in another way than JavaScript, which takes it in silence: `[[:alpha:]]`, `[]a]`, and escapes such as `\pL`,
 * `\Q`, `\z` and `\x{41}`. The escapes that mean the same in both are left out.
 */
const ANOTHER_MEANING = /\[\^?\]|\[:|\\(?![dDwWsSbBnrtfv])[A-Za-z\d]/;

/** The pattern of a matcher, anchored as Prometheus anchors it. Undefined where it cannot be decided. */
export function anchored(pattern: string): RegExp | undefined {
  if (ANOTHER_MEANING.test(pattern)) return undefined;
  try {
    return new RegExp(`^(?:${pattern})$`, 's');
  } catch {
    // Of RE2 alone, such as (?i).
    return undefined;
  }
}

/** A name in which variables may be anything, as a pattern. */
export function nameWithVariables(name: string): string {
  return partsOf(name, (literal) => literal.replace(/[^\w:]/g, '\\$&'));
}

/**
 * A pattern in which variables may be anything. Undefined where one stands in a class, in a count or after a backslash: there
 * "anything" has no pattern.
 */
export function patternWithVariables(pattern: string): string | undefined {
  const literals = pattern.split(VARIABLES).filter((_part, index) => index % 2 === 0);
  return literals.length > 1 && literals.some((literal) => /[[{]|\\$/.test(literal))
    ? undefined
    : partsOf(pattern, (literal) => literal);
}

function partsOf(text: string, ofLiteral: (literal: string) => string): string {
  return text
    .split(VARIABLES)
    .map((part, index) => (index % 2 === 1 ? '.*' : ofLiteral(part)))
    .join('');
}
