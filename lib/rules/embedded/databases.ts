import type { Document, EmbeddedText } from '../document';
import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** MariaDB kept the names that MySQL has deprecated. */
function isMysql({ at, text, name }: EmbeddedText): boolean {
  return ![text, name ?? '', at.resource.name].some((word) => /mariadb/i.test(word));
}

/** Attributes by which tables of the document expire; undefined when one of its tables does not, or there is none. */
function expiryAttributes(document: Document): readonly string[] | undefined {
  const tables = document.resources.filter(({ type }) => /^AWS::DynamoDB::(?:Global)?Table$/.test(type));
  const names = tables.map((table) => table.at('Properties', 'TimeToLiveSpecification', 'AttributeName').text());
  return names.length > 0 && names.every((name) => name !== undefined) ? names : undefined;
}

/** Rules about settings of databases. */
export const EMBEDDED_DATABASE_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-MYSQL-001',
    title: 'Replication is set up with deprecated names',
    why: 'The old names are deprecated since MySQL 8.0.26 and removed in a later release: the server then does not start, or the replica runs with its defaults.',
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
        message: (match) => `${match[1]} workers without a setting for commit order: before 8.0.27 they do not keep it`,
        fix: 'set replica_preserve_commit_order = ON',
      },
      {
        pattern: /(?:slave|replica)[_-]preserve[_-]commit[_-]order\s*=\s*["']?(?:0|OFF|FALSE)\b/i,
        needs: /(?:slave|replica)[_-]parallel[_-]workers\s*=\s*["']?(?:[2-9]|\d{2,})/i,
        message: () => 'parallel workers with preserve_commit_order off: readers see states that the primary never had',
        fix: 'set replica_preserve_commit_order = ON',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-DDB-002',
    title: 'An expiry in DynamoDB that is no number of seconds',
    why: 'DynamoDB reads the attribute as seconds since 1970. Milliseconds are the year 57,000, and text is no date at all: the item is never deleted, and nothing says so.',
    source:
      'Amazon DynamoDB Developer Guide, "Using time to live (TTL) in DynamoDB": a Number, Unix epoch time in seconds',
    severity: 'warning',
    cases: [16],
    signs: [
      {
        pattern:
          /\b(expires?_?at|ttl|time_?to_?live)["']?\s*[:=]\s*(?:\{\s*["']?[NS]["']?\s*:\s*)?(?:String\(|str\(|`\$\{)?\s*\(?\s*(?:Date\.now\(\)|\(?new Date\(\)\)?\.getTime\(\)|int\(time\.time\(\)\s*\*\s*1000)/i,
        within: /^.*$/gm,
        excuse: /\/\s*(?:1_?000|1e3)\b/,
        where: ({ text }) => /dynamo/i.test(text),
        message: (match) => `${match[1]} is in milliseconds: the item would expire in the year 57,000`,
        fix: 'write whole seconds: Math.floor(Date.now() / 1000) + seconds',
      },
      {
        pattern:
          /\b(expires?_?at|ttl|time_?to_?live)["']?\s*[:=]\s*(?:\{\s*["']?S["']?\s*:\s*)?[^,;\n]*(?:\.toISOString\(\)|\.isoformat\(\))/i,
        within: /^.*$/gm,
        where: ({ text }) => /dynamo/i.test(text),
        message: (match) => `${match[1]} is text: DynamoDB deletes by a number alone`,
        fix: 'write whole seconds as a number: Math.floor(date.getTime() / 1000)',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-DDB-005',
    title: 'Readers see what has expired',
    why: 'DynamoDB deletes an item typically within two days of its expiry, and promises no time. Until then a query or scan returns it: a session that is over is still valid.',
    source: 'Amazon DynamoDB Developer Guide, "Working with expired items": use a filter expression',
    severity: 'warning',
    cases: [16],
    signs: [
      {
        pattern: /\bnew\s+(?:Paginated)?(Query|Scan)Command\s*\(|\btable\.(query|scan)\s*\(/,
        where: ({ text }, document) => {
          const attributes = expiryAttributes(document);
          return attributes !== undefined && !attributes.some((name) => text.includes(name));
        },
        message: (match) =>
          `a ${(match[1] ?? match[2]).toLowerCase()} of a table whose items expire, and no filter by their expiry`,
        fix: "add a FilterExpression on the attribute of the time to live, such as '#expiry > :now' with :now in seconds",
      },
    ],
  }),
  embeddedRule({
    id: 'BP-MYSQL-004',
    title: 'A replica that takes writes',
    why: 'A write on a replica is on no other server. It stops replication at the next write of the source to the same row, or readers of the replica see what the source never had.',
    source: 'MySQL Reference Manual, read_only and super_read_only',
    severity: 'warning',
    cases: [8],
    signs: [
      {
        pattern: /^[ \t]{0,99}(?:super[_-])?read[_-]only\s{0,9}=\s{0,9}["']?(?:0|OFF|FALSE)\b/im,
        needs: /\b(?:(?:replica|slave)[_-](?:parallel|preserve|pending|net|skip)|relay[_-]log)/i,
        message: ([line]) =>
          `${line.trim()} in the settings of a replica: every account with the right to write may write to it`,
        fix: 'set super_read_only = ON: replication still writes',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-MYSQL-005',
    title: 'A heartbeat that each server dates by its own clock',
    why: 'With statements in the binary log a replica evaluates SYSDATE() itself, when it applies the write. The heartbeat then says the time of the replica, and the lag that is read from it is 0 however far behind it is.',
    source:
      'MySQL Reference Manual, Replication and System Functions: SYSDATE() is not replicated; NOW() is, by its timestamp',
    severity: 'error',
    cases: [8],
    signs: [
      {
        pattern:
          /\b(?:INSERT(?:\s+IGNORE)?\s+INTO|REPLACE\s+INTO|UPDATE)\s+[`"\w.]{0,99}heartbeat\b[^;]{0,400}?\bSYSDATE\s{0,9}\(/i,
        needs: /\bbinlog[_-]format\s{0,9}=\s{0,9}["']?STATEMENT\b/i,
        excuse: /\bsysdate[_-]is[_-]now\b/i,
        message: () => 'SYSDATE() under binlog_format STATEMENT: a replica writes its own time, and its lag reads as 0',
        fix: 'write NOW(6), which is replicated with its timestamp, or set binlog_format = ROW',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-MONGO-001',
    title: 'A TTL index on a collection that is already old',
    why: 'As soon as the index exists, one thread deletes all expired documents, as fast as it can, and the replicas have to follow: the mass delete does more harm than the old documents.',
    source:
      'MongoDB Manual, "TTL Indexes": creating one on existing data may delete a large number of documents at once',
    severity: 'warning',
    cases: [16],
    signs: [
      {
        pattern: /\bcreate_?(?:I|i)ndex(?:es)?\([\s\S]{0,300}?expireAfterSeconds["']?\s*[:=]\s*(\d+)?/,
        // Documents that are deleted or dated in batches with pauses, or are new, do not expire all at once.
        excuse:
          /createCollection|create_collection|^(?=[\s\S]*(?:delete_?[mM]any|delete_?[oO]ne|bulk_?[wW]rite|update_?[mM]any))(?=[\s\S]*\bsleep\b)/,
        message: () =>
          'a TTL index, and no batch that deletes or dates old documents first: all expired documents are deleted at once',
        fix: 'delete or date the old documents in batches with pauses, spread expireAt, and create the index last',
      },
      {
        pattern: /\bcollMod\b[\s\S]{0,300}?expireAfterSeconds["']?\s*[:=]\s*(\d+)/,
        excuse: /^(?=[\s\S]*(?:delete_?[mM]any|delete_?[oO]ne|bulk_?[wW]rite|update_?[mM]any))(?=[\s\S]*\bsleep\b)/,
        message: (match) =>
          `collMod to an expiry of ${match[1]} s, and no batch that deletes old documents first: all that are older are deleted at once`,
        fix: 'delete the older documents in batches with pauses, and shorten the expiry last',
      },
    ],
  }),
];
