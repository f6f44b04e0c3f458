import { InvalidInputError } from '../../../lib/flow/errors';
import { configFrom } from '../../../lib/rules/settings/config';

const failures = (value: unknown): readonly string[] => {
  try {
    configFrom('backpressure.config.yaml', value);
    return [];
  } catch (error) {
    return (error as InvalidInputError).failures;
  }
};
const accepted = { rule: 'BP-SQS-002', path: 'a.yaml', object: 'Parked', reason: 'Read within the hour.' };

test('every key is taken', () => {
  const config = {
    severity: { 'BP-KEDA-*': 'warning', 'BP-SQS-001': 'off', 'BP-LOGS': 'error' },
    rule: ['BP-SQS'],
    include: ['k8s'],
    exclude: ['k8s/old'],
    failOn: 'warning',
    strict: true,
    format: 'junit',
    baseline: 'known.json',
    paths: { 'k8s/dev': { severity: { '*': 'warning' } } },
    acknowledge: [accepted, { ...accepted, path: undefined, expires: '2028-02-29' }],
  };
  expect(configFrom('c', config)).toBe(config);
});

test('an empty file is a configuration without settings', () => {
  expect(configFrom('c', null)).toEqual({});
  expect(configFrom('c', undefined)).toEqual({});
});

test.each<[string, unknown, RegExp]>([
  ['a list', [], /^must be a mapping of settings$/],
  ['a mis-spelt key', { severty: {} }, /^severty is not a setting; did you mean severity\?$/],
  ['a key that is none', { colour: true }, /^colour is not a setting; there are severity, rule, /],
  ['an inherited name', { constructor: {} }, /^constructor is not a setting/],
  ['a rule that is none', { severity: { 'BP-SQS-999': 'off' } }, /^severity names BP-SQS-999, which is not a rule/],
  ['a mis-spelt rule', { severity: { 'BP-SQ-002': 'off' } }, /did you mean BP-SQS-002\?$/],
  [
    'a pattern without rules',
    { severity: { 'BP-KAEDA-*': 'off' } },
    /^severity names BP-KAEDA-\*, which is not a rule/,
  ],
  [
    'a level that is none',
    { severity: { 'BP-SQS-002': 'mild' } },
    /^severity of BP-SQS-002 must be one of error, warning, off, got mild$/,
  ],
  // In YAML 1.1 `off` is false, in 1.2, which is read, it is text; a program may give false.
  ['false for off', { severity: { 'BP-SQS-002': false } }, /got false$/],
  ['severities as a list', { severity: [] }, /^severity must be a mapping of rules to levels, got \[\]$/],
  ['rules as a text', { rule: 'BP-SQS' }, /^rule must be a list of texts, got "BP-SQS"$/],
  ['a selected rule that is none', { rule: ['BP-SQS-999'] }, /^rule names BP-SQS-999, which is not a rule/],
  ['include as a text', { include: 'k8s' }, /^include must be a list of texts/],
  ['an empty pattern', { exclude: [''] }, /^exclude must be a list of texts/],
  ['another threshold', { failOn: 'never' }, /^failOn must be one of error, warning, none, got "never"$/],
  ['strict as a text', { strict: 'yes' }, /^strict must be true or false, got "yes"$/],
  ['another format', { format: 'xml' }, /^format must be one of text, .*, got "xml"$/],
  ['an empty baseline', { baseline: '' }, /^baseline must be a text that is not empty, got an empty text$/],
  ['paths as a list', { paths: ['k8s'] }, /^paths must be a mapping of patterns to settings/],
  ['a path without a mapping', { paths: { k8s: 'off' } }, /^paths k8s must be a mapping with severity, got "off"$/],
  ['a path without severity', { paths: { k8s: {} } }, /^paths k8s has no severity$/],
  ['another key of a path', { paths: { k8s: { severity: {}, failOn: 'none' } } }, /^paths k8s failOn is not a setting/],
  [
    'a rule of a path',
    { paths: { k8s: { severity: { X: 'off' } } } },
    /^paths k8s severity names X, which is not a rule/,
  ],
  ['an acknowledgement that is a text', { acknowledge: ['BP-SQS-002'] }, /^acknowledge\[0\] must be a mapping/],
  ['acknowledgements as a mapping', { acknowledge: {} }, /^acknowledge must be a list/],
  ['no rule', { acknowledge: [{ ...accepted, rule: undefined }] }, /^acknowledge\[0\] has no rule$/],
  ['no reason', { acknowledge: [{ ...accepted, reason: undefined }] }, /^acknowledge\[0\] has no reason$/],
  [
    'an empty reason',
    { acknowledge: [{ ...accepted, reason: ' ' }] },
    /^acknowledge\[0\]\.reason must be a text that is not empty/,
  ],
  ['no place', { acknowledge: [{ ...accepted, path: undefined, object: undefined }] }, /has neither path nor object/],
  [
    'its rule is none',
    { acknowledge: [{ ...accepted, rule: 'BP-SQS-2' }] },
    /^acknowledge\[0\]\.rule names BP-SQS-2, which is not a rule/,
  ],
  [
    'its key is mis-spelt',
    { acknowledge: [{ ...accepted, expire: '2027-01-01' }] },
    /^acknowledge\[0\]\.expire is not a setting; did you mean expires\?$/,
  ],
  [
    'a day that is none',
    { acknowledge: [{ ...accepted, expires: '2027-02-30' }] },
    /^acknowledge\[0\]\.expires must be a day as in 2027-03-31, got "2027-02-30"$/,
  ],
  ['a date in words', { acknowledge: [{ ...accepted, expires: 'next year' }] }, /expires must be a day/],
  ['a date as a number', { acknowledge: [{ ...accepted, expires: 2027 }] }, /expires must be a day/],
])('%s is refused, by name', (_, value, message) => {
  const found = failures(value);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(message);
});

test('all that is wrong is said at once', () => {
  expect(failures({ severty: {}, failOn: 'x', acknowledge: [{}], strict: 1 })).toHaveLength(6);
});
