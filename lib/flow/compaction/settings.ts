/** What the shipped scripts are told by their plan: one list for a template, a manifest and the tests on real engines. */
import type { CompactionPlan } from './workload';

/** The arguments of a run that are knobs, by name without hyphens. */
export function planArguments(plan: CompactionPlan, offsetMinutes: number): Readonly<Record<string, string>> {
  const value = (name: string) => String(plan.value(name));
  return {
    'target-bytes': value('targetBytes'),
    'small-bytes': value('smallBytes'),
    'start-files': value('startFiles'),
    'min-input-files': value('minInputFiles'),
    'quiet-seconds': value('quietSeconds'),
    'budget-seconds': value('runBudgetSeconds'),
    'interval-seconds': value('intervalSeconds'),
    'offset-seconds': String(60 * offsetMinutes),
    workers: value('workers'),
    'vacuum-hours': value('vacuumHours'),
    'vacuum-interval-seconds': value('vacuumIntervalSeconds'),
  };
}
