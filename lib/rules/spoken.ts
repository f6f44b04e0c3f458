/**
 * Seconds as people say them.
 */
import { duration } from '../flow/figures';

/** From here on a person converts a number of seconds in the head. */
const SPOKEN_FROM = 120;

const SECONDS = /(?<![\w.,])(\d+(?:\.\d+)?) s(?![\w/²])/g;

/**
 * `86400 s` becomes `24 h`. The number stays beside the words where these would round, `15060 s (4.18 h)`, and where it
 * is the result of a calculation, `6 × 30 = 180 s (3 min)`.
 */
export function spoken(text: string): string {
  return replaced(text, (seconds, words, before) =>
    isExact(seconds, words) && !/[=×÷+-] $/.test(before) ? words : `${seconds} s (${words})`,
  );
}

/** The same for a text that says what to write: there the number always stays. */
export function spokenBeside(text: string): string {
  return replaced(text, (seconds, words) => `${seconds} s (${words})`);
}

type Write = (seconds: string, words: string, before: string) => string;

function replaced(text: string, write: Write): string {
  return text.replace(SECONDS, (whole, seconds: string, at: number) => {
    const said = text.slice(at + whole.length, at + whole.length + 2) === ' (';
    return Number(seconds) < SPOKEN_FROM || said ? whole : write(seconds, duration(Number(seconds)), text.slice(0, at));
  });
}

const SECONDS_IN: Readonly<Record<string, number>> = { days: 86_400, h: 3_600, min: 60, s: 1 };

function isExact(seconds: string, words: string): boolean {
  const [count, unit] = words.split(' ');
  return Math.abs(Number(count) * SECONDS_IN[unit] - Number(seconds)) < 1e-6;
}
