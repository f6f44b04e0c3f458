/** The senders of webhooks, and the common numbers of their deliveries: one rule for every engine. */
import { between, type Check, isKnown, oneOf, shown } from '../errors';
import type { Workload } from '../queue/workload';
import type { RefusedSource } from './refused';

/** Signature schemes. */
export const SIGNATURE_SCHEMES = ['github', 'stripe', 'standard-webhooks', 'shopify', 'slack', 'hmac'] as const;
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
  /** The scheme `hmac` as the user describes it. */
  readonly hmac?: HmacSource;
}

/** A signature as a user describes it. */
export interface HmacSource {
  readonly signatureHeader: string;
  readonly algorithm?: string;
  readonly encoding?: string;
  readonly prefix?: string;
  readonly timestampHeader?: string;
  readonly idHeader?: string;
  readonly signed?: string;
}

/** Digests of an HMAC. */
export const HMAC_ALGORITHMS = ['sha1', 'sha256', 'sha512'] as const;
/** How its bytes are written. */
export const HMAC_ENCODINGS = ['hex', 'base64'] as const;

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
    ...sources.flatMap(hmacChecks),
    ...sources.map((source) => steadyCheck(source, workload)),
    burstCheck(workload),
  ];
}

/** Senders come at a rate. */
export function burstCheck(workload: Workload | undefined): Check {
  return {
    refused: Boolean(workload?.burstItems),
    message: `burstItems is for queues; an API limits what comes in a second: give peakPerSecond and peakSeconds, got ${shown(workload?.burstItems)}`,
  };
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

function hmacChecks({ name, scheme, hmac }: Source): Check[] {
  const of = `sources.hmac of ${String(name)}`;
  const presence: Check[] = [
    { refused: scheme === 'hmac' && hmac === undefined, message: `${of} must be given with the scheme hmac` },
    { refused: scheme !== 'hmac' && hmac !== undefined, message: `${of} is for the scheme hmac, got ${shown(scheme)}` },
  ];
  if (typeof hmac !== 'object' || hmac === null) return presence;
  const { signatureHeader, timestampHeader, idHeader, prefix, signed } = hmac;
  const parts = { timestamp: timestampHeader, id: idHeader };
  const headers = Object.entries({ signatureHeader, timestampHeader, idHeader });
  const given = headers.flatMap(([, header]) => (header === undefined ? [] : [String(header).toLowerCase()]));
  return [
    ...presence,
    oneOf(`${of}.algorithm`, hmac.algorithm, HMAC_ALGORITHMS),
    oneOf(`${of}.encoding`, hmac.encoding, HMAC_ENCODINGS),
    ...headers.map(([part, header]) => ({
      refused: (part === 'signatureHeader' || header !== undefined) && !HEADER.test(String(header)),
      message: `${of}.${part} must be the name of a header, 1 to 64 letters, digits and hyphens, got ${shown(header)}`,
    })),
    {
      refused: new Set(given).size < given.length,
      message: `${of} must name different headers, got ${given.join(', ')}`,
    },
    {
      refused: prefix !== undefined && !/^[\x21-\x7e]{1,32}$/.test(prefix),
      message: `${of}.prefix must be 1 to 32 characters without blanks, got ${shown(prefix)}`,
    },
    {
      refused: signed !== undefined && !signed.includes('{body}'),
      message: `${of}.signed must have {body} in it, or anybody could change the body, got ${shown(signed)}`,
    },
    ...Object.entries(parts).flatMap(([part, header]) => [
      {
        refused: signed?.includes(`{${part}}`) === true && header === undefined,
        message: `${of}.${part}Header must be given, because {${part}} is signed`,
      },
    ]),
    {
      refused: signed !== undefined && timestampHeader !== undefined && !signed.includes('{timestamp}'),
      message: `${of}.timestampHeader must be signed, or a replay could change it: write {timestamp} into signed, got ${shown(signed)}`,
    },
  ];
}

/** For an engine on which a user gives the rules as the program takes them, without defaults. */
export function wholeHmacChecks(sources: readonly Source[]): Check[] {
  return sources.flatMap(({ name, scheme, hmac }) => {
    if (scheme !== 'hmac' || typeof hmac !== 'object' || hmac === null) return [];
    const choices = { algorithm: HMAC_ALGORITHMS, encoding: HMAC_ENCODINGS };
    return Object.entries(choices).map(([part, all]) => ({
      refused: hmac[part as keyof typeof choices] === undefined,
      message: `sources.hmac of ${String(name)}.${part} must be given: one of ${all.join(', ')}`,
    }));
  });
}

const HEADER = /^[A-Za-z0-9-]{1,64}$/;

function steadyCheck({ steadyPerSecond: own }: RefusedSource, workload: Workload | undefined): Check {
  // What is no number is named as what it is; a workload that has none is refused itself.
  const most = isKnown(workload?.steadyPerSecond) ? workload.steadyPerSecond : undefined;
  if (!isKnown(own) || most === undefined) return between('sources.steadyPerSecond', own, 0);
  return {
    refused: !(own > 0 && own <= most),
    message: `sources.steadyPerSecond must be above 0 and at most workload.steadyPerSecond, ${most}, got ${own}`,
  };
}
