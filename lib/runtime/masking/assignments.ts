/**
 * Secrets in plain text after their name: `password=…`, `"apiKey": "…"`, `Authorization: Token …`, `--token …`,
 * `<pin>…</pin>`. Linear: before a separator a bounded number of characters is read, and the text read after it is
 * masked, so no character is read twice.
 */
import { type FieldNames, normalised } from './field-names';

/** Also as a URL has them, however often it was escaped, and in full width. */
const SEPARATOR = /[=:\uff1a\uff1d]|%(?:25){0,4}3[ad]/gi;
const OPTION = /(?<![\w-])--?([a-z][\w-]{0,63})[ \t]{1,3}(?=[^\s-])/gi;
const ELEMENT = /<(?:[\w-]{1,32}:)?([\w.-]{1,64})(?:\s[^<>]{0,256})?>(?=[^<\s])/g;
const CREDENTIALS_LINE = /\b(?:login|account)\s{1,8}\S{1,128}\s{1,8}password\s{1,8}(?=\S)/gi;
const SQL_PASSWORD = /\b(?:identified(?:\s{1,3}with\s{1,3}\w{1,64})?\s{1,3}by|password)\s{1,3}(?=')/gi;
/** User and password of `curl` and its like. */
const USER_OPTION = /(?<!\S)(?:-u|--user|--proxy-user)[ \t=]{0,3}[^\s:"']{0,64}:(?=\S)/g;
/** A pair as Python and others print it: `('password', '…')`. */
const PAIR = /[([]\s{0,3}(["'])([\w.-]{1,64})\1\s{0,3},\s{0,3}(?=["'])/g;
const SCHEME =
  /(?:Bearer|Basic|Token|Api-?Key|Digest|Negotiate|NTLM|Hawk|OAuth|Key|SSWS|GenieKey|AWS4-HMAC-SHA256)[ \t]{1,3}(?=\S)/iy;
const BARE_VALUE = /[^\s&;,"'<>]+/y;
const BLOCK_SCALAR = /[|>][-+]?\d?[ \t]{0,8}\r?\n(?=[ \t])/y;
/** In a name it stands for a bracket or a quote, not for letters. */
const ESCAPE = /%(?:25){0,4}[0-9a-f]{2}/gi;
const LONGEST_NAME = 128;
const MOST_NAME_WORDS = 3;

/** The text with values after sensitive names replaced. */
export function replaceAssignments(text: string, fields: FieldNames, mask: string): string {
  let masked = replaceAfter(text, SEPARATOR, mask, (match, from) => valueAfterSeparator(text, match, from, fields));
  masked = replaceOptions(masked, fields, mask);
  masked = replaceElements(masked, fields, mask);
  masked = replacePairs(masked, fields, mask);
  if (!fields.has('password')) return masked;
  for (const pattern of [CREDENTIALS_LINE, SQL_PASSWORD, USER_OPTION]) {
    const before = masked;
    masked = replaceAfter(before, pattern, mask, ({ index, 0: { length } }) => valueAt(before, index + length));
  }
  return masked;
}

interface Value {
  readonly start: number;
  readonly end: number;
}

function replaceOptions(text: string, fields: FieldNames, mask: string): string {
  return replaceAfter(text, OPTION, mask, (match) =>
    fields.has(match[1]) ? valueAt(text, match.index + match[0].length) : undefined,
  );
}

function replacePairs(text: string, fields: FieldNames, mask: string): string {
  return replaceAfter(text, PAIR, mask, (match) =>
    fields.has(match[2]) ? valueAt(text, match.index + match[0].length) : undefined,
  );
}

function replaceElements(text: string, fields: FieldNames, mask: string): string {
  return replaceAfter(text, ELEMENT, mask, (match) => {
    if (!fields.has(match[1])) return undefined;
    const start = match.index + match[0].length;
    const end = text.indexOf('<', start);
    return { start, end: end < 0 ? text.length : end };
  });
}

/** Replaces the value that `valueFor` finds for a match, given the end of the previous one; continues after it. */
function replaceAfter(
  text: string,
  pattern: RegExp,
  mask: string,
  valueFor: (match: RegExpExecArray, from: number) => Value | undefined,
): string {
  const kept: string[] = [];
  let from = 0;
  let previous = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const value = valueFor(match, previous);
    previous = match.index + match[0].length;
    if (value === undefined || value.end <= value.start) continue;
    kept.push(text.slice(from, value.start), mask);
    from = value.end;
    previous = value.end;
    pattern.lastIndex = value.end;
  }
  return from === 0 ? text : `${kept.join('')}${text.slice(from)}`;
}

function valueAfterSeparator(
  text: string,
  match: RegExpExecArray,
  from: number,
  fields: FieldNames,
): Value | undefined {
  const name = nameBefore(text, from, match.index, fields);
  if (name === undefined) return undefined;
  let start = match.index + match[0].length;
  while (/[=>:]/.test(text[start] ?? '')) start++;
  start = skipped(text, start, /\s/, 8);
  // A header's value is a line, with blanks, commas and quotes in it.
  if (match[0] === ':' && /(?:authorization|cookie2?)$/.test(name.plain) && !/["'\\`]/.test(text[start] ?? ''))
    return { start, end: lineEnd(text, start, name.quote) };
  return valueAt(text, start);
}

/** The sensitive name before a separator, and the quote before the name. */
function nameBefore(
  text: string,
  from: number,
  separator: number,
  fields: FieldNames,
): { plain: string; quote: string } | undefined {
  let end = separator;
  for (let blanks = 0; end > 0 && blanks < 3 && /\s/.test(text[end - 1]); blanks++) end--;
  for (let quotes = 0; end > 0 && quotes < 16 && /["'`\\]/.test(text[end - 1]); quotes++) end--;
  let name = '';
  for (let word = 0, limit = Math.max(from, end - LONGEST_NAME); word < MOST_NAME_WORDS; word++) {
    let start = end;
    while (start > limit && isNameCharacter(text.charCodeAt(start - 1))) start--;
    if (start === end) return undefined;
    name = text.slice(start, end) + name;
    if (fields.has(name) || fields.has(name.replace(ESCAPE, ' ')))
      return { plain: normalised(name), quote: start > 0 ? text[start - 1] : '' };
    if (start === limit || !/[ \t]/.test(text[start - 1])) return undefined;
    end = start - 1;
  }
  return undefined;
}

/** A value in quotes, in brackets or bare, in the manner of JSON, YAML, shells, SQL and headers. */
function valueAt(text: string, start: number): Value {
  const backslashes = runLength(text, start, '\\');
  const quote = text[start + backslashes];
  if (quote === '"' || quote === "'" || quote === '`')
    return { start, end: quotedEnd(text, start + backslashes + 1, quote, backslashes) };
  if (quote === '[' || quote === '{') return { start, end: bareEnd(text, bracketEnd(text, start)) };
  const block = stickyEnd(BLOCK_SCALAR, text, start);
  if (block > start) return { start, end: blockEnd(text, block) };
  return { start, end: bareEnd(text, stickyEnd(SCHEME, text, start)) };
}

/** Behind the closing quote: one with as many backslashes as the opening one, and not doubled as SQL escapes it. */
function quotedEnd(text: string, start: number, quote: string, backslashes: number): number {
  for (let at = text.indexOf(quote, start); at >= 0; at = text.indexOf(quote, at + 1)) {
    let before = 0;
    while (at - before > start && text[at - before - 1] === '\\') before++;
    const isClosing = backslashes === 0 ? before % 2 === 0 : before <= backslashes;
    if (!isClosing) continue;
    if (text[at + 1] !== quote) return at + 1;
    at++;
  }
  return text.length;
}

function bracketEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

/** Behind the indented lines of a YAML block. */
function blockEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && /[ \t\r\n]/.test(text[at])) at = lineEnd(text, at, '') + 1;
  // The line end stays, or the next line would run into the mask.
  return text[at - 1] === '\n' ? at - 1 : Math.min(at, text.length);
}

function lineEnd(text: string, start: number, quote: string): number {
  const stop = /["'`]/.test(quote) ? quote : '\n';
  let at = start;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r' && text[at] !== stop) at++;
  return at;
}

function bareEnd(text: string, start: number): number {
  return stickyEnd(BARE_VALUE, text, start);
}

function stickyEnd(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : start;
}

function skipped(text: string, start: number, pattern: RegExp, most: number): number {
  let at = start;
  while (at - start < most && at < text.length && pattern.test(text[at])) at++;
  return at;
}

function runLength(text: string, start: number, character: string): number {
  let end = start;
  while (text[end] === character) end++;
  return end - start;
}

/** Letters, digits and what joins them in names: `user[password]`, `spring.datasource.password`, `$pw`, `a%5Bb%5D`. */
function isNameCharacter(code: number): boolean {
  if (code >= 0x80) return code !== 0xa0 && code !== 0xff1a && code !== 0xff1d;
  const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
  return isLetter || (code >= 48 && code <= 57) || '_-.$[]%*'.includes(String.fromCharCode(code));
}
