import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expressionsIn, readUses } from '../../lib/rules/metric-uses';

const found = (file: string, text: string) => expressionsIn(file, text).map(({ expression }) => expression);

const DASHBOARD = JSON.stringify({
  title: 'idle',
  templating: { list: [{ name: 'ns', query: { query: 'label_values(kube_pod_info, namespace)' } }] },
  annotations: { list: [{ expr: 'changes(process_start_time_seconds[5m]) > 0' }] },
  panels: [
    { targets: [{ expr: 'rate(a_total[5m])', legendFormat: '{{idle}}' }], panels: [{ targets: [{ expr: 'b' }] }] },
  ],
});

describe('expressions are found where files have them', () => {
  test('a dashboard: panels, rows, variables, annotations, and no titles', () => {
    expect(found('d.json', DASHBOARD).sort()).toEqual([
      'b',
      'changes(process_start_time_seconds[5m]) > 0',
      'label_values(kube_pod_info, namespace)',
      'rate(a_total[5m])',
    ]);
  });

  test('a file of rules, with expressions over several lines, and a query in the text of an alert', () => {
    const rules = `
groups:
  - name: a
    rules:
      - record: job:a:rate5m
        expr: |
          sum by (job) (
            rate(a_total[5m])  # work
          )
      - alert: High
        expr: 'b > 1'
        annotations:
          summary: '{{ with query "sum(c{job=\\"x\\"})" }}{{ . | first | value }}{{ end }}'
`;
    expect(found('r.yaml', rules)).toEqual([
      'sum by (job) (\n  rate(a_total[5m])  # work\n)\n',
      'b > 1',
      'sum(c{job="x"})',
    ]);
  });

  test('a ConfigMap with a dashboard, a PrometheusRule and a scaler in one file', () => {
    const manifests = [
      JSON.stringify({ kind: 'ConfigMap', data: { 'd.json': DASHBOARD } }),
      JSON.stringify({ kind: 'PrometheusRule', spec: { groups: [{ rules: [{ alert: 'A', expr: 'x > 1' }] }] } }),
      JSON.stringify({ kind: 'ScaledObject', spec: { triggers: [{ metadata: { query: 'sum(y)', threshold: '1' } }] } }),
    ].join('\n---\n');
    expect(found('all.yaml', manifests)).toEqual(expect.arrayContaining(['rate(a_total[5m])', 'x > 1', 'sum(y)']));
  });
});

describe('files and folders', () => {
  const folder = mkdtempSync(join(tmpdir(), 'metric-uses-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'deep/empty'), { recursive: true });
  writeFileSync(join(folder, 'deep/d.json'), DASHBOARD);
  writeFileSync(join(folder, 'r.yml'), 'groups: [{name: a, rules: [{alert: A, expr: z > 1}]}]');
  writeFileSync(join(folder, 'notes.md'), 'expr: nothing');
  const messages = (path: string) =>
    readUses('usedIn', [path]).checks.map(({ message }) => message.replaceAll(folder, '.'));

  test('a folder is read with all below it, each use with its file', () => {
    const { uses, checks } = readUses('usedIn', [folder]);
    expect(checks).toEqual([]);
    expect(uses).toHaveLength(5);
    expect(uses.find(({ expression }) => expression === 'z > 1')?.file).toBe(join(folder, 'r.yml'));
  });

  test.each<[string, string, RegExp]>([
    ['one that is not there', 'missing.json', /usedIn has \.\/missing\.json, which cannot be read: ENOENT/],
    [
      'a folder without any',
      'deep/empty',
      /usedIn has \.\/deep\/empty, a folder without a \.json, \.yaml or \.yml file/,
    ],
    ['one without an expression', 'notes.json', /usedIn has \.\/notes\.json, in which no expression was found/],
    ['one that is no JSON', 'broken.json', /usedIn has \.\/broken\.json, which cannot be read/],
  ])('%s is refused: nothing is passed over in silence', (_what, name, message) => {
    writeFileSync(join(folder, 'notes.json'), '{"title": "none"}');
    writeFileSync(join(folder, 'broken.json'), '{"title": ');
    expect(messages(join(folder, name))).toEqual([expect.stringMatching(message)]);
    rmSync(join(folder, 'notes.json'));
    rmSync(join(folder, 'broken.json'));
  });
});
