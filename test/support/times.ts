/** The times and thresholds of a manifest, wherever they stand: in fields, in variables, in files of a ConfigMap. */
import { parse } from 'yaml';
import type { Untyped } from './stack';

/** A number of a document: where it stands, and its value, times in seconds unless the name says `ms`. */
export interface Found {
  readonly path: string;
  readonly value: number;
}

/** Names of fields, variables and options that hold a time or a threshold. */
export const TIMED =
  /(seconds|threshold|interval|period|timeout|deadline|duration|backoff|inactive|frequency|\.ms|-lt|-gt|_SECONDS\.value)$/i;

/** Every number of a manifest whose path matches; by default the times and thresholds. */
export function timesIn(manifest: Untyped, wanted = TIMED): Found[] {
  return numbersIn(manifest.kind, manifest).filter(({ path }) => wanted.test(path));
}

function numbersIn(path: string, value: Untyped): Found[] {
  if (typeof value === 'number') return [{ path, value: path.endsWith('consumer-timeout') ? value / 1000 : value }];
  if (typeof value === 'string') return fromText(path, value);
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return value.flatMap((one, i) => numbersIn(`${path}.${one?.name ?? i}`, one));
  return Object.entries(value).flatMap(([key, one]) => numbersIn(`${path}.${key}`, one));
}

/** A number as text, a duration, the numbers of a test in a shell, or a file. */
function fromText(path: string, text: string): Found[] {
  if (path.endsWith('filebeat.yml')) return numbersIn(path, parse(text));
  if (path.endsWith('.properties')) return numbersIn(path, properties(text));
  if (/^\d+(\.\d+)?$/.test(text)) return [{ path, value: Number(text) }];
  const [, count, unit] = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text) ?? [];
  if (count !== undefined) return [{ path, value: Number(count) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'] }];
  if (!path.includes('Probe')) return [];
  return [...text.matchAll(/ (-lt|-gt) -?(\d+)/g)].map(([, test, number]) => ({
    path: `${path}.${test}`,
    value: Number(number),
  }));
}

function properties(text: string): Record<string, string> {
  return Object.fromEntries(text.split('\n').flatMap((line) => (line === '' ? [] : [line.split('=')])));
}
