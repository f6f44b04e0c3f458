/**
 * The shape of every rule about embedded text: a pattern that shows a trap, and patterns in the same text that excuse
 * it. The text is a program in a language that is not parsed, so a pattern is a whole construction, not a word, and a
 * rule prefers a miss to a false finding.
 */
import type { Document, EmbeddedText } from '../document';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';

/** Patterns of a trap. All are matched against the text without its comments. */
export interface Sign {
  /** The pattern of the trap. */
  readonly pattern: RegExp;
  /** The parts of the text to check, each separately; with the flag `g`. Default: the whole text. */
  readonly within?: RegExp;
  /** Another pattern that the part must contain. Default: none. */
  readonly needs?: RegExp;
  /** A pattern in the part that excuses it. Default: none. */
  readonly excuse?: RegExp;
  /** Whether a text in this place is checked. Default: true. */
  where?(text: EmbeddedText, document: Document): boolean;
  /** One sentence about the finding. */
  message(match: RegExpExecArray): string;
  /** What to write instead. */
  readonly fix: string;
}

/** A rule about embedded text: everything but how it is checked. */
export interface Trap extends Omit<Rule, 'check'> {
  readonly signs: readonly Sign[];
}

/** The rule that searches every text embedded in a document for a trap. */
export function embeddedRule({ signs, ...rule }: Trap): Rule {
  return {
    ...rule,
    *check(document) {
      for (const text of document.texts()) {
        const code = codeOf(text);
        for (const sign of signs) {
          // Most texts have no trap: it costs one search of the text to see that.
          if (sign.within ?? sign.pattern.test(code)) yield* seen(sign, text, code, document);
        }
      }
    },
  };
}

/** The text without its comments; every rule about embedded text asks for it. */
const codeOf = oncePer(({ text }: EmbeddedText) => withoutComments(text));

function* seen(sign: Sign, embedded: EmbeddedText, code: string, document: Document): Iterable<Found> {
  const { at } = embedded;
  const stretches = sign.within ? [...code.matchAll(sign.within)] : [{ 0: code, index: 0 }];
  let lines: ReturnType<typeof lineCounter> | undefined;
  for (const { 0: stretch, index } of stretches) {
    const match = sign.pattern.exec(stretch);
    if (!match || sign.needs?.test(stretch) === false || sign.excuse?.test(stretch)) continue;
    // Checked last, since it may read the whole document.
    if (sign.where?.(embedded, document) === false) return;
    // A pattern may begin with the white space of the line before.
    const begin = index + match.index + match[0].search(/\S/);
    lines ??= lineCounter(code);
    const place = lines.several ? `line ${lines.at(begin)}: ` : '';
    yield { at, message: place + sign.message(match), fix: sign.fix };
  }
}

/** Counts lines up to offsets that only rise, each line once. */
function lineCounter(code: string) {
  let [line, from] = [1, 0];
  const first = code.search(/\S/);
  return {
    several: first >= 0 && code.trimEnd().indexOf('\n', first) >= 0,
    at(offset: number): number {
      for (let end = code.indexOf('\n', from); end >= 0 && end < offset; end = code.indexOf('\n', from)) {
        line += 1;
        from = end + 1;
      }
      return line;
    },
  };
}

/**
 * The text with its comments blanked, so that lines stay where they are: whole lines that begin with `#`, `//` or `-- `,
 * and the rest of a line after such a mark with space on both sides.
 */
export function withoutComments(text: string): string {
  return text.replace(/(^|[ \t])(?:#(?!!)|\/\/|--(?=[ \t]))(?:[^\n]*)/gm, (comment, before: string, offset: number) => {
    const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
    const whole = text.slice(lineStart, offset).trim() === '';
    const mark = comment.slice(before.length);
    const spaced = /^(?:#|\/\/|--)(?:\s|$)/.test(mark);
    return whole || spaced ? before + ' '.repeat(comment.length - before.length) : comment;
  });
}
