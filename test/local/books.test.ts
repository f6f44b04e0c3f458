import { closeBooks, type Evidence, ledgerId } from '../../bin/local/books';
import { headersOf, mixOf, planDeliveries, SECRETS_IN_POISON } from '../../bin/local/deliveries';

const DELIVERIES = planDeliveries(mixOf(1000), 7);
const VALID = DELIVERIES.filter(({ kind }) => kind === 'valid');
const POISON = DELIVERIES.filter(({ kind }) => kind === 'poison');
const REFUSED = DELIVERIES.filter(({ kind }) => kind === 'forged' || kind === 'replayed');

const entry = (id: string, effects = 1) => ({ id, effects, receivedAtMillis: 0, bookedAtMillis: 1 });
const closing: Evidence = {
  deliveries: DELIVERIES,
  ledger: VALID.map((delivery) => entry(ledgerId(delivery))),
  quarantine: POISON.map(() => '{"order":{"payment":{"cvv":"***"}}}'),
  refusedMessageIds: REFUSED.map(({ id }) => id),
  parked: REFUSED.length,
  turnedAway: 0,
  log: '',
};

test('books that agree close', () => {
  expect(closeBooks(closing)).toMatchObject({
    ok: true,
    lost: 0,
    duplicateEffects: 0,
    unmaskedSecrets: 0,
    discrepancies: [],
  });
});

test.each<[string, Partial<Evidence>, string]>([
  ['a lost delivery', { ledger: closing.ledger.slice(1) }, 'had no effect'],
  ['a second effect', { ledger: [entry(ledgerId(VALID[0]), 2), ...closing.ledger.slice(1)] }, 'were repeated'],
  ['an effect of a forgery', { ledger: [...closing.ledger, entry('github#forged')] }, 'belong to no valid delivery'],
  ['poison that was not set aside', { quarantine: closing.quarantine.slice(1) }, 'in quarantine'],
  ['a forgery that was not refused', { refusedMessageIds: closing.refusedMessageIds.slice(1) }, 'were refused'],
  ['a refused delivery that is gone', { parked: REFUSED.length - 1 }, 'are not parked'],
  [
    'a readable card number',
    { quarantine: [...closing.quarantine.slice(1), SECRETS_IN_POISON.cardNumber] },
    'secrets can be read',
  ],
  [
    'a readable security code',
    { quarantine: [...closing.quarantine.slice(1), '{"cvv": "737"}'] },
    'secrets can be read',
  ],
  ['a secret in the log', { log: SECRETS_IN_POISON.token }, 'secrets can be read'],
])('%s keeps them open', (_what, changed, discrepancy) => {
  const books = closeBooks({ ...closing, ...changed });
  expect(books.ok).toBe(false);
  expect(books.discrepancies.join()).toContain(discrepancy);
});

test('a refusal that is logged twice, because its batch was, counts once', () => {
  const twice = [...closing.refusedMessageIds, closing.refusedMessageIds[0]];
  expect(closeBooks({ ...closing, refusedMessageIds: twice }).ok).toBe(true);
});

describe('the deliveries', () => {
  test('are the same for the same seed, and others for another', () => {
    expect(planDeliveries(mixOf(1000), 7)).toEqual(DELIVERIES);
    expect(planDeliveries(mixOf(1000), 8)).not.toEqual(DELIVERIES);
  });

  test('add up to what was asked for, duplicates behind their originals under the same id', () => {
    expect(DELIVERIES).toHaveLength(1000);
    for (const duplicate of DELIVERIES.filter(({ kind }) => kind === 'duplicate')) {
      const original = DELIVERIES.findIndex(({ kind, id }) => kind === 'valid' && id === duplicate.id);
      expect(original).toBeGreaterThanOrEqual(0);
      expect(original).toBeLessThan(DELIVERIES.indexOf(duplicate));
    }
  });

  test('carry GitHub’s own payloads, signed as GitHub signs', () => {
    const delivery = VALID.find(({ source }) => source === 'github')!;
    expect(headersOf(delivery, { github: 's', shop: 's' }, 0)).toMatchObject({
      'X-GitHub-Delivery': delivery.id,
      'X-Hub-Signature-256': expect.stringMatching(/^sha256=[0-9a-f]{64}$/),
    });
    expect(new Set(VALID.map(({ event }) => event)).size).toBeGreaterThan(30);
  });
});
