/**
 * Every exercise can be solved, and is not solved when it begins: the corrected examples of the rules pass, the plan's own
 * numbers pass, and the reference environment of the case passes.
 */
import { type App, Testing } from 'cdk8s';
import { judgeBuild, judgeMend, judgeSize } from '../../bin/cli/exercise/judge';
import { startFiles } from '../../bin/cli/exercise/start';
import { REFERENCE_CHARTS } from '../../charts/reference';
import { CASES, caseOf } from '../../lib/cases/catalogue';
import { type CaseExercises, EXERCISE_LEVELS } from '../../lib/cases/exercises/exercise';
import { EXERCISES } from '../../lib/cases/exercises/table';
import { runScenario } from '../../lib/cases/run-scenario';
import { examplesOf } from '../../lib/rules/examples';
import { documentsFrom, readDocuments } from '../../lib/rules/read';
import { RULES } from '../../lib/rules/table';
import { REFERENCE_STACKS } from '../../stacks/reference';
import { referenceApp } from '../support/reference';

const held = (claims: readonly { holds: boolean }[]) => claims.every(({ holds }) => holds);
const named = EXERCISES.map((exercises) => [exercises.number, exercises] as const);

test('every case that runs has exercises, in order', () => {
  expect(EXERCISES.map(({ number }) => number)).toEqual(
    CASES.filter(({ scenario }) => scenario).map(({ number }) => number),
  );
});

test.each(named)('case %d: the rules of the basic exercise are rules of the case', (number, { basic }) => {
  const ofCase = RULES.filter(({ cases }) => cases.includes(number)).map(({ id }) => id);
  for (const rule of basic.rules) expect(ofCase).toContain(rule);
});

test.each(named)('case %d: every level says what to do and names the command that judges it', (number, exercises) => {
  for (const level of EXERCISE_LEVELS) {
    const readme = startFiles(exercises, level)['README.md'];
    expect(readme).toContain(exercises[level].task);
    expect(readme).toContain(`exercise ${number} ${level} --check .`);
  }
});

test.each(named)('case %d basic: begins with a finding of each rule, and the corrected files pass', (_, { basic }) => {
  const read = (which: 'wrong' | 'right') =>
    readDocuments(basic.rules.map((rule) => ({ file: rule, text: examplesOf(rule)[which] })));
  const begun = judgeMend(basic, read('wrong'));
  expect(begun.filter(({ claim, holds }) => / finds /.test(claim) && holds)).toEqual([]);
  expect(judgeMend(basic, read('right')).filter(({ holds }) => !holds)).toEqual([]);
  // Deleting what is wrong is no mend.
  expect(held(judgeMend(basic, []))).toBe(false);
});

/** What a person would answer who lets the plan do the arithmetic. */
function planned({ number, advanced }: CaseExercises): Record<string, number> {
  const { knobs } = runScenario(caseOf(number), 1, advanced.engine);
  const value = (name: string) => Number(knobs.find((knob) => knob.name === name)?.value);
  const other: Record<string, () => number> = {
    retentionDays: () => value('retentionSeconds') / 86_400,
    infrequentAccessDays: () => value('transitionInDays.STANDARD_IA'),
    glacierDays: () => value('transitionInDays.GLACIER'),
    nativeHistograms: () => 1,
  };
  const prefix = { 4: 'offsetMinutes', 18: 'producerByteRate', 20: 'nominalJobs' }[number];
  return Object.fromEntries(
    Object.keys(advanced.answers).map((name) => [
      name,
      other[name]?.() ?? value(prefix === undefined ? name : `${prefix}.${name}`),
    ]),
  );
}

test.each(named)("case %d advanced: the plan's own numbers pass", (_, exercises) => {
  expect(judgeSize(exercises, planned(exercises)).filter(({ holds }) => !holds)).toEqual([]);
});

/** Numbers that a person might try first, and that do not do. */
const HABITS: Readonly<Record<number, Record<string, number>>> = {
  1: { fileSizeCapBytes: 5e9, fileCount: 7 },
  2: { minInstances: 1, maxInstances: 2 },
  3: { triggerSeconds: 290, maxOffsetsPerTrigger: 375_000, executors: 1 },
  4: Object.fromEntries(Array.from({ length: 36 }, (_, i) => [`chore-${String(i + 1).padStart(2, '0')}`, 0])),
  5: { partitions: 4, instances: 3, minInstances: 3, batchSize: 1 },
  6: { minInstances: 1, maxInstances: 20 },
  7: { messagesPerSecond: 120, burst: 100 },
  8: { heartbeatSeconds: 10, tickSeconds: 60, writerPollSeconds: 45 },
  9: { windowSeconds: 300, shards: 1 },
  10: { heapBytes: 1.6e9 },
  11: { infrequentAccessDays: 300, glacierDays: 330 },
  12: { minInstances: 2, maxInstances: 2, queueBound: 200 },
  13: { maxRunners: 12 },
  14: { maxReceiveCount: 100, maxInstances: 10 },
  15: { maxInstances: 20 },
  16: { retentionDays: 180 },
  17: { intervalSeconds: 86_400 },
  18: { billing: 20e6, devices: 20e6, clicks: 60e6 },
  19: { nativeHistograms: 0, intervalSeconds: 60 },
  20: { billing: 1, fraud: 1, pricing: 1, risk: 101 },
};

test.each(named)('case %d advanced: a habit is refused or misses the promise', (number, exercises) => {
  expect(held(judgeSize(exercises, HABITS[number]))).toBe(false);
});

test('case 19 advanced: a pod that is scraped less often than queries look back is refused by name', () => {
  const [metrics] = EXERCISES.filter(({ number }) => number === 19);
  const [refused] = judgeSize(metrics, { nativeHistograms: 1, intervalSeconds: 600 });
  expect(refused).toMatchObject({ holds: false, found: expect.stringContaining('intervalSeconds') });
});

test('a refusal says which number it is about', () => {
  const [orders] = EXERCISES.filter(({ number }) => number === 2);
  const [refused] = judgeSize(orders, { minInstances: 5, maxInstances: 2 });
  expect(refused.found).toMatch(/minInstances|maxInstances/);
});

/** The documents of the reference environments that deploy the case, on the engine that the exercise asks for. */
function environments(number: number, engine: 'aws' | 'k8s') {
  const deployed = caseOf(number)
    .constructs.filter(({ engines }) => engines.includes(engine))
    .flatMap((construct) => construct.deployed ?? []);
  return [...new Set(deployed.map((path) => path.split('/')[0]))].flatMap((name) =>
    engine === 'aws' ? stackDocuments(name) : chartDocuments(name),
  );
}

function stackDocuments(name: string) {
  const app = referenceApp();
  new REFERENCE_STACKS[name](app, name);
  return documentsFrom(app.synth().stacks.map(({ template, stackName }) => ({ file: stackName, parsed: template })));
}

function chartDocuments(name: string) {
  const chart = new REFERENCE_CHARTS[name](Testing.app() as App, name);
  return documentsFrom([{ file: name, parsed: Testing.synth(chart) }]);
}

test.each(named)(
  'case %d project: nothing is there when it begins, and the reference environment passes',
  (number, { project }) => {
    const engine = Object.keys(project.resources).some((type) => type.startsWith('AWS::')) ? 'aws' : 'k8s';
    expect(held(judgeBuild(project, []))).toBe(false);
    expect(judgeBuild(project, environments(number, engine)).filter(({ holds }) => !holds)).toEqual([]);
  },
);
