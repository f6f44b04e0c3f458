import type { EmbeddedText } from '../document';
import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** MariaDB kept the names that MySQL has given up. */
function isMysql({ at, text, name }: EmbeddedText): boolean {
  return ![text, name ?? '', at.resource.name].some((word) => /mariadb/i.test(word));
}

/** Rules about databases that are told to do more than they can, or less than they should. */
export const EMBEDDED_DATABASE_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-MYSQL-001',
    title: 'Replication is set up under names that are going away',
    why: 'The old names are deprecated since MySQL 8.0.26 and go with a later release: the server then does not start, or the replica runs with its defaults.',
    source: 'MySQL Reference Manual, "Replica Server Options and Variables": from 8.0.26 replica_… in place of slave_…',
    severity: 'warning',
    cases: [8],
    signs: [
      {
        pattern:
          /\bslave[_-](?:parallel[_-](?:type|workers)|preserve[_-]commit[_-]order|pending[_-]jobs[_-]size[_-]max|net[_-]timeout|exec[_-]mode|skip[_-]errors|checkpoint[_-](?:period|group)|compressed[_-]protocol|type[_-]conversions|transaction[_-]retries)\b/i,
        excuse: /\b5\.[567]\b/,
        where: isMysql,
        message: (match) => `${match[0]} is deprecated since MySQL 8.0.26`,
        fix: 'write replica_ in place of slave_; parallel_type may go, LOGICAL_CLOCK is the default since 8.0.27',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-MYSQL-002',
    title: 'A parallel replica that commits in any order',
    why: 'Readers of the replica see a later transaction without the earlier one that it depends on, and a state that the primary never had.',
    source: 'MySQL Reference Manual: replica_preserve_commit_order, ON by default only from 8.0.27',
    severity: 'error',
    cases: [8],
    signs: [
      {
        pattern: /\bslave[_-]parallel[_-]workers\s*=\s*["']?([2-9]|\d{2,})/i,
        excuse: /(?:slave|replica)[_-]preserve[_-]commit[_-]order/i,
        where: isMysql,
        message: (match) =>
          `${match[1]} workers, and nothing says that they commit in order: before 8.0.27 they do not`,
        fix: 'set replica_preserve_commit_order = ON',
      },
      {
        pattern: /(?:slave|replica)[_-]preserve[_-]commit[_-]order\s*=\s*["']?(?:0|OFF|FALSE)\b/i,
        needs: /(?:slave|replica)[_-]parallel[_-]workers\s*=\s*["']?(?:[2-9]|\d{2,})/i,
        message: () => 'parallel workers with preserve_commit_order off: readers see states that never were',
        fix: 'set replica_preserve_commit_order = ON',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-MONGO-001',
    title: 'A TTL index meets a collection that is already old',
    why: 'As soon as the index stands, one thread deletes everything that is past its time, as fast as it can, and the replicas have to follow: the mass delete is worse than what it was to cure.',
    source:
      'MongoDB Manual, "TTL Indexes": creating one on existing data may delete a large number of documents at once',
    severity: 'warning',
    cases: [16],
    signs: [
      {
        pattern: /\bcreate_?(?:I|i)ndex(?:es)?\([\s\S]{0,300}?expireAfterSeconds["']?\s*[:=]\s*(\d+)?/,
        // What is deleted or dated in batches with pauses, or is new, does not come all at once.
        excuse:
          /createCollection|create_collection|^(?=[\s\S]*(?:delete_?[mM]any|delete_?[oO]ne|bulk_?[wW]rite|update_?[mM]any))(?=[\s\S]*\bsleep\b)/,
        message: () =>
          'a TTL index, and no batch that deletes or dates what is there first: everything past its time goes at once',
        fix: 'delete or date the old documents in batches with pauses, spread expireAt, and create the index last',
      },
    ],
  }),
];
