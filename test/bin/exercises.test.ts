/**
 * Every exercise can be solved, and is not solved when it begins: the corrected examples of the rules pass, the plan's own
 * numbers pass, and the reference environment of the case passes.
 */
import { type App, Testing } from 'cdk8s';
import { boundText } from '../../bin/cli/exercise/bounds';
import { judgeBuild, judgeMend, judgeSize } from '../../bin/cli/exercise/judge';
import { judgeAlerts } from '../../bin/cli/exercise/shown';
import { startFiles } from '../../bin/cli/exercise/start';
import { REFERENCE_CHARTS } from '../../charts/reference';
import { CASES, caseOf } from '../../lib/cases/catalogue';
import { type Build, type CaseExercises, EXERCISE_LEVELS } from '../../lib/cases/exercises/exercise';
import { EXERCISES } from '../../lib/cases/exercises/table';
import { runScenario } from '../../lib/cases/run-scenario';
import { figure } from '../../lib/flow/figures';
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

/** Numbers that keep the promise by waste, or at the cost of what the case is about. */
const ABSURD: Readonly<Record<number, Record<string, number>>> = {
  1: { fileSizeCapBytes: 1e5, fileCount: 1 },
  2: { minInstances: 9999, maxInstances: 9999 },
  3: { triggerSeconds: 150, maxOffsetsPerTrigger: 375_000, executors: 500 },
  4: Object.fromEntries(Array.from({ length: 36 }, (_, i) => [`chore-${String(i + 1).padStart(2, '0')}`, 1000 * i])),
  5: { partitions: 1000, instances: 1000, minInstances: 1000, batchSize: 1 },
  6: { minInstances: 9999, maxInstances: 9999 },
  7: { messagesPerSecond: 0.01, burst: 1 },
  8: { heartbeatSeconds: 0.001, tickSeconds: 0.001, writerPollSeconds: 0.001 },
  9: { windowSeconds: 0.001, shards: 1000 },
  10: { heapBytes: 1e12 },
  11: { infrequentAccessDays: 30, glacierDays: 31 },
  12: { minInstances: 9999, maxInstances: 9999, queueBound: 0 },
  13: { maxRunners: 9999 },
  14: { maxReceiveCount: 5, maxInstances: 1000 },
  15: { maxInstances: 1000 },
  16: { retentionDays: 1 },
  17: { intervalSeconds: 600 },
  18: { billing: 1, devices: 1, clicks: 1 },
  19: { nativeHistograms: 1, intervalSeconds: 1 },
  20: { billing: 104, fraud: 104, pricing: 104, risk: 104 },
};

test.each(named)('case %d advanced: far too much, or next to nothing, does not pass', (number, exercises) => {
  expect(held(judgeSize(exercises, ABSURD[number]))).toBe(false);
});

test.each(named)('case %d advanced: the task and the file say each bound', (_, exercises) => {
  const { advanced } = exercises;
  const file = startFiles(exercises, 'advanced')['answers.yaml'];
  for (const [name, bounds] of Object.entries(advanced.bounds ?? {})) {
    expect(Object.keys(advanced.answers)).toContain(name);
    for (const bound of [bounds.atLeast, bounds.atMost].filter((one) => one !== undefined))
      expect(advanced.task).toContain(figure(bound));
    expect(file).toContain(boundText(bounds));
  }
});

test('case 19 advanced: a pod that is scraped less often than queries look back is refused by name', () => {
  const [metrics] = EXERCISES.filter(({ number }) => number === 19);
  const refused = judgeSize(metrics, { nativeHistograms: 1, intervalSeconds: 600 }).filter(({ holds }) => !holds);
  expect(refused).toMatchObject([{ found: expect.stringContaining('intervalSeconds') }]);
});

test('a refusal says which number it is about', () => {
  const [orders] = EXERCISES.filter(({ number }) => number === 2);
  const refused = judgeSize(orders, { minInstances: 3, maxInstances: 2 }).filter(({ holds }) => !holds);
  expect(refused).toMatchObject([{ found: expect.stringMatching(/minInstances|maxInstances/) }]);
  const tooMany = judgeSize(orders, { minInstances: 4, maxInstances: 6 }).filter(({ holds }) => !holds);
  expect(tooMany).toEqual([{ claim: 'minInstances is at most 3', holds: false, found: '4' }]);
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

/** Resources of the right types, as many as asked for, with nothing in them. */
function hollow({ resources }: Build) {
  const each = Object.entries(resources).flatMap(([type, count]) =>
    Array.from({ length: count }, (_, index) => ({ type, name: `Empty${type.replace(/\W/g, '')}${index}` })),
  );
  const onAws = each.some(({ type }) => type.startsWith('AWS::'));
  const manifest = ({ type, name }: (typeof each)[number]) => {
    const [group, kind] = type.includes('/') ? type.split('/') : ['', type];
    return { apiVersion: group === '' ? 'v1' : `${group}/v1`, kind, metadata: { name: name.toLowerCase() } };
  };
  const parsed = onAws
    ? { Resources: Object.fromEntries(each.map(({ type, name }) => [name, { Type: type, Properties: {} }])) }
    : each.map(manifest);
  return documentsFrom([{ file: 'hollow', parsed }]);
}

test.each(named)(
  'case %d project: resources of the right types with nothing in them show nothing',
  (_, { project }) => {
    const claims = judgeBuild(project, hollow(project));
    const holds = (claim: string) => claims.filter((one) => one.claim === claim).map((one) => one.holds);
    // They are there, and that is all.
    for (const [type, count] of Object.entries(project.resources))
      expect(holds(`at least ${count} × ${type}`)).toEqual([true]);
    for (const { claim } of project.shows) expect([claim, holds(claim)]).toEqual([claim, [false]]);
    for (const on of Object.keys(project.alerts)) expect(holds(`an alert on ${on}`)).toEqual([false]);
    expect(project.shows.length).toBeGreaterThanOrEqual(2);
  },
);

test('one alert that speaks of everything is not one on each', () => {
  const [{ project }] = EXERCISES.filter(({ number }) => number === 12);
  const rule = { alert: 'Everything', expr: 'up == 0', annotations: { summary: 'refused, or slow' } };
  const rules = (...list: object[]) =>
    documentsFrom([
      {
        file: 'rules',
        parsed: [
          {
            apiVersion: 'monitoring.coreos.com/v1',
            kind: 'PrometheusRule',
            metadata: { name: 'rules' },
            spec: { groups: [{ name: 'all', rules: list }] },
          },
        ],
      },
    ]);
  const missing = (list: object[]) => judgeAlerts(project, rules(...list)).filter(({ holds }) => !holds);
  expect(missing([rule]).map(({ claim }) => claim)).toEqual(['at least 2 alerts with conditions of their own']);
  // Without a condition it never fires.
  expect(missing([{ ...rule, expr: '' }])).toHaveLength(3);
  expect(
    missing([
      { ...rule, alert: 'Refused' },
      { ...rule, alert: 'Slow', expr: 'latency > 1' },
    ]),
  ).toEqual([]);
});
