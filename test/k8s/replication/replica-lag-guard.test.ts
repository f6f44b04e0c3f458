import { Duration } from 'cdk8s';
import { WRITE_PEAK } from '../../../lib/cases/case-08-replica-lag';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { ReplicaEngine } from '../../../lib/flow/replication/workload';
import { ReplicaLagGuard } from '../../../lib/k8s/replication/replica-lag-guard';
import type { ReplicaLagGuardProps } from '../../../lib/k8s/replication/replica-lag-guard-props';
import { emptyChart, every, type Manifest, one, written } from '../../support/manifest';

const secret = (key: string) => ({ secretName: 'databases', key });
const props: ReplicaLagGuardProps = {
  ...WRITE_PEAK,
  source: { host: 'source.databases.svc', namespace: 'databases' },
  replicas: [{ host: 'replica.databases.svc', namespace: 'databases' }],
  user: secret('user'),
  password: secret('password'),
};

function make(given: Partial<ReplicaLagGuardProps> = {}) {
  const chart = emptyChart();
  const guard = new ReplicaLagGuard(chart, 'Orders', { ...props, ...given });
  return { ...written(chart), guard };
}

const made = make();
const value = (name: string) => made.guard.plan.value(name);
const { spec } = one(made, 'Deployment');
const [container]: Manifest[] = spec.template.spec.containers;
const variable = (name: string, of: Manifest = container) =>
  of.env.find((one: Manifest) => one.name === name) as Manifest | undefined;
const options = (written: ReturnType<typeof make>, file: string) =>
  every(written, 'ConfigMap').find(({ data }) => data?.[file] !== undefined)?.data[file] as string;

describe('the traps of case 8 are absent', () => {
  test('trap: commit order is preserved, by the name of the version', () => {
    expect(options(made, 'replica.cnf')).toContain('replica_preserve_commit_order = ON\n');
    const mariadb = make({ engine: ReplicaEngine.MARIADB_10_11 });
    expect(options(mariadb, 'replica.cnf')).toContain('slave_parallel_mode = optimistic\n');
  });

  test('trap: no name is deprecated or gone: 8.4 would not start with those of 8.0', () => {
    const both = options(made, 'source.cnf') + options(made, 'replica.cnf');
    expect(both).not.toMatch(/slave_|dependency_tracking|write_set_extraction|replica_parallel_type/);
    const old = make({ engine: ReplicaEngine.MYSQL_8_0 });
    expect(options(old, 'source.cnf')).toContain('binlog_transaction_dependency_tracking = WRITESET\n');
  });

  test('trap: a throttle that only halves never recovers: this one has a rate at which it rises again', () => {
    const settings = JSON.parse(variable('SETTINGS')!.value);
    expect(settings.increasePerSecond).toBe(value('increasePerSecond'));
    expect(settings.mostPerSecond).toBe(value('mostPerSecond'));
    expect(settings.decreaseRatio * settings.mostPerSecond).toBeLessThan(value('appliedPerSecond'));
  });
});

describe('the option files', () => {
  test('a replica takes no writes, a source does; MariaDB has no super_read_only', () => {
    expect(options(made, 'replica.cnf')).toMatch(/read_only = ON\nsuper_read_only = ON\n$/);
    expect(options(made, 'source.cnf')).not.toContain('read_only');
    expect(options(make({ engine: ReplicaEngine.MARIADB_10_11 }), 'replica.cnf')).not.toContain('super_read_only');
  });

  test('another content is another ConfigMap, so that who mounts it is restarted', () => {
    const names = (of: ReturnType<typeof make>) => [of.guard.sourceConfig.name, of.guard.replicaConfig.name];
    const relaxed = make({ relaxedDurability: true });
    expect(names(relaxed)[0]).toBe(names(made)[0]);
    expect(names(relaxed)[1]).not.toBe(names(made)[1]);
    expect(made.guard.replicaOptions).toBe(options(made, 'replica.cnf'));
  });
});

describe('the guard', () => {
  test('is one, and the old one ends before the new one begins', () => {
    expect([spec.replicas, spec.strategy.type]).toEqual([1, 'Recreate']);
  });

  test('gets the numbers of the plan, and its own name as label of its metrics', () => {
    expect(JSON.parse(variable('SETTINGS')!.value).targetLagSeconds).toBe(value('targetLagSeconds'));
    expect(variable('HEARTBEAT_SECONDS')!.value).toBe(String(value('heartbeatSeconds')));
    expect(variable('GUARD')!.value).toBe(one(made, 'Deployment').metadata.name);
    const exprs = one(made, 'PrometheusRule').spec.groups[0].rules.map(({ expr }: Manifest) => expr);
    for (const expr of exprs) expect(expr).toContain(`{namespace="shop",guard="${made.guard.deployment.name}"}`);
  });

  test('has user and password of the Secret, and trusts what it is given', () => {
    expect(variable('DB_PASSWORD')!.valueFrom.secretKeyRef).toMatchObject({ name: 'databases', key: 'password' });
    expect(variable('DB_TRUST')!.value).toBe('system');
    const trusting = one(make({ certificateAuthority: secret('ca.crt') }), 'Deployment').spec.template.spec
      .containers[0];
    expect(variable('DB_TRUST', trusting)!.valueFrom.secretKeyRef.key).toBe('ca.crt');
    const plain = one(make({ tls: false }), 'Deployment').spec.template.spec.containers[0];
    expect(variable('DB_TRUST', plain)).toBeUndefined();
  });

  test('checks the host of a server by its certificate, unless that is switched off', () => {
    expect(variable('DB_VERIFY_IDENTITY')).toBeUndefined();
    const trusting = one(make({ verifyIdentity: false }), 'Deployment').spec.template.spec.containers[0];
    expect(variable('DB_VERIFY_IDENTITY', trusting)!.value).toBe('false');
  });

  test('tells writers how often to poll, and when a signal is too old', () => {
    const [asked] = one(make({ writerPoll: Duration.millis(200) }), 'Deployment').spec.template.spec.containers;
    expect(JSON.parse(variable('SETTINGS', asked)!.value)).toMatchObject({
      writerPollSeconds: 0.2,
      signalStaleSeconds: value('signalStaleSeconds'),
    });
  });

  test('names its replicas, also those without a name', () => {
    const replicas = [{ host: 'a' }, { host: 'b', name: 'reports', port: 3307 }];
    const two = one(make({ replicas }), 'Deployment').spec.template.spec.containers[0];
    expect(JSON.parse(variable('REPLICAS', two)!.value)).toEqual([
      { name: 'replica-1', host: 'a', port: 3306 },
      { name: 'reports', host: 'b', port: 3307 },
    ]);
  });

  test('may reach its servers and DNS; writers and Prometheus may reach it', () => {
    const { egress, ingress } = one(made, 'NetworkPolicy').spec;
    expect(egress.slice(1).map(({ ports }: Manifest) => ports[0].port)).toEqual([3306, 3306]);
    expect(ingress.map(({ from }: Manifest) => from[0])).toEqual([
      { podSelector: {} },
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } },
    ]);
    const elsewhere = one(make({ writerNamespace: 'imports' }), 'NetworkPolicy').spec.ingress[0].from[0];
    expect(elsewhere.namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': 'imports' });
  });

  test('is asked at the address of its Service', () => {
    expect(made.guard.url).toBe(`http://${one(made, 'Service').metadata.name}.shop.svc:8080`);
  });
});

describe('what it refuses', () => {
  const failure = (given: Partial<ReplicaLagGuardProps>) => {
    try {
      make(given);
    } catch (error) {
      return error as Error;
    }
    throw new Error('nothing was refused');
  };

  test('all that is wrong at once, by name', () => {
    const { message, name } = failure({
      schema: 'a`b',
      replicas: [
        { host: 'a', name: 'x' },
        { host: 'b', name: 'x', namespace: 'n', cidr: '10.0.0.0/8' },
      ],
      tls: false,
      certificateAuthority: secret('ca'),
      heartbeat: Duration.minutes(2),
    });
    expect(name).toBe('InvalidInputError');
    for (const part of [
      'schema',
      'replicas[1].name',
      'replicas[1].namespace',
      'certificateAuthority',
      'heartbeatSeconds',
    ])
      expect(message).toContain(part);
  });

  test('an address of a server whose certificate is checked: certificates have names', () => {
    const source = { host: '10.20.0.5' };
    const { message } = failure({ source, replicas: [{ host: '10.20.0.6' }] });
    expect(message).toMatch(/source\.host must be a name.*10\.20\.0\.5.*verifyIdentity false.*replicas\[0\]\.host/);
    expect(() => make({ source, tls: false })).not.toThrow();
    expect(() => make({ source, verifyIdentity: false })).not.toThrow();
    expect(failure({ tls: false, verifyIdentity: true }).message).toContain('verifyIdentity needs tls');
  });

  test('no replica, and no version', () => {
    expect(failure({ replicas: [] })).toBeInstanceOf(InvalidInputError);
    expect(failure({ engine: 'mysql5.7' as ReplicaEngine }).message).toContain('engine must be one of mysql8.0');
  });

  test('a peak of interactive writes alone, with shards as a way out', () => {
    const refused = failure({ workload: { ...WRITE_PEAK.workload, bulkShare: 0.05 } });
    expect(refused).toBeInstanceOf(CapacityError);
    expect(refused.message).toMatch(/slowing bulk writes down is not enough; .*2 shards/);
  });
});
