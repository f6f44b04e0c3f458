/**
 * One measurement in a separate process: `child.ts <engine> <side> <pairs>` prints the CPU seconds of one synthesis.
 */
import type { Engine, Side } from './build';
import type { WhenSubject } from './when/subject';

async function synthesizer(engine: Engine): Promise<(side: Side, pairs: number) => { seconds: number }> {
  // Loaded on its own: the other engine's libraries are not part of the measurement.
  const [platform, subject] = engine.split(':') as [string, WhenSubject | undefined];
  if (subject !== undefined) {
    const made =
      platform === 'aws'
        ? (await import('./when/build.js')).synthesizeWhen
        : (await import('./when/k8s-build.js')).synthesizeWhenK8s;
    return (side, count) => made(subject, side, count);
  }
  if (engine === 'aws') return (await import('./build.js')).synthesize;
  const { makeObjects, synthesizeK8s } = await import('./k8s.js');
  return engine === 'k8s' ? synthesizeK8s : makeObjects;
}

const WARM_UP_PAIRS = 10;

async function main(): Promise<void> {
  const [engine, side, pairs] = process.argv.slice(2);
  const synthesize = await synthesizer(engine as Engine);
  synthesize(side as Side, WARM_UP_PAIRS);
  console.log(synthesize(side as Side, Number(pairs)).seconds);
}

main().catch((error: Error) => {
  console.error(error);
  process.exit(1);
});
