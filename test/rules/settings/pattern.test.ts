import { didYouMean, namesFile, namesRule, rulesNamed } from '../../../lib/rules/settings/pattern';
import { RULES } from '../../../lib/rules/table';

describe('rules', () => {
  test.each([
    ['BP-SQS-002', 'BP-SQS-002', true],
    ['bp-sqs-002', 'BP-SQS-002', true],
    ['BP-SQS', 'BP-SQS-002', true],
    ['BP-SQS-*', 'BP-SQS-002', true],
    ['BP-*-002', 'BP-SQS-002', true],
    ['*', 'BP-SQS-002', true],
    // The beginning of an id ends at a hyphen.
    ['BP-SQ', 'BP-SQS-002', false],
    ['BP-SQS-00', 'BP-SQS-002', false],
    ['SQS', 'BP-SQS-002', false],
  ])('%s names %s: %s', (pattern, id, names) => {
    expect(namesRule(pattern, id)).toBe(names);
  });

  test('a pattern of nothing names none', () => {
    expect(rulesNamed('')).toEqual([]);
    expect(rulesNamed('BP')).toHaveLength(RULES.length);
  });
});

describe('files', () => {
  test.each([
    ['k8s/a.yaml', 'k8s/a.yaml', true],
    ['k8s', 'k8s/deep/a.yaml', true],
    ['k8s/', 'k8s/deep/a.yaml', true],
    ['./k8s', 'k8s/a.yaml', true],
    ['*.yaml', 'k8s/deep/a.yaml', true],
    ['legacy', 'services/legacy/a.yaml', true],
    ['services/*/a.yaml', 'services/shop/a.yaml', true],
    ['services/**/a.yaml', 'services/a.yaml', true],
    ['services/**/a.yaml', 'services/x/y/a.yaml', true],
    ['**/generated/**', 'a/generated/b/c.yaml', true],
    ['**', 'a.yaml', true],
    ['../other/a.yaml', '../other/a.yaml', true],
    // `*` stays within a name, and a path starts at the configuration.
    ['services/*/a.yaml', 'services/x/y/a.yaml', false],
    ['k8s/a.yaml', 'old/k8s/a.yaml', false],
    ['./a.yaml', 'k8s/a.yaml', false],
    ['k8s/a', 'k8s/a.yaml', false],
    ['', 'a.yaml', false],
  ])('%s names %s: %s', (pattern, file, names) => {
    expect(namesFile(pattern, file)).toBe(names);
  });

  test('many stars do not take long', () => {
    const pattern = `${'**/*a*a*a*a*a*a/'.repeat(12)}b`;
    expect(namesFile(pattern, `${`${'a'.repeat(200)}/`.repeat(30)}c`)).toBe(false);
  });
});

test('a near name is proposed, a far one is not', () => {
  expect(didYouMean('severty', ['severity', 'rule'])).toBe('; did you mean severity?');
  expect(didYouMean('colour', ['severity', 'rule'])).toBe('');
});
