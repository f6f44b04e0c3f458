/** The table of the README says no more of a construct than there is to show. */

import { levelOf } from '../../docs/readme';
import { caseOf } from '../../lib/cases/catalogue';

const measured = [{ case: 5, construct: 'k8s.PartitionedStream' }];

test('measured is what a row of the proof names, for the case of that row alone', () => {
  expect(levelOf(caseOf(5), 'k8s', 'PartitionedStream', measured)).toBe('measured');
  expect(levelOf(caseOf(5), 'k8s', 'PartitionedStream', [{ ...measured[0], case: 9 }])).toBe('judged');
  expect(levelOf(caseOf(7), 'k8s', 'RateLimitedSender', [{ case: 7, construct: 'sender-container' }])).toBe('measured');
});

test('judged is what a reference environment deploys: a row for one engine says nothing of another', () => {
  expect(levelOf(caseOf(5), 'aws', 'PartitionedStream', measured)).toBe('judged');
});

test('synthesized is what no judge reads: no environment, or a program of Pulumi', () => {
  const alone = { ...caseOf(5), constructs: caseOf(5).constructs.map((one) => ({ ...one, deployed: undefined })) };
  expect(levelOf(alone, 'aws', 'PartitionedStream', measured)).toBe('synthesized');
  expect(levelOf(caseOf(4), 'gcp', 'SpreadSchedule', measured)).toBe('synthesized');
});
