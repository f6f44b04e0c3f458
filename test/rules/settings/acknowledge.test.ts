import type { Finding } from '../../../lib/rules/rule';
import { acknowledge, type Scope } from '../../../lib/rules/settings/acknowledge';
import type { Acknowledgement } from '../../../lib/rules/settings/config';

const FINDING: Finding & { constructPath: string } = {
  ruleId: 'BP-SQS-002',
  severity: 'error',
  file: 'cdk.out/Shop.template.json',
  resource: 'Parked6D7C062F',
  path: 'Properties',
  message: 'm',
  fix: 'f',
  constructPath: 'Shop/Parked/Resource',
};
const SCOPE: Scope = {
  files: [FINDING.file],
  everything: false,
  exists: () => true,
  ran: () => true,
  today: '2027-01-15',
};
const run = (given: Partial<Acknowledgement>, scope: Partial<Scope> = {}) =>
  acknowledge([FINDING], [{ rule: 'BP-SQS-002', reason: 'r', ...given }], (file) => file, { ...SCOPE, ...scope });

test.each<[string, Partial<Acknowledgement>]>([
  ['its file', { path: 'cdk.out/Shop.template.json' }],
  ['a folder', { path: 'cdk.out' }],
  ['its logical id', { object: 'Parked6D7C062F' }],
  ['its construct path', { object: 'Shop/Parked/Resource' }],
  ['everything below a construct', { object: 'Shop/Parked/*' }],
  ['a logical id without its hash', { object: 'Parked????????', path: '*.template.json' }],
  ['a pattern of rules', { rule: 'BP-SQS', path: 'cdk.out' }],
  ['until today', { path: 'cdk.out', expires: '2027-01-15' }],
])('a finding is accepted by %s, without a notice', (_, given) => {
  expect(run(given)).toEqual({ left: [], accepted: 1, notices: [] });
});

test('an object with its namespace, or in any', () => {
  const inProd = { ...FINDING, resource: 'Deployment/web', namespace: 'prod' };
  const left = (object: string) =>
    acknowledge([inProd], [{ rule: 'BP-SQS-002', reason: 'r', object }], (file) => file, SCOPE).left;
  expect(left('Deployment/web')).toEqual([]);
  expect(left('prod/Deployment/web')).toEqual([]);
  expect(left('dev/Deployment/web')).toEqual([inProd]);
});

test.each<[string, Partial<Acknowledgement>]>([
  ['another rule', { rule: 'BP-SQS-001', path: 'cdk.out' }],
  ['another object', { object: 'Orders' }],
  ['another file', { path: 'cdk.out/Other.template.json', object: 'Parked6D7C062F' }],
])('%s accepts nothing', (_, given) => {
  expect(run(given)).toMatchObject({ left: [FINDING], accepted: 0 });
});

test('one that has expired accepts nothing, and is reported', () => {
  expect(run({ path: 'cdk.out', expires: '2027-01-14' })).toEqual({
    left: [FINDING],
    accepted: 0,
    notices: ['the acknowledgement of BP-SQS-002 in cdk.out expired on 2027-01-14: decide again, or mend it'],
  });
});

describe('one that accepts nothing is reported when the run can tell', () => {
  const notices = (given: Partial<Acknowledgement>, scope: Partial<Scope> = {}) => run(given, scope).notices;

  test('an object that has no such finding', () => {
    expect(notices({ object: 'Prked' })).toEqual([
      'the acknowledgement of BP-SQS-002 Prked matches no finding: remove it, or correct its rule, path or object',
    ]);
  });

  test('a path that is not there, even if other files were checked', () => {
    expect(notices({ path: 'cdk.uot/a.json' }, { exists: () => false })[0]).toMatch(/names a path that is not there$/);
  });

  test('a pattern of paths without a file, when everything was checked', () => {
    expect(notices({ path: 'k8s/*' }, { everything: true })).toHaveLength(1);
  });

  test('silent for a file that was not checked, and for a rule that was not run', () => {
    expect(notices({ path: 'k8s/a.yaml' })).toEqual([]);
    expect(notices({ path: 'k8s/*' })).toEqual([]);
    expect(notices({ object: 'Prked' }, { ran: () => false })).toEqual([]);
  });
});
