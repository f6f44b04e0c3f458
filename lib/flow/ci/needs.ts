/** Which jobs of a pipeline come before which. */
import type { CiJob } from './pipelines';

/** The names of jobs that need one another in a circle, the first one again at the end; undefined when there is none. */
export function cycleOf(jobs: readonly CiJob[]): readonly string[] | undefined {
  const needs = new Map(jobs.map((job) => [job.name, job.needs ?? []]));
  const finished = new Set<string>();
  const walk = (name: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (finished.has(name)) return undefined;
    for (const one of needs.get(name) ?? []) {
      const circle = walk(one, [...path, name]);
      if (circle !== undefined) return circle;
    }
    finished.add(name);
    return undefined;
  };
  for (const { name } of jobs) {
    const circle = walk(name, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

/** The names of jobs that deploy, and of those that need one of them: they run only where the deployment does. */
export function deployingJobs(jobs: readonly CiJob[]): ReadonlySet<string> {
  const found = new Set(jobs.filter(({ deploysTo }) => deploysTo !== undefined).map(({ name }) => name));
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const { name, needs = [] } of jobs) if (needs.some((one) => found.has(one))) found.add(name);
  }
  return found;
}
