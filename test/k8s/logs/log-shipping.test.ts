import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration } from 'cdk8s';
import fc from 'fast-check';
import { parse } from 'yaml';
import { InvalidInputError } from '../../../lib/flow/errors';
import { planLogs } from '../../../lib/flow/logs/plan';
import { LogOutput } from '../../../lib/k8s/logs/log-output';
import { LogReopen } from '../../../lib/k8s/logs/log-reopen';
import { LogShipping, type LogShippingProps } from '../../../lib/k8s/logs/log-shipping';
import { emptyChart, every, type Manifest, one, type Written, written } from '../../support/manifest';
import { mostly, optional, spread, validOrNamed } from '../../support/property';

const secret = (key: string) => ({ secretName: 'destination', key });
const kafka = LogOutput.kafka({
  bootstrapServers: ['logs-kafka:9093', 'other-kafka:9093'],
  namespace: 'kafka',
  topic: 'app-logs',
  username: secret('user'),
  password: secret('password'),
  certificateAuthority: { secretName: 'kafka-ca', key: 'ca.crt' },
});
const elasticsearch = LogOutput.elasticsearch({
  hosts: ['https://logs-es:9200'],
  index: 'app-logs',
  apiKey: secret('api-key'),
});
const props: LogShippingProps = {
  workload: { steadyBytesPerSecond: 1e5, peakBytesPerSecond: 1e6, peakSeconds: 600, logFiles: 2 },
  objective: { diskBudgetBytes: 40e9, outageSeconds: 7200 },
  logFolder: '/var/log/app',
  fileUser: 1234,
  rotatorImage: 'example/logrotate:1',
  output: kafka,
};

interface Shipped extends Written {
  readonly logs: LogShipping;
  readonly filebeat: Manifest;
  readonly logrotate: string;
  readonly pod: Manifest;
}

function make(given: Partial<LogShippingProps> = {}): Shipped {
  const chart = emptyChart();
  const logs = new LogShipping(chart, 'Logs', { ...props, ...given });
  const all = written(chart);
  const file = (name: string) => every(all, 'ConfigMap').find(({ data }) => data[name])?.data[name];
  return {
    ...all,
    // A program may say `undefined`, and Filebeat's documentation writes the fingerprint identity as null.
    template: { toJSON: () => all.manifests.map(withoutFiles) },
    logs,
    filebeat: parse(file('filebeat.yml')),
    logrotate: file('logrotate.conf'),
    pod: one(all, 'DaemonSet').spec.template.spec,
  };
}

function withoutFiles({ data, ...manifest }: Manifest): Manifest {
  const texts = Object.entries(data ?? {}).filter(([name]) => !/\.(js|sh)$/.test(name));
  return { ...manifest, data: texts.map(([, text]) => String(text).replace('fingerprint: null', '')) };
}

const made = make();
const search = make({ output: elasticsearch });
const signalled = make({ reopen: LogReopen.signal('nginx', 'USR1') });
const value = (name: string) => made.logs.plan.value(name);
const containerOf = ({ pod }: Shipped, name: string): Manifest =>
  [...pod.containers, ...pod.initContainers].find((container) => container.name === name);
const directives = ({ logrotate }: Shipped) => logrotate.split('\n').map((line) => line.trim());

describe('the traps of case 1 are absent', () => {
  test('trap: copytruncate loses lines: files are renamed, and made anew', () => {
    expect(made.logrotate).not.toContain('copytruncate');
    expect(signalled.logrotate).not.toContain('copytruncate');
    expect(directives(made)).toContain('create');
  });

  test('trap: daily without a size cap bounds nothing: a size is checked at every run, and runs come by the minute', () => {
    expect(directives(made)).toContain(`maxsize ${value('fileSizeCapBytes')}`);
    expect(directives(made)).toContain(`rotate ${value('fileCount')}`);
    expect(containerOf(made, 'rotator').env).toContainEqual({ name: 'ROTATION_SECONDS', value: '60' });
    expect(made.logs.plan.predictions.peakDiskBytes).toBeLessThanOrEqual(40e9);
  });

  test('trap: by date the second rotation of a day is skipped: files are numbered', () => {
    expect(directives(made)).toContain('nodateext');
  });

  test('trap: the log input is legacy: filestream, each file known by its beginning', () => {
    const [input] = made.filebeat['filebeat.inputs'];
    expect(input).toMatchObject({ type: 'filestream', file_identity: { fingerprint: null } });
    expect(input['prospector.scanner'].fingerprint).toEqual({ enabled: true, offset: 0, length: 1024 });
    expect(input.id).toBeTruthy();
    // Smaller than that a file is not read yet, so it must not be rotated either.
    expect(directives(made)).toContain('minsize 1024');
  });

  test('trap: a memory queue of 4,096 events is no buffer: the queue is on disk, and outlives the outage', () => {
    expect(made.filebeat['queue.mem']).toBeUndefined();
    // Without a unit Filebeat takes it for deprecated.
    expect(made.filebeat['queue.disk'].max_size).toBe(`${value('diskQueueBytes')}B`);
    expect(value('diskQueueBytes')).toBe(
      planLogs('x', { workload: props.workload, objective: props.objective }).value('diskQueueBytes'),
    );
    expect(made.logs.plan.predictions.outageSeconds).toBeGreaterThanOrEqual(7200);
    // On the node, not in the pod: a new version of the pod finds queue and registry again.
    expect(made.filebeat['queue.disk'].path).toBe('/var/lib/filebeat/diskqueue');
    const mount = containerOf(made, 'filebeat').volumeMounts.find((m: Manifest) => m.mountPath === '/var/lib/filebeat');
    expect(made.pod.volumes.find(({ name }: Manifest) => name === mount.name).hostPath.path).toMatch(
      /^\/var\/lib\/backpressure\//,
    );
  });

  test('trap: required_acks 1 loses lines on a failover: every in-sync replica acknowledges', () => {
    expect(made.filebeat['output.kafka'].required_acks).toBe(-1);
  });

  test('trap: compress without delaycompress races the tailer: the last rotated file stays, and is read', () => {
    expect(directives(made)).toEqual(expect.arrayContaining(['compress', 'delaycompress']));
    const [{ paths, 'prospector.scanner': scanner }] = made.filebeat['filebeat.inputs'];
    expect(paths).toEqual(['/var/log/app/*.log', '/var/log/app/*.log.1']);
    expect(scanner.exclude_files).toEqual(['\\.gz$']);
  });

  test('trap: a blocked output pins deleted files: a removed file is closed', () => {
    expect(made.filebeat['filebeat.inputs'][0]['close.on_state_change']).toMatchObject({
      removed: true,
      renamed: false,
    });
  });

  test('trap: a registry that forgets reads every file again: states go only with their file', () => {
    expect(made.filebeat['filebeat.inputs'][0]).toMatchObject({ clean_inactive: -1, clean_removed: true });
  });
});

describe('outputs', () => {
  test.each([
    ['kafka', made, 'output.kafka', ['LOG_OUTPUT_USERNAME', 'LOG_OUTPUT_PASSWORD']],
    ['elasticsearch', search, 'output.elasticsearch', ['LOG_OUTPUT_API_KEY']],
  ])('%s: TLS, and credentials from a Secret by the environment only', (_name, chart, block, variables) => {
    const output = chart.filebeat[block];
    expect(output).toMatchObject({ 'ssl.enabled': true, 'ssl.verification_mode': 'full' });
    expect(output.bulk_max_size).toBe(chart.logs.plan.value('bulkMaxSize'));
    const { env } = containerOf(chart, 'filebeat');
    for (const name of variables) {
      expect(Object.values(output)).toContain(`\${${name}}`);
      expect(env.find((one: Manifest) => one.name === name).valueFrom.secretKeyRef.name).toBe('destination');
    }
    expect(every(chart, 'Secret')).toEqual([]);
  });

  test('a certificate authority is mounted where the configuration looks for it', () => {
    expect(made.filebeat['output.kafka']['ssl.certificate_authorities']).toEqual(['/etc/log-output/ca.crt']);
    expect(containerOf(made, 'filebeat').volumeMounts).toContainEqual(
      expect.objectContaining({ mountPath: '/etc/log-output', readOnly: true }),
    );
  });

  test('what Elasticsearch refuses is kept aside, not dropped', () => {
    expect(search.filebeat['output.elasticsearch'].non_indexable_policy).toEqual({
      dead_letter_index: { index: 'app-logs-rejected' },
    });
  });

  test('the pods reach their destination and nothing else', () => {
    const { egress, ingress } = one(made, 'NetworkPolicy').spec;
    expect(egress[1].ports).toEqual([{ port: 9093, protocol: 'TCP' }]);
    expect(egress[1].to[0].namespaceSelector.matchLabels['kubernetes.io/metadata.name']).toBe('kafka');
    const from = (name: string) => [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }];
    expect(ingress).toEqual([{ from: from('monitoring'), ports: [{ port: 9479, protocol: 'TCP' }] }]);
    expect(one(make({ monitoringNamespace: 'observe' }), 'NetworkPolicy').spec.ingress[0].from).toEqual(
      from('observe'),
    );
  });
});

describe('rights', () => {
  test('Filebeat and exporter run as a user of their own, the rotator as the one that logs, none with a capability', () => {
    const users = made.pod.containers.map(({ name, securityContext }: Manifest) => [name, securityContext.runAsUser]);
    expect(Object.fromEntries(users)).toEqual({ filebeat: 20_479, exporter: 20_479, rotator: 1234 });
    for (const { securityContext } of made.pod.containers) {
      expect(securityContext.runAsNonRoot).toBe(true);
      expect(securityContext.capabilities).toEqual({ drop: ['ALL'] });
      expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    }
    // The files are another user's: their group lets them be read.
    expect(made.pod.securityContext.supplementalGroups).toEqual([1234]);
    expect(make({ fileGroup: 77 }).pod.securityContext.supplementalGroups).toEqual([77]);
  });

  test('the rotator has no way to registry, queue and credentials, and Filebeat none to the state of the rotator', () => {
    const subPaths = (name: string) => containerOf(made, name).volumeMounts.flatMap((m: Manifest) => m.subPath ?? []);
    expect([subPaths('rotator'), subPaths('filebeat')]).toEqual([['logrotate'], ['filebeat']]);
    const secrets = (name: string) => JSON.stringify(containerOf(made, name)).match(/secretKeyRef/g) ?? [];
    expect([secrets('rotator').length, secrets('exporter').length, secrets('filebeat').length]).toEqual([0, 0, 2]);
  });

  test('state on the nodes keeps its name when the construct is renamed, if it is told that', () => {
    const named = make({ stateName: 'shop-logs-daemonset-c8' });
    const path = named.pod.volumes.find(({ name }: Manifest) => name === 'data').hostPath.path;
    expect(path).toBe('/var/lib/backpressure/shop-logs-daemonset-c8');
    expect(named.filebeat['filebeat.inputs'][0].id).toBe('shop-logs-daemonset-c8');
  });

  test('the priority class lives in no namespace', () => {
    expect(one(made, 'PriorityClass').metadata.namespace).toBeUndefined();
  });

  test('the one that makes the folders is root with CHOWN, and ends before the others begin', () => {
    expect(made.pod.initContainers.map(({ name }: Manifest) => name)).toEqual(['folders']);
    expect(containerOf(made, 'folders').securityContext.capabilities).toEqual({ drop: ['ALL'], add: ['CHOWN'] });
  });

  test('only the rotator may write to the log files; nobody talks to the API server', () => {
    const mount = (name: string) =>
      containerOf(made, name).volumeMounts.find(({ mountPath }: Manifest) => mountPath === '/var/log/app');
    expect(['filebeat', 'exporter', 'rotator'].map((name) => mount(name).readOnly ?? false)).toEqual([
      true,
      true,
      false,
    ]);
    expect(made.pod.automountServiceAccountToken).toBe(false);
    expect(made.manifests.filter(({ kind }) => /Role/.test(kind))).toEqual([]);
  });

  test('processes of the node are seen only when one of them gets a signal', () => {
    expect(made.pod.hostPID).toBeUndefined();
    expect(signalled.pod.hostPID).toBe(true);
    expect(signalled.logrotate).toContain("pkill -USR1 -x 'nginx'");
    expect(containerOf(signalled, 'rotator').securityContext.runAsUser).toBe(1234);
    // It sees Filebeat too then, and may not touch what is another user's.
    expect(containerOf(signalled, 'filebeat').securityContext.runAsUser).not.toBe(1234);
  });

  test('every container has limits; a full disk takes these pods last; every node gets one', () => {
    for (const { resources } of [...made.pod.containers, ...made.pod.initContainers]) {
      expect(resources.limits.cpu).toBeTruthy();
      expect(resources.limits.memory).toBeTruthy();
    }
    expect(made.pod.priorityClassName).toBe(one(made, 'PriorityClass').metadata.name);
    expect(made.pod.tolerations).toEqual([{ operator: 'Exists' }]);
    expect(make({ tolerateEverything: false }).pod.tolerations).toBeUndefined();
  });

  test('Filebeat is probed for itself, not for its destination', () => {
    const { livenessProbe } = containerOf(made, 'filebeat');
    expect(livenessProbe.exec.command.join(' ')).toBe('curl -sf http://127.0.0.1:5066/');
  });
});

describe('what is watched', () => {
  const rules: Manifest[] = one(made, 'PrometheusRule').spec.groups[0].rules;
  const ruled = (name: string) => rules.find(({ alert }) => alert === name);

  test('thresholds are those of the plan', () => {
    expect(ruled('LogDiskAboveWatermark').expr).toMatch(new RegExp(`> ${value('diskWatermarkBytes')}$`));
    expect(ruled('LogQueueFilling').expr).toMatch(new RegExp(`> ${value('queueAlarmBytes')}$`));
    expect(ruled('LogRotationStuck').expr).toMatch(new RegExp(`> ${value('logFileBytes')}$`));
    expect(ruled('LogShippingLag').expr).toMatch(/> 60 or \(log_shipping_up/);
  });

  test('every alert has a runbook', () => {
    for (const { annotations } of rules) expect(annotations.runbook.length).toBeGreaterThan(60);
  });

  test('the exporter is scraped, and looks where Filebeat keeps its queue', () => {
    expect(one(made, 'PodMonitor').spec.selector.matchLabels).toEqual(one(made, 'DaemonSet').spec.selector.matchLabels);
    const env = Object.fromEntries(
      containerOf(made, 'exporter').env.map(({ name, value: text }: Manifest) => [name, text]),
    );
    expect(env).toMatchObject({
      LOG_FOLDER: '/var/log/app',
      QUEUE_FOLDER: made.filebeat['queue.disk'].path,
      STATS_URL: `http://127.0.0.1:${made.filebeat['http.port']}/stats`,
    });
  });

  test('a state file of the future is no sign that the rotator runs', () => {
    const folder = mkdtempSync(join(tmpdir(), 'backpressure-state-'));
    const status = join(folder, 'status');
    const [, , command] = containerOf(made, 'rotator').livenessProbe.exec.command;
    const live = (secondsAgo: number) => {
      writeFileSync(status, '');
      const written = Date.now() / 1000 - secondsAgo;
      utimesSync(status, written, written);
      return spawnSync('sh', ['-c', command.replaceAll('/var/lib/logrotate/status', status)]).status === 0;
    };
    expect([live(0), live(60), live(7200), live(-86_400)]).toEqual([true, true, false, false]);
    rmSync(folder, { recursive: true });
  });

  test('a changed configuration makes other pods', () => {
    const annotation = (chart: Shipped) =>
      one(chart, 'DaemonSet').spec.template.metadata.annotations['backpressure/config'];
    expect(annotation(make())).toBe(annotation(made));
    expect(annotation(make({ fileCount: 3 }))).not.toBe(annotation(made));
  });
});

describe('what is refused', () => {
  test.each<[string, Partial<LogShippingProps>]>([
    [
      "logFolder must be absolute and at least three names deep, such as /var/log/app, got '/var/log'",
      { logFolder: '/var/log' },
    ],
    ["got '/var/log/../etc'", { logFolder: '/var/log/../etc' }],
    ["filePattern must not end in a wildcard, or rotated files are rotated again, got 'app*'", { filePattern: 'app*' }],
    ['fileUser must be a whole number, between 1 and 2147483647, got 0', { fileUser: 0 }],
    ["rotatorImage must name a version or a digest, got 'logrotate'", { rotatorImage: 'logrotate' }],
    [
      'rotationInterval in seconds must be a whole number, between 1 and 3600, got 7200',
      { rotationInterval: Duration.hours(2) },
    ],
    ['must be a whole number, between 1 and 3600, got 0.5', { rotationInterval: Duration.millis(500) }],
    ['shipperUser must be another user than fileUser', { shipperUser: 1234 }],
    ["the signal must be HUP, USR1 or USR2, got 'KILL'", { reopen: LogReopen.signal('nginx', 'KILL') }],
    [
      "the name of the process must be 1 to 15 letters, digits, '.', '_' and '-', got '; rm'",
      { reopen: LogReopen.signal('; rm', 'HUP') },
    ],
    [
      "bootstrapServers must be host:port each, at least one, got ''",
      { output: LogOutput.kafka({ bootstrapServers: [], topic: 't', username: secret('u'), password: secret('p') }) },
    ],
    [
      "hosts must be https://host:port each, at least one, got 'http://es:9200'",
      { output: LogOutput.elasticsearch({ hosts: ['http://es:9200'], index: 'i', apiKey: secret('k') }) },
    ],
  ])('%s', (message, given) => {
    expect(() => make(given)).toThrow(InvalidInputError);
    expect(() => make(given)).toThrow(message);
  });

  test('all at once, by the name of the construct', () => {
    expect(() => make({ fileUser: 0, logFolder: '/tmp' })).toThrow(/^Logs: logFolder .*; fileUser /);
  });
});

test('random props give a valid document or a named error', () => {
  const random = fc.record({
    workload: fc.record({
      steadyBytesPerSecond: mostly(spread(100, 1e6), 0, Number.NaN),
      lineBytes: optional(mostly(spread(20, 5000), 0)),
      logFiles: optional(mostly(fc.integer({ min: 1, max: 10 }), 0)),
    }),
    objective: fc.record({
      diskBudgetBytes: mostly(spread(1e9, 1e12), -1),
      outageSeconds: mostly(spread(10, 1e5), 0),
      shipperAwaySeconds: optional(spread(1, 1000)),
    }),
    output: fc.constantFrom(kafka, elasticsearch),
    fileUser: mostly(fc.integer({ min: 1, max: 65_535 }), 0),
    fileCount: optional(mostly(fc.integer({ min: 2, max: 30 }), 1)),
    rotationInterval: optional(fc.integer({ min: 1, max: 3600 }).map((seconds) => Duration.seconds(seconds))),
    reopen: optional(fc.constantFrom(LogReopen.byWriter(), LogReopen.signal('nginx', 'HUP'))),
  });
  validOrNamed(/^Logs: /, random, make, (chart) => {
    expect(chart.logrotate).not.toContain('copytruncate');
    expect(chart.filebeat['queue.disk'].max_size).toBe(`${chart.logs.plan.value('diskQueueBytes')}B`);
  });
});
