/** The table of the README says no more of a construct than there is to show. */

import { isInPart, levelOf } from '../../docs/readme';
import { caseOf } from '../../lib/cases/catalogue';

const measured = [{ case: 5, construct: 'k8s.PartitionedStream', engine: 'Apache Kafka 3.9.1' }];

test('measured is what a row of the proof names, for the case of that row alone', () => {
  expect(levelOf(caseOf(5), 'k8s', 'PartitionedStream', measured)).toBe('measured');
  expect(levelOf(caseOf(5), 'k8s', 'PartitionedStream', [{ ...measured[0], case: 9 }])).toBe('judged');
});

test('a row that names a program counts for the construct that runs it, on that engine alone', () => {
  const rows = [{ case: 7, construct: 'sender-container', engine: 'Redis' }];
  expect(levelOf(caseOf(7), 'k8s', 'RateLimitedSender', rows)).toBe('measured');
  expect(levelOf(caseOf(7), 'gcp', 'RateLimitedSender', rows)).toBe('synthesized');
});

test('emulated is what ran on stand-ins alone; one row on a real server makes it measured', () => {
  const emulated = { case: 9, construct: 'aws.CoalescingQueue', engine: 'local AWS (MiniStack)' };
  expect(levelOf(caseOf(9), 'aws', 'CoalescingQueue', [emulated])).toBe('emulated');
  expect(levelOf(caseOf(9), 'aws', 'CoalescingQueue', [emulated, { ...emulated, engine: 'Redis' }])).toBe('measured');
});

test('in part is what lacks the server that decides the case', () => {
  expect([isInPart(20, 'k8s', 'FairShare'), isInPart(20, 'aws', 'FairShare')]).toEqual([true, false]);
});

test('judged is what a reference environment deploys: a row for one engine says nothing of another', () => {
  expect(levelOf(caseOf(5), 'aws', 'PartitionedStream', measured)).toBe('judged');
});

test('synthesized is what no judge reads: no environment, or a program of Pulumi', () => {
  const alone = { ...caseOf(5), constructs: caseOf(5).constructs.map((one) => ({ ...one, deployed: undefined })) };
  expect(levelOf(alone, 'aws', 'PartitionedStream', measured)).toBe('synthesized');
  expect(levelOf(caseOf(4), 'gcp', 'SpreadSchedule', measured)).toBe('synthesized');
});
