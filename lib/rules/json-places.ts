/**
 * The places of a JSON text, ten times as fast as by a parser of YAML: most templates are JSON, and the lines of their
 * findings would take as long as the rules themselves.
 */
import { MAX_DEPTH } from './limits';
import { NOTHING, type Place } from './place';

// Exactly JSON's: what YAML allows beyond it in braces has other rules for its text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON allows none of them in a text
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?=[\s,\]}]|$)/y;

/** The one document of the text; undefined when it is no JSON, or nested beyond what is read. */
export function jsonPlaces(text: string): Place | undefined {
  const scan = new Scan(text);
  const place = scan.value(undefined, 0);
  return place !== undefined && scan.ended() ? place : undefined;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

class Scan {
  #at = 0;

  constructor(private readonly text: string) {}

  /** The value at this point, whose key began there; undefined where there is none. */
  public value(keyStart: number | undefined, depth: number): Place | undefined {
    this.#space();
    const start = keyStart ?? this.#at;
    const first = this.text[this.#at];
    if (depth > MAX_DEPTH) return undefined;
    if (first === '{') return this.#members(start, '}', depth);
    if (first === '[') return this.#members(start, ']', depth);
    const token = this.#token(first === '"' ? TEXT : SCALAR);
    return token === undefined
      ? undefined
      : { start, text: () => (first === '"' ? String(JSON.parse(token)) : token), below: NOTHING };
  }

  /** Whether only white space is left. */
  public ended(): boolean {
    this.#space();
    return this.#at === this.text.length;
  }

  /** What an object or a list holds, up to the bracket that closes it. */
  #members(start: number, close: '}' | ']', depth: number): Place | undefined {
    const below = new Map<string, Place>();
    this.#at += 1;
    if (this.#takes(close)) return { start, below };
    do {
      const [key, keyStart] = close === '}' ? this.#key() : [String(below.size), undefined];
      const place = key === undefined ? undefined : this.value(keyStart, depth + 1);
      if (key === undefined || place === undefined) return undefined;
      below.set(key, place);
    } while (this.#takes(','));
    return this.#takes(close) ? { start, below } : undefined;
  }

  /** The key of a member and where it begins, with the colon behind it. */
  #key(): [key: string | undefined, start: number] {
    this.#space();
    const start = this.#at;
    const token = this.#token(TEXT);
    if (token === undefined || !this.#takes(':')) return [undefined, start];
    return [token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1), start];
  }

  #takes(mark: string): boolean {
    this.#space();
    if (this.text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    for (let code = this.text.charCodeAt(this.#at); isSpace(code); code = this.text.charCodeAt(this.#at)) this.#at += 1;
  }

  #token(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.#at = pattern.lastIndex;
    return found;
  }
}
