/** Letters of a torture run: their shares, their fates, and that those made to do harm try what they are to try. */
import { Masking } from '../../lib/runtime/masking';
import { lettersOf, SECRET, SECRETS, SHARES } from './letters';

const letters = lettersOf(20_000, 500, 7);

describe('letters', () => {
  test('are the same for a seed, and in the shares that are told', () => {
    expect(lettersOf(1000, 10, 3)).toEqual(lettersOf(1000, 10, 3));
    const share = (count: number) => count / letters.length;
    expect(share(letters.filter(({ copies }) => copies > 1).length)).toBeCloseTo(SHARES.duplicate, 2);
    const poison = letters.filter(({ body }) => body.includes(SECRET) && body.at(-1) !== '}');
    expect(share(poison.length) / SHARES.poison).toBeGreaterThan(0.7);
    expect(share(poison.length) / SHARES.poison).toBeLessThan(1.3);
  });

  test('are told apart by their bodies: one that was set aside vouches for no other', () => {
    const many = lettersOf(100_000, 1000, 11).filter(({ fate }) => fate === 'aside');
    expect(new Set(many.map(({ body }) => body)).size).toBe(many.length);
  });

  test('with an effect can be read, also those that are made to do harm; the others cannot, or say that they never have one', () => {
    const read = (body: string) => JSON.parse(body) as { readonly id: string; readonly never?: boolean };
    for (const { body, fate, id } of letters) {
      if (fate === 'effect') expect(read(body)).toMatchObject({ id });
      else if (body.includes('"never"')) expect(read(body)).toMatchObject({ id, never: true });
      else expect(() => read(body)).toThrow();
    }
  });

  test.each([100, 1000])('of each kind that is made to do harm one is among %d', (count) => {
    const few = lettersOf(count, 10, 1);
    const kinds = [
      few.some(({ body }) => body.includes('"deep"')),
      few.some(({ body }) => body.length > 1_000_000),
      few.some(({ body, fate }) => fate === 'aside' && SECRETS.every((secret) => body.includes(secret))),
      few.some(({ attributes }) => 'x-death' in attributes),
      few.some(({ body }) => body.startsWith('\u0000')),
    ];
    expect(kinds).toEqual(kinds.map(() => true));
  });

  test('with names that mask alike fail with an error that quotes them, which is masked', () => {
    const { body } = letters.find(({ body }) => body.includes('"never"'))!;
    const { worked } = require('./handler.cjs') as { worked(body: string): Promise<unknown> };
    return worked(body).then(
      () => Promise.reject(new Error('it had an effect')),
      ({ message }: Error) => {
        expect(SECRETS.filter((secret) => message.includes(secret))).toEqual(SECRETS);
        const masked = new Masking().text(message);
        expect(SECRETS.filter((secret) => masked.includes(secret))).toEqual([]);
        // Neither name is lost, and the text is JSON as before.
        expect(Object.keys(JSON.parse(masked) as object)).toHaveLength(
          Object.keys(JSON.parse(message) as object).length,
        );
      },
    );
  });
});
