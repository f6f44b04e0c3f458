import type { ChildProcess } from 'node:child_process';

/** Waits until a process is gone, by itself or by a signal; at once when it is already. */
export function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}
