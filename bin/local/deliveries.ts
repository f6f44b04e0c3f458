/**
 * Real input: GitHub's own example payloads, signed as GitHub and as Standard Webhooks sign, in a seeded order.
 */
import examples from '@octokit/webhooks-examples';
import { Random } from '../../lib/flow/numerics/random';
import { type SignatureScheme, signRequest } from '../../lib/runtime/webhook/signature';

/** Kind of a delivery, which decides its expected outcome. */
export type DeliveryKind = 'valid' | 'duplicate' | 'forged' | 'replayed' | 'poison';

/** One HTTP request to send. It is signed when it is sent, because the signature holds the time. */
export interface PlannedDelivery {
  readonly kind: DeliveryKind;
  readonly source: string;
  readonly tenant: string;
  readonly id: string;
  readonly event: string;
  readonly body: string;
}

/** How many of each kind to send. */
export interface Mix {
  readonly valid: number;
  readonly duplicate: number;
  readonly forged: number;
  readonly replayed: number;
  readonly poison: number;
}

/** Shares of the whole, close to reports of receivers: redeliveries are common, forgeries and poison are rare. */
export function mixOf(total: number): Mix {
  const [duplicate, forged, replayed] = [0.04, 0.02, 0.01].map((share) => Math.round(total * share));
  const poison = Math.max(5, Math.round(total * 0.001));
  return { valid: total - duplicate - forged - replayed - poison, duplicate, forged, replayed, poison };
}

/** Secrets in a poison order; none may be readable in quarantine. */
export const SECRETS_IN_POISON = {
  cardNumber: '4111111111111111',
  cvv: '737',
  email: 'ada@example.com',
  token: 'ghp_0123456789abcdefghijABCDEFGHIJ012345',
  password: 'correct horse battery staple',
} as const;

const SCHEMES: Readonly<Record<string, SignatureScheme>> = { github: 'github', shop: 'standard-webhooks' };
const TENANTS = ['acme', 'globex', 'initech', 'umbrella'];
/** Every fifth delivery comes from the sender whose scheme has a timestamp. */
const SHOP_SHARE = 0.2;
/** A replay is an old capture: well outside the window of five minutes. */
const REPLAY_AGE_MILLIS = 3600_000;

interface Example {
  readonly name: string;
  readonly examples: readonly unknown[];
}

/** The requests in the order in which they are sent. The same seed gives the same requests. */
export function planDeliveries(mix: Mix, seed: number): PlannedDelivery[] {
  const random = new Random(seed);
  const payloads = (examples as unknown as readonly Example[]).flatMap(({ name, examples: bodies }) =>
    bodies.map((body) => ({ event: name, body: JSON.stringify(body) })),
  );
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.uniform() * list.length)];
  const uuid = () => {
    const hex = Array.from({ length: 32 }, () => Math.floor(random.uniform() * 16).toString(16)).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  };
  const make = (kind: DeliveryKind): PlannedDelivery => {
    const { event, body } = pick(payloads);
    const source = kind === 'replayed' || random.uniform() < SHOP_SHARE ? 'shop' : 'github';
    return { kind, source, tenant: pick(TENANTS), id: uuid(), event, body: kind === 'poison' ? poisoned(body) : body };
  };
  const many = (kind: DeliveryKind, count: number) => Array.from({ length: count }, () => make(kind));

  const first = shuffled(
    [...many('valid', mix.valid), ...many('forged', mix.forged), ...many('replayed', mix.replayed)],
    random,
  );
  // Poison comes early, so that its retries run beside the flood, not after it.
  for (const poison of many('poison', mix.poison))
    first.splice(Math.floor((random.uniform() * first.length) / 4), 0, poison);
  // A redelivery follows its original at a random distance.
  const originals = first.filter((delivery) => delivery.kind === 'valid');
  const positions = new Map(first.map((delivery, index) => [delivery.id, index]));
  const behind: { readonly at: number; readonly delivery: PlannedDelivery }[] = [];
  for (let index = 0; index < mix.duplicate; index++) {
    const original = pick(originals);
    const from = positions.get(original.id) ?? 0;
    behind.push({ at: from + random.uniform() * (first.length - from), delivery: { ...original, kind: 'duplicate' } });
  }
  const all = [...first.map((delivery, at) => ({ at, delivery })), ...behind];
  return all.sort((left, right) => left.at - right.at).map(({ delivery }) => delivery);
}

/** The HTTP headers of a delivery sent at that time. */
export function headersOf(delivery: PlannedDelivery, secrets: Readonly<Record<string, string>>, nowMillis: number) {
  const secret = delivery.kind === 'forged' ? `not-${secrets[delivery.source]}` : secrets[delivery.source];
  const at = delivery.kind === 'replayed' ? nowMillis - REPLAY_AGE_MILLIS : nowMillis;
  return {
    'Content-Type': 'application/json',
    ...(delivery.source === 'github'
      ? { 'X-GitHub-Event': delivery.event, 'User-Agent': 'GitHub-Hookshot/local' }
      : {}),
    ...signRequest(SCHEMES[delivery.source], secret, delivery.body, delivery.id, at),
  };
}

/** A genuine, signed delivery whose order no attempt can book, full of secrets that must be masked. */
function poisoned(body: string): string {
  const { cardNumber, cvv, email, token, password } = SECRETS_IN_POISON;
  const order = {
    quantity: -1,
    payment: { cardNumber, cvv },
    customer: { email, password },
    note: `paid with ${cardNumber}, use ${token}`,
  };
  return JSON.stringify({ ...(JSON.parse(body) as object), order });
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const result = [...list];
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(random.uniform() * (index + 1));
    [result[index], result[other]] = [result[other], result[index]];
  }
  return result;
}
