/** The network between an engine and all others, which a torture run cuts: consumers and senders know only its ports. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ended } from '../support/ended';

/** A port of an engine, and the one in front of it; any free one unless it is told. */
export interface Route {
  readonly target: number;
  readonly port?: number;
}

/** A network. */
export interface Network {
  /** The ports in front of those of the engine, in their order. */
  readonly ports: readonly number[];
  /** Lets nothing pass, either way, from when it resolves; connections stay open. */
  close(): Promise<void>;
  /** Lets all pass again, with what was held. */
  open(): Promise<void>;
  /** Both, so many seconds apart. */
  cut(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one in front of these ports on 127.0.0.1. */
export async function networkTo(...routes: readonly Route[]): Promise<Network> {
  const child = fork(join(__dirname, 'network-process.cjs'), { stdio: 'ignore', execArgv: [] });
  const ask = async (message: object) => {
    const answered = once(child, 'message');
    child.send(message);
    const [{ ports }] = (await answered) as [{ readonly ports: readonly number[] }];
    return ports;
  };
  const [close, open] = [true, false].map((isCut) => async () => void (await ask({ isCut })));
  return {
    ports: await ask({ routes }),
    close,
    open,
    async cut(seconds) {
      await close();
      await wait(1000 * seconds);
      await open();
    },
    async stop() {
      const over = ended(child);
      child.kill('SIGKILL');
      await over;
    },
  };
}

/** The port of an address. */
export const portOf = (address: string) => Number(new URL(address).port);

/** An address with another port. */
export function atPort(address: string, port: number): string {
  const url = new URL(address);
  url.port = String(port);
  // An address without a path gets one.
  return address.endsWith('/') ? url.href : url.href.replace(/\/$/, '');
}
