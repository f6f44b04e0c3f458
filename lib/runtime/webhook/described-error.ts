/** An error of a user's code, as the log shows it: with its message and its stack, without secrets and without the body. */
import type { Masking } from '../masking';

/** CloudWatch takes 1 MB a line; a person reads less. */
const LONGEST_MESSAGE = 2000;
const LONGEST_STACK = 8000;
/** Shorter texts, such as `{}`, are in many messages by chance. */
const SHORTEST_QUOTE = 8;
const MOST_CAUSES = 3;

/** An error as the log shows it. */
export interface DescribedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

/**
 * Describes an error. Its texts are masked, and what they quote whole of the sender's is left out; a part of it stays.
 *
 * @param sent what the sender wrote, by what it is: `{ body, id }`
 */
export function describedError(
  error: unknown,
  masking: Masking,
  sent: Readonly<Record<string, string>>,
  causes = MOST_CAUSES,
): DescribedError {
  const shown = (text: string, longest: number) => masking.text(withoutQuotes(text, sent)).slice(0, longest);
  if (!(error instanceof Error)) return { name: typeof error, message: shown(textOf(error), LONGEST_MESSAGE) };
  const { stack, cause } = error;
  return {
    name: error.name,
    message: shown(error.message, LONGEST_MESSAGE),
    ...(stack !== undefined && { stack: framesOf(stack, error.message).slice(0, LONGEST_STACK) }),
    ...(cause !== undefined && causes > 0 && { cause: describedError(cause, masking, sent, causes - 1) }),
  };
}

/** The places in the code, which hold nothing of a message. They are not masked: `secrets.ts:12` looks like a secret. */
function framesOf(stack: string, message: string): string {
  const behind = stack.indexOf(message) + message.length;
  return stack
    .slice(stack.includes(message) ? behind : 0)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .join('\n');
}

function withoutQuotes(text: string, sent: Readonly<Record<string, string>>): string {
  return Object.entries(sent)
    .filter(([, quote]) => quote.length >= SHORTEST_QUOTE)
    .reduce((rest, [name, quote]) => rest.split(quote).join(`[${name}]`), text);
}

/** Anything can be thrown, also what has no text. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'a value without text';
  }
}
