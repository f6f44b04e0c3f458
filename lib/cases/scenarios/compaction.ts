import { planCompaction } from '../../flow/compaction/plan';
import {
  type CompactionResult,
  type DayShape,
  type Started,
  simulateCompaction,
} from '../../flow/compaction/simulation';
import type { CompactionQuestion } from '../../flow/compaction/workload';
import { WEEK_SECONDS } from '../../flow/ranges';
import type { Engine } from '../engine';
import type { Answer, Numbers } from '../scenario';
import { enginesIn, type Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** A table whose small files are rewritten once a week before, and all the time after. */
export interface CompactionScenario {
  readonly kind: 'compaction';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  /** What the plan is asked on each engine; the workload is the same. At least one. */
  readonly after: { readonly on: Readonly<Partial<Record<Engine, CompactionQuestion>>> };
  /** Weeks watched. */
  readonly weeks: number;
}

/** How it is measured. */
export const compaction: Kind<CompactionScenario> = {
  measure: measureCompaction,
  engines: ({ after }) => enginesIn(after.on),
  beside: [
    { measure: 'work of all clean-ups a week', unit: 's', by: 'weeklyWorkSeconds' },
    { measure: 'most small files in a query', unit: 'files', by: 'smallFiles' },
    { measure: 'bytes rewritten for each new one', unit: 'ratio', by: 'writeAmplification' },
    { measure: "longest clean-up, were files to follow the day's sine", unit: 's', by: 'longestRunOfSineSeconds' },
    { measure: "most small files, were files to follow the day's sine", unit: 'files', by: 'smallFilesOfSine' },
  ],
};

/** Once a week, whatever has come, by the same machine. */
const WEEKLY: Started = {
  intervalSeconds: WEEK_SECONDS,
  startFiles: 1,
  minInputFiles: 1,
  runBudgetSeconds: WEEK_SECONDS,
};

/** A table: one clean-up a week before, runs by the clock after. */
function measureCompaction(subject: string, scenario: CompactionScenario, seed: number, engine?: Engine): Measured {
  const { after, weeks } = scenario;
  const question = engine === undefined ? Object.values(after.on)[0] : after.on[engine];
  if (question === undefined) throw new Error(`the case is not deployed on ${engine}`);
  const plan = planCompaction(subject, question);
  const started: Started = {
    intervalSeconds: plan.value('intervalSeconds'),
    startFiles: plan.value('startFiles'),
    minInputFiles: plan.value('minInputFiles'),
    runBudgetSeconds: plan.value('runBudgetSeconds'),
  };
  const watched = (how: Started, shape: DayShape) => simulateCompaction(question, how, { weeks, shape, seed });
  const { predictions } = plan;
  const sine = watched(started, 'sine');
  return {
    before: numbersOf(watched(WEEKLY, 'even')),
    after: {
      measured: {
        ...numbersOf(watched(started, 'even')),
        longestRunOfSineSeconds: sine.longestRunSeconds,
        smallFilesOfSine: sine.mostSmallFiles,
      },
      predicted: {
        longestRunSeconds: predictions.longestRunSeconds,
        runsPerWeek: predictions.runsPerWeek,
        smallFiles: predictions.mostSmallFiles,
        writeAmplification: predictions.writeAmplification,
        weeklyWorkSeconds: predictions.weeklyWorkSeconds,
      },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}

function numbersOf(result: CompactionResult): Numbers {
  return {
    longestRunSeconds: result.longestRunSeconds,
    runsPerWeek: result.runsPerWeek,
    smallFiles: result.mostSmallFiles,
    writeAmplification: result.writeAmplification,
    weeklyWorkSeconds: result.weeklyWorkSeconds,
  };
}
