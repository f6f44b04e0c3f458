/** docs/torture.md. */
import { markdownTable } from '../../docs/markdown';
import { figure } from '../../lib/flow/figures';
import { spoken } from './faults';
import type { Outcome } from './torture';
import { faultsFound } from './verdict';

/**
 * The page of runs with all letters.
 *
 * @param without titles of engines that had no such run yet
 */
export function pageOf(outcomes: readonly Outcome[], without: readonly string[]): string {
  const rows = outcomes.map((outcome) => {
    const { title, messages, books, restarts, latency, backlog, recovery } = outcome;
    const wrong = faultsFound(outcome, true);
    return [
      title,
      figure(messages),
      figure(books.effects),
      figure(books.aside),
      figure(books.refused),
      figure(books.repeated),
      figure(restarts),
      `${figure(latency.p50)} / ${figure(latency.p99)} / ${figure(latency.most)} s`,
      `${figure(backlog.measured)} of ${figure(backlog.predicted)}`,
      `${figure(recovery.measured)} of ${figure(recovery.predicted)} s`,
      wrong.length === 0 ? 'yes' : `no: ${wrong.join('; ')}`,
    ];
  });
  return `${[
    '<!-- Written by `npm run torture`. Run it again, do not edit this page. -->',
    '# Torture',
    '',
    'The shipped consumers with planned numbers, while consumers are killed with SIGKILL and started again, and the engine is',
    'restarted, crashes, and answers nobody for a while; which of these an engine takes stands beside its seed, and why in',
    '`test/torture/engines`. Of the letters 2 % are sent twice, 0.5 % can never have their effect, and 0.1 % are made to do harm:',
    'nested 5,000 deep, a mebibyte long, with names that mask alike, with forged attributes where the engine carries attributes.',
    'The clock of the first consumer is a minute ahead, that of the second a minute behind. In mid-flood every consumer is replaced',
    'by its next version, one after the other, and once more with the numbers of a changed plan.',
    '',
    markdownTable(
      [
        'engine',
        'sent',
        'effects',
        'set aside',
        'refused',
        'delivered again',
        'restarts',
        'P50 / P99 / longest',
        'most that waited, of foreseen',
        'recovery, of foreseen',
        'held',
      ],
      rows,
    ),
    '',
    ...(without.length === 0 ? [] : [`No run with all letters was made yet of: ${without.join('; ')}.`, '']),
    'An effect is a file that can be made only once; with SQS it is an item of DynamoDB, with MongoDB the date of a document.',
    'Delivered again is what that store had to recognize, copies of the sender with it: engines promise at least once. Foreseen is',
    'a fluid of the planned rates with the faults counted in, as long as each was measured to last. Recovery is from the end of the',
    'last fault, the cut, until no more letters wait than without a fault. A run has held when its books close and its recovery is at',
    'most a quarter off. A plan cannot foresee when a fault comes, how long an engine takes to start, and what is delivered again.',
    '',
    'What a full disk does is a test of its own, `test/engines/full-disk.test.ts`: rows of cases 1 and 15 in [proof.md](proof.md).',
    '',
    ...outcomes.map(
      ({ title, seed, faults, on }) => `- ${title}${on ? `, ${on}` : ''}: seed ${seed}, ${spoken(faults)}`,
    ),
  ].join('\n')}\n`;
}
