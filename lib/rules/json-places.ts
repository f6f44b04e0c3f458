/**
 * The places of a JSON text, many times as fast as by a parser of YAML: most templates are JSON, and the lines of their
 * findings would take as long as the rules themselves. What a place holds is looked for when it is first asked for:
 * findings name few of the places of a template.
 */
import { NOTHING, type Place } from './place';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The one document of the text; undefined when it is no JSON. */
export function jsonPlaces(text: string): Place | undefined {
  // Exactly JSON: what YAML allows beyond it in braces has other rules for its text. The scan below relies on it.
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const start = afterSpace(text, 0);
  return new JsonPlace(text, start, start);
}

class JsonPlace implements Place {
  private members?: ReadonlyMap<string, Place>;

  constructor(
    private readonly whole: string,
    /** Where its key begins, or the value itself where it has none. */
    public readonly start: number,
    /** Where its value begins. */
    private readonly from: number,
  ) {}

  public get below(): ReadonlyMap<string, Place> {
    this.members ??= membersOf(this.whole, this.from);
    return this.members;
  }

  public get text(): (() => string) | undefined {
    const first = this.whole.charCodeAt(this.from);
    if (first === OPEN_OBJECT || first === OPEN_LIST) return undefined;
    const token = this.whole.slice(this.from, afterValue(this.whole, this.from));
    return () => (first === QUOTE ? String(JSON.parse(token)) : token);
  }
}

/** What an object or a list holds. */
function membersOf(text: string, from: number): ReadonlyMap<string, Place> {
  const open = text.charCodeAt(from);
  if (open !== OPEN_OBJECT && open !== OPEN_LIST) return NOTHING;
  const below = new Map<string, Place>();
  let at = afterSpace(text, from + 1);
  while (text.charCodeAt(at) !== CLOSE_OBJECT && text.charCodeAt(at) !== CLOSE_LIST) {
    const start = at;
    let key = String(below.size);
    if (open === OPEN_OBJECT) {
      const end = afterText(text, at);
      const token = text.slice(at, end);
      key = token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1);
      // Behind the colon.
      at = afterSpace(text, afterSpace(text, end) + 1);
    }
    below.set(key, new JsonPlace(text, start, at));
    at = afterSpace(text, afterValue(text, at));
    if (text.charCodeAt(at) === COMMA) at = afterSpace(text, at + 1);
  }
  return below;
}

/** The offset behind the value that begins there. */
function afterValue(text: string, from: number): number {
  if (text.charCodeAt(from) === QUOTE) return afterText(text, from);
  let at = from;
  for (let depth = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = afterText(text, at) - 1;
    else if (code === OPEN_OBJECT || code === OPEN_LIST) depth += 1;
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      // Of a scalar, the bracket behind it.
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (code === COMMA || isSpace(code))) return at;
  }
  return at;
}

/** The offset behind the text whose quote is there. */
function afterText(text: string, quote: number): number {
  let end = text.indexOf('"', quote + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}

function afterSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
