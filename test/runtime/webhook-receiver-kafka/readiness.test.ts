/** A pod gets deliveries once it knows its topic, and keeps them whatever happens to the brokers. */
import { Readiness } from '../../../lib/runtime/webhook-receiver-kafka/readiness';

let log: jest.SpyInstance;
beforeEach(() => {
  log = jest.spyOn(console, 'log').mockImplementation(() => {});
});
afterEach(() => log.mockRestore());

/** As the client gives them: what happened is within. */
const refused = (reason: object) =>
  Object.assign(new Error('hunter2'), { code: 'PLT_KFK_MULTIPLE', errors: [Object.assign(new Error(), reason)] });

test('not ready until the topic was found once; each failure is a line with its reasons', async () => {
  const answers = [
    () => Promise.reject(refused({ code: 'PLT_KFK_NETWORK', cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' } })),
    () => Promise.reject(refused({ apiId: 'TOPIC_AUTHORIZATION_FAILED' })),
    () => Promise.resolve(),
  ];
  const seen: boolean[] = [];
  const readiness: Readiness = new Readiness(
    () => answers.shift()!(),
    async () => seen.push(readiness.isReady),
  );
  expect(readiness.isReady).toBe(false);
  await readiness.begin();
  expect([seen, readiness.isReady, answers]).toEqual([[false, false], true, []]);
  const lines = log.mock.calls.map(([line]) => JSON.parse(line));
  expect(lines.map(({ message }) => message)).toEqual(['not ready', 'not ready', 'ready']);
  expect(lines[0].reasons).toBe('PLT_KFK_MULTIPLE, PLT_KFK_NETWORK, SELF_SIGNED_CERT_IN_CHAIN');
  expect(lines[1].reasons).toContain('TOPIC_AUTHORIZATION_FAILED');
  expect(JSON.stringify(lines)).not.toContain('hunter2');
});
