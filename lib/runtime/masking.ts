/**
 * Takes secrets out of a message before anybody keeps or reads it: by the name of the field, and by the look of the
 * value wherever it stands. Pure, linear in the length of the text, and safe on input made to break it.
 */
import { createHash } from 'node:crypto';

/** What stands where a secret stood. */
export const MASK = '[masked]';

/** Names of fields whose values are masked unless the user names others. Case and separators don't matter. */
export const DEFAULT_MASKED_FIELDS: readonly string[] = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'authorization',
  'cookie',
  'apiKey',
  'accessKey',
  'privateKey',
  'credential',
  'signature',
  'cardNumber',
  'pan',
  'cvv',
  'cvc',
  'pin',
  'iban',
  'accountNumber',
  'ssn',
  'email',
  'phone',
];

/** JSON nested deeper than this is masked whole: a message that deep is an attack on the parser. */
const MAX_DEPTH = 64;

/** Masks one message; the names of fields are compared without case and separators. */
export class Masking {
  private readonly names: readonly string[];
  private readonly assignment?: RegExp;

  constructor(fields: readonly string[] = DEFAULT_MASKED_FIELDS) {
    this.names = [...new Set(fields.map(normalised).filter((name) => name.length > 0))];
    if (this.names.length > 0) {
      const names = this.names.map((name) => [...name].map(escaped).join('[-_ ]?')).join('|');
      const value = `"[^"]*"?|'[^']*'?|(?:(?:Bearer|Basic)\\s{1,3})?[^\\s&;,"'<>]+`;
      this.assignment = new RegExp(`((?:${names})\\\\{0,3}["']?\\s{0,3}[=:]\\s{0,3}\\\\{0,3})(?:${value})`, 'gi');
    }
  }

  /**
   * A body without its secrets. JSON and form bodies keep their shape; of anything else only length and SHA-256 digest
   * (base64) stay, because nobody can say where its secrets are. JSON bodies stay JSON.
   */
  public body(body: string): string {
    const json = parsed(body);
    if (json.ok) return JSON.stringify(this.value(json.value, 0));
    if (FORM.test(body)) return this.form(body);
    return this.digest(body);
  }

  /** A body of which only length and SHA-256 digest stay. */
  public digest(body: string): string {
    const sha256 = createHash('sha256').update(body).digest('base64');
    return JSON.stringify({ masked: 'all', bytes: Buffer.byteLength(body), sha256 });
  }

  /** A value that stands under a name: an attribute, a header. */
  public named(name: string, value: string): string {
    return this.isSensitive(name) ? MASK : this.text(value, 0);
  }

  /** True when the name is one of the masked fields, alone or inside a longer name. */
  public isSensitive(name: string): boolean {
    const whole = normalised(name);
    // A short name inside a longer one is mostly chance ("ssn" in "className"), so it must be a word of its own.
    const words = name
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .split(/[^\p{L}\p{N}]+/u)
      .map(normalised);
    return this.names.some((field) =>
      field.length >= 5 ? whole.includes(field) : whole === field || words.includes(field),
    );
  }

  private value(value: unknown, depth: number): unknown {
    if (depth > MAX_DEPTH) return MASK;
    if (typeof value === 'string') return this.text(value, depth);
    if (typeof value === 'number') return isCardNumber(String(value)) ? MASK : value;
    if (Array.isArray(value)) return value.map((item) => this.value(item, depth + 1));
    if (value === null || typeof value !== 'object') return value;
    const entries = new Map<string, unknown>();
    for (const [key, item] of Object.entries(value)) {
      const safeKey = this.patterns(key);
      // Two keys that are secrets themselves must not become one.
      let unique = safeKey;
      for (let number = 2; entries.has(unique); number++) unique = `${safeKey}${number}`;
      entries.set(unique, this.isSensitive(key) ? MASK : this.value(item, depth + 1));
    }
    return Object.fromEntries(entries);
  }

  /** A string: JSON inside it (an SNS envelope, a log line) is masked as JSON. */
  private text(text: string, depth: number): string {
    if (/^\s*[[{]/.test(text)) {
      const json = parsed(text);
      if (json.ok) return depth >= MAX_DEPTH ? MASK : JSON.stringify(this.value(json.value, depth + 1));
    }
    return this.patterns(text);
  }

  private form(body: string): string {
    return body
      .split('&')
      .map((pair) => {
        const [name, value] = pair.split('=');
        const plainName = decoded(name);
        const plainValue = decoded(value);
        return [
          rewritten(name, plainName, this.patterns(plainName)),
          rewritten(value, plainValue, this.named(plainName, plainValue)),
        ].join('=');
      })
      .join('&');
  }

  private patterns(text: string): string {
    let masked = this.assignment ? text.replace(this.assignment, `$1${MASK}`) : text;
    for (const pattern of SECRET_PATTERNS) masked = masked.replace(pattern, MASK);
    masked = masked.replace(DIGIT_GROUPS, maskCardNumbers);
    return masked.replace(IBAN, (iban) => (isIban(iban) ? MASK : iban));
  }
}

/** Every repetition is bounded or cannot overlap what follows it: a megabyte of one letter must not cost minutes. */
const SECRET_PATTERNS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g,
  /\b(?:Bearer|Basic)\s{1,3}[A-Za-z0-9._~+/-]{8,}={0,2}/gi,
  /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{2,4096}\.[A-Za-z0-9_-]{0,4096}/g,
  /(?:AKIA|ASIA)[0-9A-Z]{16}/g,
  /gh[pousr]_[A-Za-z0-9]{20,255}/g,
  /github_pat_[A-Za-z0-9_]{20,255}/g,
  /xox[abeprs]-[A-Za-z0-9-]{10,255}/g,
  /(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,255}/g,
  /whsec_[A-Za-z0-9+/=]{16,255}/g,
  /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g,
];

/** Names and values of a form; the length and the single `=` keep a padded base64 text from passing for one. */
const FORM = /^[A-Za-z0-9_.%[\]+-]{1,64}=[^=&\s]+(?:&[A-Za-z0-9_.%[\]+-]{1,64}=[^=&\s]*)*$/;

/** At least 13 digits, perhaps in groups. */
const DIGIT_GROUPS = /(?<!\d)\d(?:[ -]?\d){12,}/g;

const IBAN =
  /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?)(?![A-Za-z0-9])/g;

/** Masks every card number that begins and ends where a group of digits does: "4111 1111 1111 1111 123" has one. */
function maskCardNumbers(text: string): string {
  const parts = text.split(/([ -])/);
  const kept: string[] = [];
  for (let first = 0; first < parts.length; ) {
    let digits = '';
    let next = first + 1;
    let end = 0;
    for (let last = first; last < parts.length && digits.length <= 19; last += 2) {
      digits += parts[last];
      if (isCardNumber(digits)) end = last + 1;
    }
    if (end > 0) next = end;
    kept.push(end > 0 ? MASK : parts[first]);
    if (next < parts.length) kept.push(parts[next]);
    first = next + 1;
  }
  return kept.join('');
}

/** Luhn's check digit, ISO/IEC 7812-1; the first digit of a payment card is 2 to 6. */
function isCardNumber(digits: string): boolean {
  if (digits.length < 13 || digits.length > 19 || digits[0] < '2' || digits[0] > '6') return false;
  let sum = 0;
  for (let position = 0; position < digits.length; position++) {
    const digit = digits.charCodeAt(digits.length - 1 - position) - 48;
    if (digit < 0 || digit > 9) return false;
    const doubled = position % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The remainder of 97, ISO 13616. */
function isIban(text: string): boolean {
  const compact = text.replace(/ /g, '');
  const moved = compact.slice(4) + compact.slice(0, 4);
  let remainder = 0;
  for (const character of moved) {
    const number = Number.parseInt(character, 36);
    remainder = (remainder * (number > 9 ? 100 : 10) + number) % 97;
  }
  return remainder === 1;
}

function normalised(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function escaped(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '));
  } catch {
    return text;
  }
}

/** The form's own spelling when nothing was masked, so that a second pass finds what the first left. */
function rewritten(given: string, plain: string, masked: string): string {
  return masked === plain ? given : encodeURIComponent(masked).replaceAll(encodeURIComponent(MASK), MASK);
}

function parsed(text: string): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}
