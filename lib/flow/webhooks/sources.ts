/** The senders of webhooks, and the common numbers of their deliveries: one rule for every engine. */
import { between, type Check, isKnown, oneOf, shown } from '../errors';
import type { Workload } from '../queue/workload';
import type { RefusedSource } from './refused';

/** Signature schemes. */
export const SIGNATURE_SCHEMES = ['github', 'stripe', 'standard-webhooks'] as const;
/** Identity of a delivery: the id that the sender gives, or the whole signed content. */
export const DEDUPLICATE_BY = ['delivery-id', 'signed-content'] as const;
/** How far a signed timestamp may lie from the time of receipt; Stripe and Standard Webhooks advise five minutes. */
export const TOLERANCE_SECONDS = { min: 1, max: 3600, usual: 300 } as const;
/** The peak is a mean: within a second arrivals vary, and a refused sender may not retry for minutes. */
export const PEAK_HEADROOM = 2;

/** A sender, with the fields that every engine checks. */
export interface Source extends RefusedSource {
  readonly scheme: string;
  readonly deduplicateBy?: string;
}

/** The checks of the senders. The clock tolerance is checked elsewhere, because its type differs by engine. */
export function sourceChecks(sources: readonly Source[], workload: Workload): Check[] {
  return [
    ...sourceNameChecks(
      'sources',
      'sources.name',
      sources.map(({ name }) => name),
    ),
    ...sources.map(({ name, scheme }) => schemeCheck(`sources.scheme of ${String(name)}`, scheme)),
    ...sources.map(({ name, deduplicateBy }) =>
      oneOf(`sources.deduplicateBy of ${String(name)}`, deduplicateBy, DEDUPLICATE_BY),
    ),
    ...sources.map((source) => steadyCheck(source, workload)),
    {
      refused: Boolean(workload?.burstItems),
      message: `burstItems is for queues; an API limits what comes in a second: give peakPerSecond and peakSeconds, got ${shown(workload?.burstItems)}`,
    },
  ];
}

/**
 * The names of the senders, which are part of paths, names of knobs and queries.
 *
 * @param list the prop that lists them
 * @param each the prop that one name is
 */
export function sourceNameChecks(list: string, each: string, names: readonly string[]): Check[] {
  return [
    { refused: names.length === 0, message: `${list} must name at least one sender, got none` },
    {
      refused: new Set(names).size < names.length,
      message: `${list} must have different names, got ${names.join(', ')}`,
    },
    ...names.map((name) => ({
      refused: typeof name !== 'string' || !/^[a-z0-9-]{1,32}$/.test(name),
      message: `${each} must be 1 to 32 lower-case letters, digits and hyphens, got ${shown(name)}`,
    })),
  ];
}

/** A misspelt name of an enum is undefined. */
function schemeCheck(name: string, scheme: unknown): Check {
  if (scheme !== undefined) return oneOf(name, scheme, SIGNATURE_SCHEMES);
  return { refused: true, message: `${name} must be one of ${SIGNATURE_SCHEMES.join(', ')}, got undefined` };
}

function steadyCheck({ steadyPerSecond: own }: RefusedSource, workload: Workload | undefined): Check {
  // What is no number is named as what it is; a workload that has none is refused itself.
  const most = isKnown(workload?.steadyPerSecond) ? workload.steadyPerSecond : undefined;
  if (!isKnown(own) || most === undefined) return between('sources.steadyPerSecond', own, 0);
  return {
    refused: !(own > 0 && own <= most),
    message: `sources.steadyPerSecond must be above 0 and at most workload.steadyPerSecond, ${most}, got ${own}`,
  };
}
