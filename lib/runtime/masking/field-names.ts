/**
 * Names of secrets: of a JSON field, a form field, a header, a variable, an option.
 */

/** Names of fields whose values are masked unless the user names others. Case and separators don't matter. */
export const DEFAULT_MASKED_FIELDS: readonly string[] = [
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'pwd',
  'pass',
  'secret',
  'token',
  'jwt',
  'otp',
  'totp',
  'authorization',
  'cookie',
  'session',
  'sessionId',
  'sessId',
  'sid',
  'csrf',
  'xsrf',
  'apiKey',
  'appKey',
  'accessKey',
  'accountKey',
  'authKey',
  'encryptionKey',
  'privateKey',
  'signingKey',
  'sshKey',
  'storageKey',
  'masterKey',
  'subscriptionKey',
  'credential',
  'connectionString',
  'signature',
  'sig',
  'hmac',
  'mnemonic',
  'seedPhrase',
  'cardNumber',
  'creditCard',
  'debitCard',
  'pan',
  'cvv',
  'cvv2',
  'cvc',
  'cvc2',
  'csc',
  'securityCode',
  'pin',
  'pinCode',
  'iban',
  'accountNumber',
  'routingNumber',
  'sortCode',
  'ssn',
  'socialSecurity',
  'passport',
  'taxId',
  'nationalId',
  'email',
  'phone',
  'msisdn',
];

/** Sensitive only as a whole name: inside a longer one (`auth_method`) it is mostly something else. */
const WHOLE_NAMES: readonly string[] = ['auth', 'bearer'];

/** Shorter names are chance inside a longer word ("ssn" in "className"), so they must be words of their own. */
const SHORTEST_PART = 5;

/** The names whose values are masked. They are compared without case and separators. */
export class FieldNames {
  private readonly parts?: RegExp;
  private readonly words: ReadonlySet<string>;
  private readonly wholes: ReadonlySet<string>;
  private readonly shortest: number;

  constructor(fields: readonly string[] = DEFAULT_MASKED_FIELDS) {
    const names = [...new Set(fields.map(normalised).filter((name) => name.length > 0))];
    const long = names.filter((name) => name.length >= SHORTEST_PART);
    if (long.length > 0) this.parts = new RegExp(long.join('|'));
    this.words = new Set(names.filter((name) => name.length < SHORTEST_PART));
    this.wholes = new Set(names.length > 0 ? WHOLE_NAMES : []);
    this.shortest = Math.min(...names.map((name) => name.length), ...[...this.wholes].map((name) => name.length));
  }

  /** True when the name is one of the masked fields, alone or inside a longer name. */
  public has(name: string): boolean {
    if (name.length < this.shortest) return false;
    const whole = normalised(name);
    if (this.parts?.test(whole) || this.wholes.has(whole) || this.isWord(whole)) return true;
    return this.words.size > 0 && wordsOf(name).some((word) => this.isWord(word));
  }

  /** `pin2` is a pin. */
  private isWord(word: string): boolean {
    return this.words.has(word) || this.words.has(withoutNumber(word));
  }
}

/** Letters and digits only, lower case, in their compatible form: a full-width letter is that letter. */
export function normalised(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

function wordsOf(name: string): string[] {
  return name
    .normalize('NFKC')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => word.toLowerCase());
}

/** By hand: `\d+$` takes time in the square of a name's length. */
function withoutNumber(word: string): string {
  let end = word.length;
  while (end > 0 && word[end - 1] >= '0' && word[end - 1] <= '9') end--;
  return word.slice(0, end);
}
