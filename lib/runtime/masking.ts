/**
 * Masks secrets in a message before it is stored or read: by the name of the field, and by the format of the value in
 * any place. Pure, linear in the length of the text, and safe on input made to break it.
 */
import { createHash } from 'node:crypto';
import { replaceAssignments } from './masking/assignments';
import { DEFAULT_MASKED_FIELDS, FieldNames } from './masking/field-names';
import { isJson, type JsonRules, MAX_DEPTH, maskJson } from './masking/json-text';
import { isCardNumber, replaceCardNumbers, replaceIbans } from './masking/numbers';
import { replaceSecretTexts } from './masking/secret-texts';

export { DEFAULT_MASKED_FIELDS };

/** The replacement for a secret. */
export const MASK = '[masked]';

/** Output of `digest`: 32 random bytes sometimes look like a bank account. */
const DIGEST = /^\{"masked":"all","bytes":\d{1,10},"sha256":"[A-Za-z0-9+/]{43}="\}$/;
/** The shortest secret, with its name or in its format. */
const SHORTEST_SECRET = 5;
/** Each form inside a form is read whole again, so their number is limited. */
const FORM_DEPTH = 16;
/** Masking may join two halves of a secret, so the result is masked again, at most this often. */
const MOST_PASSES = 4;

/** Masks one message; the names of fields are compared without case and separators. */
export class Masking {
  private readonly fields: FieldNames;
  private readonly json: JsonRules;

  constructor(fields: readonly string[] = DEFAULT_MASKED_FIELDS) {
    this.fields = new FieldNames(fields);
    this.json = {
      mask: MASK,
      text: (text, depth) => this.at(text, depth),
      key: (key) => (this.patterns(key) === key ? key : MASK),
      isSensitive: (name) => this.fields.has(name),
      isSecretNumber,
    };
  }

  /**
   * A body without its secrets. JSON and form bodies keep their shape; of anything else only length and SHA-256 digest
   * (base64) stay, because the place of its secrets is unknown. JSON bodies stay JSON.
   */
  public body(body: string): string {
    if (DIGEST.test(body)) return body;
    if (isJson(body)) return maskJson(body, this.json, 0);
    const pairs = formPairs(body);
    return pairs ? this.form(pairs, 0) : this.digest(body);
  }

  /** A body of which only length and SHA-256 digest stay. */
  public digest(body: string): string {
    const sha256 = createHash('sha256').update(body).digest('base64');
    return JSON.stringify({ masked: 'all', bytes: Buffer.byteLength(body), sha256 });
  }

  /** A value with a name: an attribute, a header. */
  public named(name: string, value: string): string {
    return this.under(name, value, 0);
  }

  /** Any text: JSON is masked as JSON, other text by the format of its values. */
  public text(text: string): string {
    return this.at(text, 0);
  }

  /** True when the name is one of the masked fields, alone or inside a longer name. */
  public isSensitive(name: string): boolean {
    return this.fields.has(name);
  }

  private under(name: string, value: string, depth: number): string {
    return this.isSensitive(name) ? MASK : this.at(value, depth);
  }

  /** A string at some depth: JSON or a form inside it (an SNS envelope, a proxied request) is masked as such. */
  private at(text: string, depth: number): string {
    if (text.length < SHORTEST_SECRET) return text;
    if (looksLikeJson(text)) return this.inner(text, depth);
    const pairs = text.includes('%') ? formPairs(text) : undefined;
    if (pairs) return depth + FORM_DEPTH > MAX_DEPTH ? MASK : this.form(pairs, depth + FORM_DEPTH);
    const masked = this.patterns(text);
    return masked !== text && looksLikeJson(masked) ? this.inner(masked, depth) : masked;
  }

  private inner(text: string, depth: number): string {
    return depth >= MAX_DEPTH ? MASK : maskJson(text, this.json, depth + 1);
  }

  private form(pairs: readonly (readonly [string, string])[], depth: number): string {
    return pairs
      .map(([name, value]) => {
        const plainName = decoded(name);
        const plainValue = decoded(value);
        const maskedName = this.patterns(plainName);
        return [
          rewritten(name, plainName, maskedName),
          rewritten(value, plainValue, this.under(plainName, plainValue, depth)),
        ].join('=');
      })
      .join('&');
  }

  private patterns(text: string): string {
    if (text.length < SHORTEST_SECRET) return text;
    let masked = text;
    for (let pass = 0; pass < MOST_PASSES; pass++) {
      const before = masked;
      masked = replaceSecretTexts(masked, MASK);
      masked = replaceAssignments(masked, this.fields, MASK);
      masked = replaceCardNumbers(masked, MASK);
      masked = replaceIbans(masked, MASK);
      if (masked === before) return masked;
    }
    return MASK;
  }
}

/** `encodeURIComponent` throws on it. */
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

const FORM_NAME = /^[A-Za-z0-9_.%[\]+-]{1,64}$/;

/** Names and values of a form; the length and the single `=` keep a padded base64 text from passing for one. */
function formPairs(body: string): (readonly [string, string])[] | undefined {
  const pairs = body.split('&').map((pair) => pair.split('='));
  const isForm = pairs.every(
    ([name, value, ...more]) => FORM_NAME.test(name) && value !== undefined && more.length === 0 && !/\s/.test(value),
  );
  return isForm && pairs[0][1] !== '' ? pairs.map(([name, value]) => [name, value] as const) : undefined;
}

/** A card number as JSON writes numbers: with a sign, a fraction of nothing, an exponent. */
function isSecretNumber(number: string): boolean {
  const digits = number.startsWith('-') ? number.slice(1) : number;
  if (digits.length < 8 || digits.length > 40 || digits[0] < '0' || digits[0] > '9') return false;
  return isCardNumber(/^\d+$/.test(digits) ? digits : String(Number(digits)));
}

function looksLikeJson(text: string): boolean {
  return /^\s*[[{"]/.test(text) && isJson(text);
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
  if (masked === plain) return given;
  return encodeURIComponent(masked.replace(LONE_SURROGATE, '\ufffd')).replaceAll(encodeURIComponent(MASK), MASK);
}
