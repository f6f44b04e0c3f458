/**
 * The keys in a stored text that a sender may sign with, or why none is usable.
 *
 * An empty key, or the placeholder of a manual, is public, so anyone could sign with it. Such a text is never used.
 * Messages name the problem, never the value.
 */
import type { SignatureScheme } from './scheme';

/** How the text of a source is read. */
export interface SecretForm {
  readonly scheme: SignatureScheme;
  /** The text is a JSON object: tenant → secret, or tenant → list of secrets. */
  readonly secretPerTenant?: boolean;
}

/** The secrets that may have signed a delivery. */
export interface Candidates {
  readonly secrets: readonly string[];
  /** Why a stored text, or a part of it, cannot be used. Holds no value. */
  readonly problem?: string;
  /** With a secret for each tenant: whether the current version names this one. */
  readonly tenantKnown: boolean;
}

/**
 * 128 bits. The Standard Webhooks specification wants 24 to 64 bytes; 16 bytes still cannot be guessed, and refusing
 * such keys would lose deliveries.
 */
const LEAST_KEY_BYTES = 16;
/** A shorter secret can be found by trying, with one signed delivery. Schemes with a plain text set no length. */
const LEAST_CHARACTERS = 8;

const PLACEHOLDER =
  /^(?:<.*>|\{.*\}|\[.*\]|\$\{.*\}|\$[A-Z_]+|\.+|…+|\*+|-+|_+|x+|0+|(?:your|my|the|insert|enter|replace|put|paste|some|example|sample|test|dummy|fake|webhook|signing|shared|default)?[-_ ]*(?:secret|password|key|token|value|placeholder|example|dummy|test|here|me|this)(?:[-_ ]*(?:here|me|this|key|value|goes|secret|later))*|change[-_ ]*(?:me|it|this)?|to[-_ ]*do|tbd|fixme|none|null|undefined|n\/?a|foo|bar|foobar|s[3e]cr[3e]t)[!.]*$/i;

/** Every secret that the texts hold for a source, or for one tenant of it; the first text is the current version. */
export function candidatesIn(texts: readonly string[], form: SecretForm, tenant: string): Candidates {
  if (texts.length === 0) return { secrets: [], problem: 'holds no text', tenantKnown: true };
  if (!form.secretPerTenant) return judged(texts.flatMap(linesOf), form.scheme, true);
  const versions = texts.map((text) => secretsOfTenant(text, tenant));
  const [current] = versions;
  if (current.problem !== undefined) {
    return { secrets: [], problem: current.problem, tenantKnown: true };
  }
  // A removed tenant is revoked at once: only tenants of the current version have a previous secret.
  if (current.secrets === undefined) return { secrets: [], tenantKnown: false };
  return judged(
    versions.flatMap(({ secrets = [] }) => secrets),
    form.scheme,
    true,
  );
}

/** Why the whole text cannot be used, for a check at start; nothing when it can. */
export function problemIn(texts: readonly string[], form: SecretForm): string | undefined {
  if (texts.length === 0 || !form.secretPerTenant) return candidatesIn(texts, form, '').problem;
  const tenants = objectIn(texts[0]);
  if (tenants === undefined) return NOT_AN_OBJECT;
  const names = Object.keys(tenants);
  if (names.length === 0) return 'names no tenant';
  return names.map((name) => candidatesIn(texts.slice(0, 1), form, name).problem).find(Boolean);
}

/** Why this one secret cannot be a key of the scheme; nothing when it can. */
export function secretProblem(secret: string, scheme: SignatureScheme): string | undefined {
  if (secret.trim() === '') return 'is empty';
  const encoded = scheme === 'standard-webhooks' && secret.startsWith('whsec_');
  const body = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret;
  if (body.trim() === '') return 'has nothing behind whsec_';
  if (isJson(secret)) return 'is JSON, as the console stores key/value pairs; store the secret alone, as plain text';
  if (PLACEHOLDER.test(body)) return 'is a placeholder';
  if (encoded) {
    const bytes = bytesOf(body);
    if (bytes === undefined) return 'has something other than base64 behind whsec_';
    if (bytes.length < LEAST_KEY_BYTES) return `is shorter than ${LEAST_KEY_BYTES} bytes`;
    if (bytes.every((byte) => byte === bytes[0])) return 'is one byte repeated';
    return undefined;
  }
  if (secret.length < LEAST_CHARACTERS) return `is shorter than ${LEAST_CHARACTERS} characters`;
  return new Set(secret).size === 1 ? 'is one character repeated' : undefined;
}

/** The HMAC key that a secret stands for. Standard Webhooks hands out `whsec_<base64>`. */
export function keyOf(secret: string, scheme: SignatureScheme): Buffer {
  const encoded = scheme === 'standard-webhooks' && secret.startsWith('whsec_');
  return encoded ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret, 'utf8');
}

const NOT_AN_OBJECT = 'is not a JSON object of tenants and their secrets';

function judged(secrets: readonly string[], scheme: SignatureScheme, tenantKnown: boolean): Candidates {
  if (secrets.length === 0) return { secrets, problem: 'is empty', tenantKnown };
  const problems = secrets.map((secret) => secretProblem(secret, scheme));
  return {
    secrets: secrets.filter((_, index) => problems[index] === undefined),
    problem: problems.find((problem) => problem !== undefined),
    tenantKnown,
  };
}

/** An editor adds line breaks and blanks at the end; no sender has them in a secret. */
function linesOf(text: string): string[] {
  // A JSON text is checked as JSON, or the message would be about its first line.
  if (isJson(text)) return [text.trim()];
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function secretsOfTenant(text: string, tenant: string): { secrets?: readonly string[]; problem?: string } {
  const tenants = objectIn(text);
  if (tenants === undefined) return { problem: NOT_AN_OBJECT };
  if (!Object.hasOwn(tenants, tenant)) return {};
  const value = tenants[tenant];
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0 || !list.every((one): one is string => typeof one === 'string')) {
    return { problem: 'has a tenant whose value is neither a secret nor a list of secrets' };
  }
  return { secrets: list.map((one) => one.trim()) };
}

function objectIn(text: string): Record<string, unknown> | undefined {
  const value = jsonIn(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function isJson(text: string): boolean {
  const value = jsonIn(text);
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Node's own decoder skips characters that are not base64, so a placeholder becomes an empty key. */
function bytesOf(base64: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(base64)) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  const plain = base64.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  return bytes.toString('base64').replace(/=+$/, '') === plain ? bytes : undefined;
}
