import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** Found only in a configuration of logrotate. */
const LOGROTATE = /^[ \t]*rotate[ \t]+\d+[ \t]*$/m;

/** Found only in a configuration of Filebeat. */
const FILEBEAT = /filebeat\.(?:inputs|config|autodiscover)|^filebeat:/m;

/** Rules about the configuration of log rotation and shipping. */
export const EMBEDDED_LOG_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-LOG-002',
    title: 'Lines are lost between copy and truncate',
    why: 'Lines written after the copy and before the truncation are lost. A faster log loses more; and a shipper that reads the file loses its place.',
    source: 'Manual page logrotate(8), copytruncate: "some logging data might be lost"; elastic/beats#39731',
    severity: 'error',
    cases: [1],
    signs: [
      {
        pattern: /^[ \t]*copytruncate\b/m,
        needs: LOGROTATE,
        message: () => 'copytruncate loses lines written between the copy and the truncation',
        fix: 'rename (create) and tell the writer to reopen its file in postrotate',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-LOG-003',
    title: "Filebeat's log input",
    why: 'It identifies a file by its inode, which a new file may reuse: after a rotation lines are skipped or sent twice. It is deprecated, and Filebeat 9 refuses it unless told otherwise.',
    source: 'Elastic, Filebeat reference, "Log input": deprecated in 7.16, use filestream',
    severity: 'warning',
    cases: [1],
    signs: [
      {
        pattern: /^[ \t]*-[ \t]*type:[ \t]*["']?(log|container)["']?[ \t]*$/m,
        needs: FILEBEAT,
        message: (match) =>
          `type: ${match[1]} ${match[1] === 'container' ? 'is a preset of log, which ' : ''}is deprecated and identifies files by inode only`,
        fix: 'use type: filestream with an id and file_identity.fingerprint',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-LOG-004',
    title: 'A shipper that counts lines as delivered, or forgets them',
    why: 'With one acknowledgement a line is lost when that broker fails before the others have it. A queue in memory does not survive an outage: the rotation deletes lines that were not read in time.',
    source: 'Elastic, Filebeat reference: Kafka output, required_acks; Configure the internal queue',
    severity: 'warning',
    cases: [1],
    signs: [
      {
        pattern: /^[ \t]*required_acks:[ \t]*([01])[ \t]*$/m,
        needs: FILEBEAT,
        message: (match) => `required_acks ${match[1]}: acknowledged lines are lost when the leader fails`,
        fix: 'set required_acks: -1, and min.insync.replicas 2 on the topic',
      },
      {
        pattern: /^[ \t]*queue\.mem\b|^[ \t]*queue:[ \t]*\n[ \t]+mem:/m,
        needs: /^[ \t]*output[.:]/m,
        excuse: /queue\.disk|^[ \t]+disk:/m,
        where: ({ text }) => FILEBEAT.test(text),
        message: () => 'the output has only a queue in memory: it holds seconds, an outage takes minutes',
        fix: 'use queue.disk with max_size = rate × the longest outage to survive',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-LOG-005',
    title: 'Logs are rotated by the clock only',
    why: 'Between two rotations a file grows without limit. A flood fills the disk within the day, and logrotate runs again tomorrow.',
    source:
      'Manual page logrotate(8), maxsize: "rotated when they grow bigger than size bytes even before the additionally specified time interval"',
    severity: 'error',
    cases: [1],
    signs: [
      {
        pattern: /^[ \t]*(hourly|daily|weekly|monthly|yearly)[ \t]*$/m,
        needs: LOGROTATE,
        excuse: /^[ \t]*(?:max)?size[ \t=]+\d+/m,
        message: (match) => `${match[1]} without size or maxsize: the file has no bound until then`,
        fix: 'set maxsize to disk budget ÷ (files kept + 1), and run logrotate every few minutes',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-LOG-006',
    title: 'A log is compressed while it is still written or read',
    why: 'The writer keeps the renamed file open until it reopens its log, and the shipper until it has read it. Lines written meanwhile go to a file that compress has already replaced.',
    source: 'Manual page logrotate(8), delaycompress',
    severity: 'warning',
    cases: [1],
    signs: [
      {
        pattern: /^[ \t]*compress[ \t]*$/m,
        needs: LOGROTATE,
        // The copy that copytruncate makes is open in no process.
        excuse: /^[ \t]*(?:delaycompress|copytruncate)[ \t]*$/m,
        message: () => 'compress without delaycompress: the file is replaced while a process still has it open',
        fix: 'add delaycompress',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-LOG-007',
    title: 'The buffer of a shipper has no bound',
    why: 'While the output is away, every line is written to the disk of the node. Without a limit the buffer takes all of it, and the kubelet evicts the pods of others.',
    source: 'Fluent Bit, "Buffering and storage": storage.total_limit_size of an output, unlimited by default',
    severity: 'warning',
    cases: [1],
    signs: [
      {
        within: /^[ \t]*\[OUTPUT\][^[]*/gim,
        pattern: /\[OUTPUT\]/i,
        excuse: /storage\.total_limit_size/i,
        where: ({ text }) => /^[ \t]*storage\.type[ \t]+filesystem/im.test(text),
        message: () =>
          'storage.type filesystem, and this output has no storage.total_limit_size: its buffer grows until the disk is full',
        fix: 'set storage.total_limit_size of every output to rate × the longest outage to survive',
      },
    ],
  }),
];
