import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

/** Of a variable of Grafana; the linter takes it for a template of our own. */
const DOLLAR = '$';

describe('what is inside of text', () => {
  const inConfigMap = (text: string) => JSON.stringify({ kind: 'ConfigMap', data: { 'r.yaml': text } });

  test('a key that is given twice counts as JSON and YAML take it: the last one', () => {
    expect(found('c.json', inConfigMap('{"expr": "a", "expr": "b"}'))).toEqual(['b']);
    expect(found('c.json', inConfigMap('expr: a\nexpr: b\n'))).toEqual(['b']);
  });

  test('several documents in one text are all read', () => {
    expect(found('c.json', inConfigMap('expr: a\n---\nexpr: b\n'))).toEqual(['a', 'b']);
  });

  test('a Secret, and the binary data of a ConfigMap', () => {
    const encoded = Buffer.from('groups: [{rules: [{alert: A, expr: z > 1}]}]').toString('base64');
    expect(found('s.json', JSON.stringify({ kind: 'Secret', data: { 'r.yaml': encoded, password: 'eA==' } }))).toEqual([
      'z > 1',
    ]);
    expect(found('c.json', JSON.stringify({ kind: 'ConfigMap', binaryData: { 'r.rules': encoded } }))).toEqual([
      'z > 1',
    ]);
  });

  test.each<[string, string[]]>([
    ['{{ with printf "up{job=%q} == 0" .Labels.job | query }}x{{ end }}', ['up{job=$anything} == 0']],
    ['{{ range query (printf `a_total{job="%s"}` $labels.job) }}x{{ end }}', ['a_total{job="$anything"}']],
    ['{{ query "b" | first | value | printf "%.2f" }}', ['b']],
  ])('a query that a text of an alert prints: %s', (summary, wanted) => {
    expect(found('r.json', JSON.stringify({ annotations: { summary } }))).toEqual(wanted);
  });

  test('a rule is read with the name under which it records', () => {
    const rules = 'groups: [{rules: [{record: "job:a:rate5m", expr: "rate(a[5m])"}, {alert: A, expr: b}]}]';
    expect(expressionsIn('r.rules', rules)).toEqual([
      { file: 'r.rules', expression: 'rate(a[5m])', record: 'job:a:rate5m' },
      { file: 'r.rules', expression: 'b' },
    ]);
  });
});

describe('queries for other data sources are left out', () => {
  const LOG = '{app="x"} |= "e"';
  const dashboard = (panel: object, rest: object = {}) => JSON.stringify({ panels: [panel], ...rest });
  const variable = (query: string) => ({ templating: { list: [{ type: 'datasource', name: 'ds', query }] } });

  test.each<[string, string]>([
    ["the target's", dashboard({ targets: [{ datasource: { type: 'loki', uid: 'l' }, expr: LOG }] })],
    ["the panel's", dashboard({ datasource: { type: 'loki' }, targets: [{ datasource: null, expr: LOG }] })],
    ['a variable', dashboard({ datasource: `${DOLLAR}{ds}`, targets: [{ expr: LOG }] }, variable('loki'))],
    ['a variable by uid', dashboard({ datasource: { uid: '$ds' }, targets: [{ expr: LOG }] }, variable('loki'))],
    [
      'an input of an export',
      dashboard(
        { datasource: `${DOLLAR}{DS_LOGS}`, targets: [{ expr: LOG }] },
        { __inputs: [{ name: 'DS_LOGS', type: 'datasource', pluginId: 'loki' }] },
      ),
    ],
    ['a query of the second schema', JSON.stringify({ kind: 'DataQuery', group: 'loki', spec: { expr: LOG } })],
    ['a trigger of KEDA', JSON.stringify({ triggers: [{ type: 'loki', metadata: { query: LOG } }] })],
    [
      'arithmetic of Grafana',
      JSON.stringify({ data: [{ datasourceUid: '__expr__', model: { type: 'math', expression: '$A > 5' } }] }),
    ],
  ])('%s', (_what, text) => {
    expect(found('d.json', text)).toEqual([]);
  });

  test.each<[string, string]>([
    ['without a data source', dashboard({ targets: [{ expr: LOG }] })],
    ['with a name alone', dashboard({ datasource: 'Loki', targets: [{ expr: LOG }] })],
    ['of a type that is not known', dashboard({ datasource: { type: 'our-plugin' }, targets: [{ expr: LOG }] })],
    ['of Prometheus', dashboard({ datasource: `${DOLLAR}ds`, targets: [{ expr: LOG }] }, variable('prometheus'))],
    [
      'of another source than its panel',
      dashboard({ datasource: { type: 'loki' }, targets: [{ datasource: { type: 'prometheus' }, expr: LOG }] }),
    ],
    [
      'in a mixed panel',
      dashboard({ datasource: { type: 'datasource', uid: '-- Mixed --' }, targets: [{ datasource: null, expr: LOG }] }),
    ],
    [
      'in a panel of a row, which has its own source',
      dashboard({ type: 'row', datasource: { type: 'loki' }, panels: [{ targets: [{ expr: LOG }] }] }),
    ],
  ])('one %s is read', (_what, text) => {
    expect(found('d.json', text)).toEqual([LOG]);
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
      /usedIn has \.\/deep\/empty, a folder without a \.json, \.yaml, \.yml or \.rules file/,
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

  /** What is said of a folder with these files. */
  const said = (files: Readonly<Record<string, string>>) => {
    const inside = mkdtempSync(join(folder, 'said-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(inside, name), text);
    const { uses, checks, remarks } = readUses('usedIn', [inside]);
    rmSync(inside, { recursive: true });
    const plain = (texts: readonly string[]) => texts.map((text) => text.replaceAll(inside, '.'));
    return {
      expressions: uses.map(({ expression }) => expression),
      messages: plain(checks.map(({ message }) => message)),
      remarks: plain(remarks),
    };
  };
  const ALERT = 'groups: [{rules: [{alert: A, expr: z > 1}]}]';
  const LIBRARY = {
    panels: [{ targets: [{ expr: 'a' }] }, { libraryPanel: { uid: 'u1', name: 'Errors' }, title: 'e' }],
  };
  const ELEMENT = { uid: 'u1', name: 'Errors', model: { targets: [{ expr: 'errors_total' }] } };

  test('a library panel without its queries is refused, and accepted with them', () => {
    expect(said({ 'd.json': JSON.stringify(LIBRARY) }).messages).toEqual([
      'usedIn has ./d.json, whose library panel Errors (u1) has no queries there; export the dashboard for sharing externally, so that it has __elements, or give the file of the panel too',
    ]);
    const exported = said({ 'd.json': JSON.stringify({ ...LIBRARY, __elements: { u1: ELEMENT } }) });
    const beside = said({ 'd.json': JSON.stringify(LIBRARY), 'p.json': JSON.stringify({ result: ELEMENT }) });
    for (const { messages, expressions } of [exported, beside]) {
      expect([messages, expressions.sort()]).toEqual([[], ['a', 'errors_total']]);
    }
    const text = { panels: [{ targets: [{ expr: 'a' }] }, { libraryPanel: { uid: 'u2' }, type: 'text' }] };
    expect(said({ 'd.json': JSON.stringify(text) }).messages).toEqual([]);
  });

  test.each<[string, object]>([
    ['broken rules', { kind: 'ConfigMap', data: { 'r.yaml': 'groups:\n  - expr: a\n bad: [' } }],
    ['a broken dashboard', { kind: 'ConfigMap', data: { 'd.json': '{"panels": [{"expr": "a"},' } }],
    ['a Helm template', { kind: 'ConfigMap', data: { 'r.yaml': 'expr: a\n{{ if .Values.b }}\nexpr: b\n{{ end }}' } }],
    ['a dashboard that is elsewhere', { kind: 'GrafanaDashboard', spec: { url: 'https://example.com/d.json' } }],
  ])('%s beside an expression is refused', (_what, object) => {
    const { messages } = said({ 'all.yaml': `${JSON.stringify(object)}\n---\n${ALERT}` });
    expect(messages).toEqual([expect.stringMatching(/^usedIn has \.\/all\.yaml, of which a part cannot be read: /)]);
  });

  test('a script, or an example in prose, has no expression', () => {
    const data = { 'run.sh': 'if [ 1 ]; then\n  echo {"a"\nfi', content: 'Write\nexpr: a\n {\n[' };
    expect(said({ 'c.yaml': `${JSON.stringify({ kind: 'ConfigMap', data })}\n---\n${ALERT}` }).messages).toEqual([]);
  });

  test('files of rules with another ending are read or refused, those of programs are left', () => {
    expect(said({ 'a.rules': ALERT, 'notes.md': 'expr: x', 'main.go': 'expr: x' })).toEqual({
      expressions: ['z > 1'],
      messages: [],
      remarks: [],
    });
    for (const name of ['b.libsonnet', 'b.yaml.tmpl', 'b.alerts', 'alerts']) {
      expect(said({ 'a.yaml': ALERT, [name]: '{ expr: "b" }' }).messages).toEqual([
        `usedIn has ./${name}, which looks like rules or a dashboard and is not read: only .json, .yaml, .yml and .rules are; render it, or leave it out of the folder`,
      ]);
    }
  });

  test('a linked folder is read, once, also where it leads to itself', () => {
    const linked = join(folder, 'linked');
    mkdirSync(linked);
    symlinkSync(join(folder, 'deep'), join(linked, 'dashboards'));
    symlinkSync(linked, join(linked, 'again'));
    expect(readUses('usedIn', [linked]).uses).toHaveLength(4);
    rmSync(linked, { recursive: true });
  });

  test('what was left out is said, and a file with nothing else is none without an expression', () => {
    const logs = { panels: [{ datasource: { type: 'loki' }, targets: [{ expr: '{a="b"}' }, { expr: '{a="c"}' }] }] };
    expect(said({ 'a.yaml': ALERT, 'd.json': JSON.stringify(logs) })).toEqual({
      expressions: ['z > 1'],
      messages: [],
      remarks: ['Of usedIn, 2 expressions are for other data sources (loki) and not read, such as in ./d.json.'],
    });
  });
});
