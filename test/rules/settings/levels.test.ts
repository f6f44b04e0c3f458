import type { Finding } from '../../../lib/rules/rule';
import { type Layers, leveled, levelOf, offEverywhere } from '../../../lib/rules/settings/levels';
import { RULES } from '../../../lib/rules/table';

const NONE: Layers = { everywhere: {}, paths: [], commandLine: {}, only: [] };
const level = (layers: Partial<Layers>, file = 'k8s/a.yaml') => levelOf({ ...NONE, ...layers }, 'BP-KEDA-001', file);

test('no setting: the level of the rule itself', () => {
  expect(level({})).toBeUndefined();
});

test('the more exact pattern wins, in any order', () => {
  expect(level({ everywhere: { 'BP-KEDA-001': 'off', 'BP-KEDA-*': 'warning', '*': 'error' } })).toBe('off');
  expect(level({ everywhere: { '*': 'error', 'BP-KEDA-*': 'warning', 'BP-KEDA-001': 'off' } })).toBe('off');
  expect(level({ everywhere: { '*': 'error', 'BP-KEDA': 'warning' } })).toBe('warning');
});

test('a path wins over the rest of the configuration, the later of two paths over the earlier, the command line over all', () => {
  const everywhere = { 'BP-KEDA-001': 'off' } as const;
  const paths: Layers['paths'] = [
    ['k8s', { 'BP-KEDA-*': 'warning' }],
    ['k8s/a.yaml', { 'BP-KEDA-*': 'error' }],
  ];
  expect(level({ everywhere, paths })).toBe('error');
  expect(level({ everywhere, paths }, 'k8s/b.yaml')).toBe('warning');
  expect(level({ everywhere, paths }, 'b.yaml')).toBe('off');
  expect(level({ everywhere, paths, commandLine: { '*': 'off' } })).toBe('off');
});

describe('rules that need not run', () => {
  const off = (layers: Partial<Layers>) => Object.keys(offEverywhere({ ...NONE, ...layers }));

  test('off everywhere, but not off where a path turns them on again', () => {
    expect(off({ everywhere: { 'BP-KEDA-001': 'off' } })).toEqual(['BP-KEDA-001']);
    expect(off({ everywhere: { 'BP-KEDA-001': 'off' }, paths: [['k8s', { 'BP-KEDA-001': 'error' }]] })).toEqual([]);
    expect(off({ paths: [['k8s', { 'BP-KEDA-001': 'off' }]] })).toEqual([]);
    expect(off({ everywhere: { '*': 'off' }, commandLine: { '*': 'error' } })).toEqual([]);
  });

  test('all but the selected ones', () => {
    expect(off({ only: ['BP-KEDA-001', 'BP-SQS'] })).toHaveLength(
      RULES.filter(({ id }) => id !== 'BP-KEDA-001' && !id.startsWith('BP-SQS-')).length,
    );
  });
});

test('findings take the level of their file, and those that are off are left out', () => {
  const finding = (file: string): Finding => ({
    ruleId: 'BP-KEDA-001',
    severity: 'error',
    file,
    resource: 'r',
    path: '',
    message: 'm',
    fix: 'f',
  });
  const paths: Layers['paths'] = [
    ['a', { '*': 'off' }],
    ['b', { '*': 'warning' }],
  ];
  const files = ['a/x.yaml', 'b/x.yaml', 'c/x.yaml'].map(finding);
  expect(leveled(files, { ...NONE, paths }, (file) => file).map(({ file, severity }) => [file, severity])).toEqual([
    ['b/x.yaml', 'warning'],
    ['c/x.yaml', 'error'],
  ]);
});
