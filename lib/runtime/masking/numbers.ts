/**
 * Numbers with check digits: payment cards and bank accounts. Linear: from every group of digits a bounded number of
 * characters is read.
 */

const MOST_CARD_DIGITS = 19;
/** Between the groups of a card number as people write it: blanks, dashes, dots, of any width. */
const CARD_GAP = /^(?:[ \t._/+\-\u00a0\u2000-\u2015\u202f\u2212\u3000]{1,3}|%20)$/;
const UUID = /((?<![0-9A-Za-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Za-z]))/i;
const IBAN_START = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}/g;
const IBAN_GAP = /^[ .\u00a0\u202f-]$/;
const MOST_IBAN_CHARACTERS = 34;
const FEWEST_IBAN_CHARACTERS = 15;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** The text with every card number replaced; a card number begins and ends where a group of digits does. */
export function replaceCardNumbers(text: string, mask: string): string {
  if (!/\d/.test(text)) return text;
  // A UUID of nothing but digits is a UUID.
  return text
    .split(UUID)
    .map((part, index) => (index % 2 === 1 ? part : replaced(part, cardNumbers(part), mask)))
    .join('');
}

/** The text with every IBAN replaced, in any case, with or without groups. */
export function replaceIbans(text: string, mask: string): string {
  const found: Range[] = [];
  IBAN_START.lastIndex = 0;
  for (let match = IBAN_START.exec(text); match; match = IBAN_START.exec(text)) {
    const end = ibanEnd(text, match.index);
    if (end === 0) continue;
    found.push({ start: match.index, end });
    IBAN_START.lastIndex = end;
  }
  return replaced(text, found, mask);
}

/**
 * First digits and lengths of the issuers: Visa, Mastercard and Maestro, Discover and UnionPay, American Express, Diners,
 * JCB, Mir. Dates and epochs begin with 1 or 20 and are no cards.
 */
const ISSUED = /^(?:[456]\d{12,18}|3[47]\d{13}|3[0689]\d{12,17}|35\d{14,17}|2[2-7]\d{14,17}|81\d{14,17})$/;

/** ISO/IEC 7812-1: an issuer's first digits, and Luhn's check digit. */
export function isCardNumber(digits: string): boolean {
  const { length } = digits;
  if (length > MOST_CARD_DIGITS || !ISSUED.test(digits)) return false;
  let sum = 0;
  for (let position = 0; position < length; position++) {
    const digit = digits.charCodeAt(length - 1 - position) - 48;
    const doubled = position % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function cardNumbers(text: string): Range[] {
  const starts: number[] = [];
  const ends: number[] = [];
  // A blank as URLs have it is no group of digits.
  const group = /%20|\d+/g;
  for (let match = group.exec(text); match; match = group.exec(text)) {
    if (match[0][0] === '%') continue;
    starts.push(match.index);
    ends.push(group.lastIndex);
  }
  const found: Range[] = [];
  for (let first = 0; first < starts.length; ) {
    const last = lastGroupOfCard(text, starts, ends, first);
    if (last !== undefined) found.push({ start: starts[first], end: ends[last] });
    first = (last ?? first) + 1;
  }
  return found;
}

/** The group that ends the longest card number beginning with `first`. */
function lastGroupOfCard(
  text: string,
  starts: readonly number[],
  ends: readonly number[],
  first: number,
): number | undefined {
  let digits = '';
  let found: number | undefined;
  for (let last = first; last < starts.length; last++) {
    if (digits.length + ends[last] - starts[last] > MOST_CARD_DIGITS) break;
    if (last > first && !isGap(text, ends[last - 1], starts[last])) break;
    digits += text.slice(starts[last], ends[last]);
    if (isCardNumber(digits)) found = last;
  }
  return found;
}

function isGap(text: string, start: number, end: number): boolean {
  return end - start <= 3 && CARD_GAP.test(text.slice(start, end));
}

/** Where the longest IBAN that begins at `start` ends; 0 when none does. ISO 13616: the remainder of 97 is 1. */
function ibanEnd(text: string, start: number): number {
  // The first four characters count last: two letters of two digits each, and two digits.
  let head = 0;
  for (let at = start; at < start + 4; at++) head = appended(head, text.charCodeAt(at));
  let remainder = 0;
  let length = 4;
  let found = 0;
  for (let at = start + 4; length <= MOST_IBAN_CHARACTERS; at++) {
    const code = text.charCodeAt(at);
    if (isLetterOrDigit(code)) {
      remainder = appended(remainder, code) % 97;
      length++;
      continue;
    }
    if (length >= FEWEST_IBAN_CHARACTERS && (remainder * 1_000_000 + head) % 97 === 1) found = at;
    const isInnerGap = length % 4 === 0 && at < text.length && IBAN_GAP.test(text[at]);
    if (!isInnerGap || !isLetterOrDigit(text.charCodeAt(at + 1))) break;
  }
  return found;
}

/** The number with a character's value behind it: a letter is 10 to 35. */
function appended(number: number, code: number): number {
  return code <= 57 ? number * 10 + code - 48 : number * 100 + ((code & 31) + 9);
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

function replaced(text: string, ranges: readonly Range[], mask: string): string {
  if (ranges.length === 0) return text;
  const kept = ranges.map(({ start }, index) => text.slice(index === 0 ? 0 : ranges[index - 1].end, start));
  return `${kept.join(mask)}${mask}${text.slice(ranges[ranges.length - 1].end)}`;
}
