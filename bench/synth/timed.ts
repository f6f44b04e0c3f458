/** What both engines time, and where their apps write. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App, Stack } from 'aws-cdk-lib';

/** The compared part of a template. */
export interface Template {
  readonly Resources: Record<string, { readonly Type: string }>;
}

/** Runs it with an empty folder, which is gone afterwards. */
export function inEmptyFolder<T>(run: (outdir: string) => T): T {
  const outdir = mkdtempSync(join(tmpdir(), 'backpressure-bench-'));
  try {
    return run(outdir);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** CPU seconds of this process that it takes, and what it gives. */
export function timed<T>(run: () => T): { seconds: number; made: T } {
  const before = process.cpuUsage();
  const made = run();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, made };
}

/** CPU seconds to make the stacks of an app and to synthesize it, and their templates. */
export function timedStacks(app: () => App, fill: (app: App) => Stack[]): { seconds: number; templates: Template[] } {
  const { seconds, made } = timed(() => {
    const whole = app();
    const stacks = fill(whole);
    return { stacks, assembly: whole.synth() };
  });
  const { stacks, assembly } = made;
  return { seconds, templates: stacks.map(({ stackName }) => assembly.getStackByName(stackName).template as Template) };
}
