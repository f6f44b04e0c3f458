/** What a test file finds when it begins: nothing of the file before it, and the time that is left. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { testsEnd } from './deadline';
import OwnEnvironment from './environment';

const made = () =>
  new OwnEnvironment({ projectConfig: { globals: {}, testEnvironmentOptions: {} } } as never, {} as never);

test('an AsyncLocalStorage that a file has used is switched off with it', async () => {
  const environment = made();
  const { run } = AsyncLocalStorage.prototype;
  await environment.setup();
  const storage = new AsyncLocalStorage<string>();
  await storage.run('of this file', async () => {
    expect(storage.getStore()).toBe('of this file');
    await environment.teardown();
    expect(storage.getStore()).toBeUndefined();
  });
  expect(AsyncLocalStorage.prototype.run).toBe(run);
});

describe('TESTS_END', () => {
  const before = process.env.TESTS_END;
  afterEach(() => {
    // Assigned, undefined would be the text of it.
    if (before === undefined) delete process.env.TESTS_END;
    else process.env.TESTS_END = before;
  });
  const modes = async (end: number) => {
    process.env.TESTS_END = `${end}`;
    const test = { mode: undefined };
    const rootDescribeBlock = { children: [{ mode: 'only', children: [test] }, test] };
    await made().handleTestEvent({ name: 'run_start' }, { rootDescribeBlock });
    return rootDescribeBlock;
  };

  test('before it all tests run', async () => {
    expect(await modes(Date.now() / 1000 + 60)).toEqual({ children: [{ mode: 'only', children: [{}] }, {}] });
  });

  test('after it all are skipped, with the hooks of each block', async () => {
    const mode = 'skip';
    expect(await modes(Date.now() / 1000 - 1)).toEqual({ mode, children: [{ mode, children: [{ mode }] }, { mode }] });
  });

  test('it is seconds, or nothing', () => {
    expect(testsEnd({})).toBe(Number.POSITIVE_INFINITY);
    expect(testsEnd({ TESTS_END: '' })).toBe(Number.POSITIVE_INFINITY);
    expect(testsEnd({ TESTS_END: `${testsEnd({}) + 1}` })).toBe(Number.POSITIVE_INFINITY);
    expect(() => testsEnd({ TESTS_END: 'noon' })).toThrow("TESTS_END must be seconds since the epoch, got 'noon'");
  });
});
