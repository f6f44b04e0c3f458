/** What of a call is counted towards a pause; the counts themselves are in a real Redis, test/engines/sender-pause.test.ts. */
import type { Mail, Outcome } from '../../../lib/runtime/sender/mail';
import { CountedProvider } from '../../../lib/runtime/sender/pause';

const mail = { id: 'a', to: ['a@example.com'] } as unknown as Mail;

test.each<[string, Outcome, [string, number][]]>([
  ['a mail that was sent', { kind: 'sent', messageId: '1' }, [['sent', 1]]],
  [
    'a mail of which some recipients were refused, as the metrics and the alert count it',
    { kind: 'sent', messageId: '1', rejected: 20 },
    [
      ['sent', 1],
      ['refused', 20],
    ],
  ],
  ['a mail that is refused for good', { kind: 'refused', reason: '550' }, [['refused', 1]]],
  ['a mail above the rate', { kind: 'throttled' }, []],
  ['a provider that is away', { kind: 'away', millis: 1 }, []],
  ['a mail without an answer', { kind: 'unknown', reason: 'none' }, []],
])('%s', async (_, outcome, counted) => {
  const records: [string, number][] = [];
  const provider = { prepare: async () => {}, send: async () => outcome };
  const counting = new CountedProvider(provider, async (kind, count) => void records.push([kind, count]));
  expect(await counting.send(mail)).toBe(outcome);
  expect(records).toEqual(counted);
});
