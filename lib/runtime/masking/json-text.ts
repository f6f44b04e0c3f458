/**
 * JSON masked as a text, not as a value: numbers of more than 15 digits keep them all, a name that occurs twice stays
 * twice, and `__proto__` is a name like any other. Linear in the length of the text, and of bounded depth.
 */
import { normalised } from './field-names';

/** JSON nested deeper than this is masked whole: a message that deep is an attack on the parser. */
export const MAX_DEPTH = 64;

/** Handlers for the parts of a document. */
export interface JsonRules {
  readonly mask: string;
  /** A string that stands at this depth. */
  text(text: string, depth: number): string;
  /** The same name, or the mask. */
  key(key: string): string;
  isSensitive(name: string): boolean;
  /** A number as it is written. */
  isSecretNumber(number: string): boolean;
}

/** Names of fields that hold the name of another field: `{"name": "DB_PASSWORD", "value": …}`. */
const NAMES = new Set(
  'name,key,field,fieldname,header,headername,param,parameter,parametername,attribute,attributename,property,variable,var,option,label,id,type,kind,k,n'.split(
    ',',
  ),
);
const VALUES =
  /^(?:v|val|.*values?|.*contents?|data|text|string|default|new|old|from|to|before|after|input|answer|current|previous)$/;
/** RFC 7518, section 6: what of a JSON Web Key is private. */
const PRIVATE_KEY_PARTS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);
const LONGEST_NAME = 256;

/** The value of a JSON text, or nothing when it is none. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The masked document, without blanks between its parts. `text` must be JSON. */
export function maskJson(text: string, rules: JsonRules, depth: number): string {
  return new JsonText(text, rules).value(depth).masked;
}

/** A string as JSON, without the characters that JSON allows and SQS refuses. */
export function jsonString(text: string): string {
  return JSON.stringify(text).replace(/[\ufffe\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}

interface Item {
  readonly masked: string;
  /** The original when it is a string. */
  readonly string?: string;
}

interface Entry extends Item {
  readonly key: string;
  readonly maskedKey: string;
}

class JsonText {
  private at = 0;
  private readonly mask: string;

  constructor(
    private readonly text: string,
    private readonly rules: JsonRules,
  ) {
    this.mask = jsonString(rules.mask);
  }

  public value(depth: number): Item {
    this.skipBlanks();
    if (depth > MAX_DEPTH) return this.skipValue();
    const character = this.text[this.at];
    if (character === '{') return { masked: this.object(depth) };
    if (character === '[') return { masked: this.array(depth) };
    if (character === '"') return this.string(depth);
    return this.literal();
  }

  private object(depth: number): string {
    const entries: Entry[] = [];
    const names = new UniqueNames();
    this.at++;
    while (!this.ends('}')) {
      const key = this.decodedString();
      const maskedKey = names.unique(key, this.rules.key(key));
      this.skipBlanks();
      this.at++; // the colon
      const isSensitive = this.rules.isSensitive(key) || (maskedKey !== key && this.rules.isSensitive(maskedKey));
      const item = isSensitive ? this.skipValue() : this.value(depth + 1);
      entries.push({ key, maskedKey, ...item });
    }
    const isMasked = this.maskedByOtherEntries(entries);
    const parts = entries.map(
      ({ key, maskedKey, masked }) => `${jsonString(maskedKey)}:${isMasked(key) ? this.mask : masked}`,
    );
    return `{${parts.join(',')}}`;
  }

  /** Values that another entry of the same object says are secret. */
  private maskedByOtherEntries(entries: readonly Entry[]): (key: string) => boolean {
    const isNamed = entries.some(
      ({ key, string }) =>
        string !== undefined &&
        string.length <= LONGEST_NAME &&
        key.length <= 16 &&
        NAMES.has(normalised(key)) &&
        this.rules.isSensitive(string),
    );
    const isKey = entries.some(({ key }) => key === 'kty');
    if (!isNamed && !isKey) return () => false;
    return (key) =>
      (isNamed && key.length <= LONGEST_NAME && VALUES.test(normalised(key))) || (isKey && PRIVATE_KEY_PARTS.has(key));
  }

  private array(depth: number): string {
    const items: Item[] = [];
    this.at++;
    while (!this.ends(']')) items.push(this.value(depth + 1));
    // What was masked is a string from now on.
    const isName = ({ string, masked }: Item) => string !== undefined || masked === this.mask;
    const isPairs = items.length % 2 === 0 && items.every((item, index) => index % 2 === 1 || isName(item));
    const parts = items.map(({ masked }, index) => {
      const name = index > 0 ? items[index - 1].string : undefined;
      if (name === undefined || name.length > LONGEST_NAME) return masked;
      // ["X-Api-Key", "…"], a list of headers in turn, or the arguments of a command.
      const isBefore = (isPairs && index % 2 === 1 && /^[^\s=:]+$/.test(name)) || /^--?[\w-]+$/.test(name);
      return isBefore && this.rules.isSensitive(name) ? this.mask : masked;
    });
    return `[${parts.join(',')}]`;
  }

  private string(depth: number): Item {
    const start = this.at;
    const string = this.decodedString();
    const masked = this.rules.text(string, depth);
    return { string, masked: masked === string ? this.text.slice(start, this.at) : jsonString(masked) };
  }

  private literal(): Item {
    const start = this.at;
    this.skipLiteral();
    const literal = this.text.slice(start, this.at);
    return { masked: this.rules.isSecretNumber(literal) ? this.mask : literal };
  }

  private decodedString(): string {
    this.skipBlanks();
    const start = this.at;
    this.skipString();
    const raw = this.text.slice(start, this.at);
    return raw.includes('\\') ? JSON.parse(raw) : raw.slice(1, -1);
  }

  /** True behind the closing bracket; passes the comma before the next part. */
  private ends(bracket: string): boolean {
    this.skipBlanks();
    if (this.text[this.at] === ',') this.at++;
    this.skipBlanks();
    if (this.text[this.at] !== bracket) return false;
    this.at++;
    return true;
  }

  /** Without recursion: the skipped part may be nested as deep as the text is long. */
  private skipValue(): Item {
    this.skipBlanks();
    let depth = 0;
    do {
      const character = this.text[this.at];
      if (character === '"') this.skipString();
      else if (character === '{' || character === '[') {
        depth++;
        this.at++;
      } else if (character === '}' || character === ']') {
        depth--;
        this.at++;
      } else if (character === ',' || character === ':') this.at++;
      else this.skipLiteral();
      this.skipBlanks();
    } while (depth > 0);
    return { masked: this.mask };
  }

  private skipString(): void {
    let end = this.at;
    for (let backslashes = 1; backslashes % 2 === 1; ) {
      end = this.text.indexOf('"', end + 1);
      backslashes = 0;
      while (this.text[end - backslashes - 1] === '\\') backslashes++;
    }
    this.at = end + 1;
  }

  private skipLiteral(): void {
    while (this.at < this.text.length && !/[\s,:\]}]/.test(this.text[this.at])) this.at++;
  }

  private skipBlanks(): void {
    while (isBlank(this.text.charCodeAt(this.at))) this.at++;
  }
}

/** Two names that are secrets themselves must not become one. A counter for each: to try from 2 takes the square. */
class UniqueNames {
  private readonly given = new Map<string, string>();
  private readonly taken = new Set<string>();
  private readonly counters = new Map<string, number>();

  public unique(key: string, masked: string): string {
    const known = this.given.get(key);
    if (known !== undefined) return known;
    let name = masked;
    if (this.taken.has(masked)) {
      let number = this.counters.get(masked) ?? 2;
      while (this.taken.has(`${masked}${number}`)) number++;
      this.counters.set(masked, number + 1);
      name = `${masked}${number}`;
    }
    this.given.set(key, name);
    this.taken.add(name);
    return name;
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}
