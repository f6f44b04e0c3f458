/**
 * One measurement in a separate process: `child.ts <engine> <side> <pairs>` prints the CPU seconds of one synthesis.
 */
import type { Engine, Side } from './build';
import type { WhenSubject, WhenSubjectK8s } from './when/subject';

async function synthesizer(engine: Engine): Promise<(side: Side, pairs: number) => { seconds: number }> {
  // Loaded on its own: the other engine's libraries are not part of the measurement.
  const [platform, subject] = engine.split(':') as [string, WhenSubject | undefined];
  if (subject !== undefined && platform === 'aws') {
    const { synthesizeWhen } = await import('./when/build.js');
    return (side, count) => synthesizeWhen(subject, side, count);
  }
  if (subject !== undefined) {
    const { synthesizeWhenK8s } = await import('./when/k8s-build.js');
    return (side, count) => synthesizeWhenK8s(subject as WhenSubjectK8s, side, count);
  }
  if (engine === 'aws') return (await import('./build.js')).synthesize;
  const { makeObjects, makePlannedObjects, synthesizeK8s } = await import('./k8s.js');
  return { k8s: synthesizeK8s, 'k8s-objects': makeObjects, 'k8s-planned': makePlannedObjects }[engine as string]!;
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
