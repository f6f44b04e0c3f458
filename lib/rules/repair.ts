/**
 * YAML that other parsers read and js-yaml refuses: brackets, and lines of quoted texts, that stand no deeper than their
 * key. PyYAML reads them, and so do CloudFormation, `kubectl` and everything that stands on libyaml.
 */

import { MAX_DEPTH } from './limits';
import { parseEvents, YAMLException } from './yaml';

const DEFICIENT = 'deficient indentation';

/** A line of nothing but closing brackets. */
const CLOSING = /^[ \t]*[\]})]+[ \t]*,?[ \t]*\r?$/;

/** Characters that all tries together may read. */
const MOST_CHARACTERS = 20_000_000;

/**
 * The text with such lines moved to the right, no line added or removed; undefined when it is refused for another
 * reason.
 */
export function repaired(text: string): string | undefined {
  const lines = text.split('\n');
  let first = true;
  for (let read = 0; read < MOST_CHARACTERS; read += text.length) {
    const line = deficientLine(lines.join('\n'));
    if (line === undefined) return undefined;
    if (line === 'none') return lines.join('\n');
    const closing = CLOSING.test(lines[line]);
    // Most often there are many, so all are moved at once.
    if (first && closing) for (const [i, each] of lines.entries()) if (CLOSING.test(each)) lines[i] = ` ${each}`;
    if (!first || !closing) lines[line] = deeper(lines[line]);
    first = false;
  }
  return undefined;
}

function deeper(line: string): string {
  return ' '.repeat(MAX_DEPTH) + line.trimStart();
}

/** The first line that stands too far to the left; `none` when the text is read, undefined for any other fault. */
function deficientLine(text: string): number | 'none' | undefined {
  try {
    parseEvents(text, { maxDepth: MAX_DEPTH });
    return 'none';
  } catch (error) {
    if (!(error instanceof YAMLException) || error.reason !== DEFICIENT || !error.mark) return undefined;
    return error.mark.line;
  }
}

/** Whether an error is one that `repaired` may help with. */
export function isDeficient(error: unknown): boolean {
  return error instanceof YAMLException && error.reason === DEFICIENT;
}
