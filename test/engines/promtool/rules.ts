/**
 * Rule unit tests for the alerts of a chart: a table of series and of what fires, handed to `promtool test rules`
 * together with the rules as the chart writes them. A chart adds a file with its table and calls `testAlerts`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Chart, Testing } from 'cdk8s';
import { stringify } from 'yaml';
import type { Manifest } from '../../support/manifest';

/** One alert at one time: what Prometheus saw until then, and whether it fires. */
export interface AlertCase {
  readonly alert: string;
  /** In words, after "fires when" or "is silent when". */
  readonly when: string;
  /** Series by selector; values in promtool's notation, one a step, such as `0x10 500x20`. */
  readonly series: Readonly<Record<string, string>>;
  /**
   * Minutes between two values and two evaluations; below 5, or Prometheus takes a value for gone.
   *
   * @default 1
   */
  readonly stepMinutes?: number;
  /** Minutes after the first value. */
  readonly atMinute: number;
  readonly fires: boolean;
}

/** Rules of a chart and cases about them. */
export interface AlertSuite {
  /** Every `PrometheusRule` of the chart; with several, one name of alert may come more than once. */
  readonly manifests: readonly Manifest[];
  readonly cases: readonly AlertCase[];
  /** Another installation of the chart under the same Prometheus: what is wrong with this one is nothing to it. */
  readonly neighbour: Chart;
}

const installed = spawnSync('promtool', ['--version']).status === 0;

/** The tests of a chart's alerts. */
export function testAlerts(chart: string, { manifests, cases, neighbour }: AlertSuite): void {
  const rulesIn = (all: readonly Manifest[]) => all.filter(({ kind }) => kind === 'PrometheusRule');
  const rules = rulesIn(manifests);
  const alerts: string[] = rules.flatMap(({ spec }) =>
    spec.groups.flatMap((group: Manifest) => group.rules.map(({ alert }: Manifest) => alert)),
  );

  // Needs no promtool: a forgotten alert is found on every machine.
  test(`every alert of ${chart} is shown firing and silent`, () => {
    const shown = (fires: boolean) => new Set(cases.filter((one) => one.fires === fires).map(({ alert }) => alert));
    expect([...shown(true)].sort()).toEqual([...new Set(alerts)].sort());
    expect([...shown(false)].sort()).toEqual([...new Set(alerts)].sort());
  });

  (installed ? describe : describe.skip)(`promtool: ${chart}`, () => {
    let folder: string;
    const rulesFile = (name: string, kept: (alert: string) => boolean, of = rules) => {
      const groups = of
        .flatMap(({ spec }) => spec.groups)
        .map((group: Manifest) => ({ ...group, rules: group.rules.filter(({ alert }: Manifest) => kept(alert)) }));
      writeFileSync(join(folder, name), stringify({ groups }));
    };
    const tool = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
      return { status, output: `${stdout}${stderr}` };
    };
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'backpressure-promtool-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test('check rules finds nothing', () => {
      rulesFile('rules.yaml', () => true);
      const { status, output } = tool('check', 'rules', 'rules.yaml');
      expect(output).toContain(`${alerts.length} rules found`);
      expect([status, output]).toEqual([0, expect.not.stringMatching(/FAILED|duplicate/)]);
    });

    test.each(cases.map((one) => ({ ...one, does: one.fires ? 'fires' : 'is silent' })))(
      '$alert $does when $when',
      (one) => {
        // Weeks of minutes of every other rule would only warm the machine.
        rulesFile('rules.yaml', (alert) => alert === one.alert);
        expect(firing(tool, folder, one)).toBe(one.fires);
      },
    );

    const wrong = cases.filter(({ fires, series }) => fires && Object.keys(series).length > 0);
    test.each(wrong)('$alert of another installation hears nothing of it when $when', (one) => {
      rulesFile('rules.yaml', (alert) => alert === one.alert, rulesIn(Testing.synth(neighbour)));
      // An alert about what is missing fires by itself: the neighbour has no series here.
      expect(firing(tool, folder, one)).toBe(firing(tool, folder, { ...one, series: {} }));
    });
  });
}

/** Asks promtool whether an alert fires: expecting none is right exactly when it is silent. */
function firing(
  tool: (...args: string[]) => { status: number | null; output: string },
  folder: string,
  one: AlertCase,
) {
  const input = Object.entries(one.series).map(([series, values]) => ({ series, values }));
  const expectation = { eval_time: `${one.atMinute}m`, alertname: one.alert, exp_alerts: [] };
  const step = `${one.stepMinutes ?? 1}m`;
  const file = {
    rule_files: ['rules.yaml'],
    evaluation_interval: step,
    tests: [{ interval: step, input_series: input, alert_rule_test: [expectation] }],
  };
  writeFileSync(join(folder, 'test.yaml'), stringify(file));
  const { status, output } = tool('test', 'rules', 'test.yaml');
  if (status === 0) return false;
  // Anything else that went wrong is no alert.
  if (!/exp:\[\s*\]/.test(output) || !output.includes(`alertname="${one.alert}"`)) throw new Error(output);
  return true;
}
