/** filebeat.yml and logrotate.conf of a log shipper, from its plan. */
import { Yaml } from 'cdk8s';
import type { LogsPlan } from '../../flow/logs/workload';
import { fromEnvironment, type LogOutputBinding } from './log-binding';
import type { LogReopen } from './log-reopen';

/** Where Filebeat keeps registry and queue. */
export const FILEBEAT_DATA = '/var/lib/filebeat';
/** Folder of its queue, inside that. */
export const DISK_QUEUE = 'diskqueue';
/** Port of Filebeat's own statistics, within the pod only. */
export const FILEBEAT_STATS_PORT = 5066;

/** filebeat.yml. */
export function filebeatConfig(id: string, files: string, plan: LogsPlan, output: LogOutputBinding): string {
  return Yaml.stringify({
    'filebeat.inputs': [
      {
        type: 'filestream',
        id,
        // The file that was just renamed still has lines to read; compressed files are not read.
        paths: [files, `${files}.1`],
        // The inode of a deleted file is reused at once; the first bytes of a file identify it.
        file_identity: { fingerprint: null },
        'prospector.scanner': {
          check_interval: `${plan.value('scanSeconds')}s`,
          exclude_files: ['\\.gz$'],
          fingerprint: { enabled: true, offset: 0, length: plan.value('fingerprintBytes') },
        },
        // A deleted file keeps its disk space while it is open, and a blocked output would keep it open.
        'close.on_state_change': {
          removed: true,
          renamed: false,
          inactive: `${plan.value('closeInactiveSeconds') / 60}m`,
        },
        // Off: if a state expires while its file exists, the file is read again from its beginning.
        clean_inactive: -1,
        clean_removed: true,
      },
    ],
    'queue.disk': {
      path: `${FILEBEAT_DATA}/${DISK_QUEUE}`,
      // With a unit: a bare number is deprecated in Filebeat.
      max_size: `${plan.value('diskQueueBytes')}B`,
    },
    ...output.config(plan),
    fields: { node: fromEnvironment('NODE_NAME') },
    fields_under_root: true,
    'http.enabled': true,
    'http.host': '127.0.0.1',
    'http.port': FILEBEAT_STATS_PORT,
    'logging.to_stderr': true,
    'logging.level': 'info',
  });
}

/** logrotate.conf. Sizes in bytes, so that nothing is rounded. */
export function logrotateConfig(files: string, plan: LogsPlan, { _processName, _signal }: LogReopen): string {
  const postrotate = _processName
    ? [
        '  sharedscripts',
        '  postrotate',
        // If no process of that name runs on this node, none has the old file open.
        `    pkill -${_signal} -x '${_processName}' || true`,
        '  endscript',
      ]
    : [];
  return [
    `${files} {`,
    // A quiet file is rotated once a day; a busy one at the first run after it has reached its cap.
    '  daily',
    `  maxsize ${plan.value('fileSizeCapBytes')}`,
    // Filebeat does not read a smaller file yet.
    `  minsize ${plan.value('fingerprintBytes')}`,
    `  rotate ${plan.value('fileCount')}`,
    // By date, the second rotation of a day finds its name taken and is skipped.
    '  nodateext',
    '  missingok',
    // Renamed, and a new one with the same owner and mode in its place.
    '  create',
    '  compress',
    // The renamed file may still be written and read.
    '  delaycompress',
    ...postrotate,
    '}',
    '',
  ].join('\n');
}
