/**
 * Node.js as jest has it, and three things more.
 *
 * A test file does not pay for those before it. jest 30 runs the tests of each file in an AsyncLocalStorage of that file and
 * leaves it switched on, so every promise of a worker is passed through as many storages as files have run there: after 140
 * files a campaign in virtual time took 40 s instead of 1.
 *
 * Libraries that `libraries.cjs` names are loaded once a process.
 *
 * Past TESTS_END (deadline.ts) all tests of a file are skipped, and `total.ts` names them.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { TestEnvironment } from 'jest-environment-node';
import { isPast } from './deadline';

/** As jest-circus has it: blocks within it inherit nothing. */
interface Block {
  mode?: string;
  readonly children?: readonly Block[];
}

function skip(block: Block): void {
  block.mode = 'skip';
  for (const child of block.children ?? []) skip(child);
}

export default class OwnEnvironment extends TestEnvironment {
  readonly #switchedOn = new Set<AsyncLocalStorage<unknown>>();
  readonly #run = AsyncLocalStorage.prototype.run;

  public override async setup(): Promise<void> {
    await super.setup();
    this.global.loadedOnce = require;
    const [switchedOn, run] = [this.#switchedOn, this.#run];
    AsyncLocalStorage.prototype.run = function (this: AsyncLocalStorage<unknown>, ...args: Parameters<typeof run>) {
      switchedOn.add(this);
      return run.apply(this, args);
    } as typeof run;
  }

  public async handleTestEvent({ name }: { name: string }, state: { rootDescribeBlock: Block }): Promise<void> {
    if (name === 'run_start' && isPast()) skip(state.rootDescribeBlock);
  }

  public override async teardown(): Promise<void> {
    AsyncLocalStorage.prototype.run = this.#run;
    for (const storage of this.#switchedOn) storage.disable();
    await super.teardown();
  }
}
