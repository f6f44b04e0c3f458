import { type Chart, Duration, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BUSY_JVM } from '../../../lib/cases/case-10-allocation-outruns-gc';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { JvmCollector } from '../../../lib/flow/jvm/workload';
import { JvmService, type JvmServiceProps } from '../../../lib/k8s/jvm/jvm-service';
import { emptyChart, type Manifest, one, written } from '../../support/manifest';

const MIB = 2 ** 20;
const props: JvmServiceProps = { ...BUSY_JVM, image: 'shop/api:1' };

function make(given: Partial<JvmServiceProps> = {}) {
  const chart = emptyChart();
  const service = new JvmService(chart, 'Api', { ...props, ...given });
  const all = written(chart);
  return { ...all, service };
}

const made = make();
const value = (name: string) => made.service.plan.value(name);
const { spec } = one(made, 'Deployment');
const [jvm, exporter]: Manifest[] = spec.template.spec.containers;
const variables = ({ env }: Manifest) =>
  Object.fromEntries((env ?? []).map(({ name, value: text }: Manifest) => [name, text]));
const flags: string[] = variables(jvm).JDK_JAVA_OPTIONS.split(' ');

describe('the traps of case 10 are absent', () => {
  test('trap: a goal for pauses means nothing to ZGC', () => {
    expect(flags).toContain('-XX:+UseZGC');
    expect(flags.filter((flag) => /MaxGCPauseMillis/.test(flag))).toEqual([]);
  });

  test('trap: a heap of 4 GiB needs a container well above 4 GiB: the limit holds every part', () => {
    const limit = Number(/^(\d+)Mi$/.exec(jvm.resources.limits.memory)![1]) * MIB;
    expect(limit).toBe(value('memoryBytes'));
    const parts = ['heapBytes', 'metaspaceBytes', 'codeCacheBytes', 'stackBytes', 'directBytes'].map(value);
    expect(limit).toBeGreaterThan(parts.reduce((sum, part) => sum + part, 0));
  });

  test('trap: ZGC of JDK 17 has no generations: the same program gets a larger heap, and no flag that stops the JVM', () => {
    const old = make({ jdk: 17 });
    expect(old.service.plan.value('heapBytes')).toBeGreaterThan(value('heapBytes'));
    expect(flags).toContain('-XX:+ZGenerational');
    expect(variables(one(old, 'Deployment').spec.template.spec.containers[0]).JDK_JAVA_OPTIONS).not.toContain(
      'ZGenerational',
    );
  });
});

describe('the container of the JVM', () => {
  test('is not killed for what it was promised: it requests as much memory as it may use', () => {
    expect(jvm.resources.requests.memory).toBe(jvm.resources.limits.memory);
  });

  // A quota of CPU time stops every thread, those of the collector too.
  test('has its processors and is not throttled; the JVM counts as many as the plan did', () => {
    expect(jvm.resources.requests.cpu).toBe('4');
    expect(jvm.resources.limits.cpu).toBeUndefined();
    expect(flags).toContain('-XX:ActiveProcessorCount=4');
  });

  test('has every flag of the plan, in the variable that only the launcher reads', () => {
    expect(flags).toEqual(made.service.plan.flags);
    expect(Object.keys(variables(jvm))).not.toContain('JAVA_TOOL_OPTIONS');
  });

  test('has a folder for its log, bounded, which the exporter only reads', () => {
    const [volume] = spec.template.spec.volumes.filter(({ name }: Manifest) => name === 'gc-log');
    expect(volume.emptyDir.sizeLimit).toBe(`${value('logVolumeBytes') / MIB}Mi`);
    const mount = ({ volumeMounts }: Manifest) => volumeMounts.find(({ name }: Manifest) => name === 'gc-log');
    expect(mount(jvm)).toMatchObject({ mountPath: '/var/log/gc' });
    expect(mount(exporter)).toMatchObject({ mountPath: '/var/log/gc', readOnly: true });
    expect(flags.filter((flag) => flag.includes('/var/log/gc/'))).toHaveLength(2);
  });
});

test('the exporter knows the promise and the name, and Prometheus finds it', () => {
  expect(variables(exporter)).toMatchObject({
    GC_LOG: '/var/log/gc/gc.log',
    ALARM_PAUSE_SECONDS: String(BUSY_JVM.objective.pauseSeconds),
    COLLECTOR: made.service.plan.collector,
    SERVICE: made.service.deployment.name,
  });
  const [port] = exporter.ports;
  const monitor = one(made, 'PodMonitor').spec;
  expect(monitor.podMetricsEndpoints[0].port).toBe(port.name);
  expect(monitor.selector.matchLabels).toEqual(spec.selector.matchLabels);
});

describe('a Deployment that is there already', () => {
  const chart = emptyChart();
  const deployment = new kplus.Deployment(chart, 'Own', {
    replicas: 3,
    containers: [
      {
        name: 'app',
        image: 'shop/api:1',
        envVariables: { MODE: kplus.EnvValue.fromValue('live') },
        resources: { cpu: { limit: kplus.Cpu.units(1) } },
      },
    ],
  });
  const { image, ...rest } = props;
  const service = new JvmService(chart, 'Api', { ...rest, deployment });
  const own = one(written(chart), 'Deployment').spec;

  test('keeps what it has, and gets flags, memory, processors, log and exporter', () => {
    const [app, reader] = own.template.spec.containers;
    expect(own.replicas).toBe(3);
    expect(variables(app)).toEqual({ MODE: 'live', JDK_JAVA_OPTIONS: service.plan.flags.join(' ') });
    const memory = `${service.plan.value('memoryBytes') / MIB}Mi`;
    // Its own CPU limit is gone: one processor would leave ZGC none.
    expect(app.resources).toEqual({ requests: { cpu: '4', memory }, limits: { memory } });
    expect(reader.name).toBe('gc-exporter');
    expect(service.container.name).toBe('app');
  });

  test('has no knobs of pods that are not made here, and no second budget', () => {
    expect(service.plan.knobs.map(({ name }) => name)).not.toContain('replicas');
    expect(service.disruptionBudget).toBeUndefined();
  });

  test.each<[string, Partial<JvmServiceProps>]>([
    ['image must not be given with deployment, which has its own', { image: 'shop/api:1' }],
    ['replicas must not be given with deployment, which has its own', { replicas: 2 }],
  ])('%s', (message, given) => {
    expect(() => new JvmService(emptyChart(), 'Api', { ...rest, deployment, ...given })).toThrow(message);
  });

  test('with flags of its own is refused: which of two heaps counts would be hidden', () => {
    const other = new kplus.Deployment(emptyChart(), 'Own', {
      containers: [{ image: 'a:1', envVariables: { JAVA_TOOL_OPTIONS: kplus.EnvValue.fromValue('-Xmx1g') } }],
    });
    expect(() => new JvmService(emptyChart(), 'Api', { ...rest, deployment: other })).toThrow(
      'Api: JAVA_TOOL_OPTIONS must not be set: the flags of the JVM are set here',
    );
  });
});

test.each([
  [['java', '-Xmx4g', '-jar', 'api.jar'], '-Xmx4g'],
  [['java', '-XX:+UseG1GC', '-jar', 'api.jar'], '-XX:+UseG1GC'],
  [['sh', '-c', 'exec java -Xlog:gc:file=/tmp/gc.log -jar api.jar'], '-Xlog:gc:file=/tmp/gc.log'],
])('a command with flags of its own is refused: %j, which would win over the variable', (command, flag) => {
  expect(() => make({ command })).toThrow(new RegExp(`the command has ${flag.replace(/[+]/g, '\\+')}`));
  const given = (chart: Chart) =>
    new kplus.Deployment(chart, 'Given', { containers: [{ image: 'shop/api:1', args: command }] });
  const chart = emptyChart();
  const { workload, objective, jdk } = BUSY_JVM;
  expect(() => new JvmService(chart, 'Api', { workload, objective, jdk, deployment: given(chart) })).toThrow(
    InvalidInputError,
  );
});

test('a command without such flags is kept', () => {
  const command = ['java', '-Dapi.mode=-Xlogger', '-jar', 'api.jar'];
  expect(one(make({ command }), 'Deployment').spec.template.spec.containers[0].command).toEqual(command);
});

test('an autoscaler takes the number of replicas over', () => {
  const chart = emptyChart();
  const service = new JvmService(chart, 'Api', props);
  new kplus.HorizontalPodAutoscaler(chart, 'Autoscaler', { target: service.deployment, maxReplicas: 9 });
  const all = written(chart);
  expect(one(all, 'Deployment').spec.replicas).toBeUndefined();
  expect(one(all, 'HorizontalPodAutoscaler').spec.scaleTargetRef.name).toBe(service.deployment.name);
});

test('choices by hand are in the plan, and checked', () => {
  const chosen = make({
    objective: { pauseSeconds: 0.5 },
    collector: JvmCollector.G1,
    heap: Size.gibibytes(4),
    metaspace: Size.mebibytes(256),
    codeCache: Size.mebibytes(64),
    cycle: Duration.millis(500),
    flightRecorder: false,
    replicas: 5,
  }).service.plan;
  expect(chosen.value('heapBytes')).toBe(4096 * MIB);
  expect(chosen.knob('heapBytes').formula).toBe('given');
  expect(chosen.value('cycleSeconds')).toBe(0.5);
  expect(chosen.flags).toEqual(expect.arrayContaining(['-Xmx4096m', '-XX:MaxMetaspaceSize=256m', '-XX:+UseG1GC']));
  expect(chosen.flags.join(' ')).not.toContain('FlightRecord');
  expect(() => make({ heap: Size.mebibytes(900) })).toThrow(CapacityError);
});

test.each<[string, Partial<JvmServiceProps>]>([
  ['image must name a version or a digest', { image: 'shop/api:latest' }],
  ['image is missing', { image: undefined }],
  ["port must not be 9404, which is the exporter's", { port: 9404 }],
  ['healthPath must be a path such as /healthz', { healthPath: 'healthz' }],
  ['replicas must be a whole number, between 1 and 1000, got 0', { replicas: 0 }],
  ['JDK_JAVA_OPTIONS must not be set', { environment: { JDK_JAVA_OPTIONS: kplus.EnvValue.fromValue('-Xmx1g') } }],
  ['jdk must be a whole number, between 17 and 26, got 8', { jdk: 8 }],
])('%s', (message, given) => {
  expect(() => make(given)).toThrow(InvalidInputError);
  expect(() => make(given)).toThrow(message);
});

test('an app and a scratch chart: two services beside each other share no name', () => {
  const chart = emptyChart();
  const [first, second] = ['Api', 'Search'].map((id) => new JvmService(chart, id, props));
  expect(first.deployment.name).not.toBe(second.deployment.name);
  const names = Testing.synth(chart).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
});

// Over five minutes without a collection there is no mean, and the condition would never hold.
test('a JVM that collects every quarter of an hour is alarmed too: rates are over two collections', () => {
  const rare = make({
    workload: { allocationBytesPerSecond: 1e6, liveBytes: 800e6 },
    objective: { pauseSeconds: 0.005 },
  });
  const { intervalSeconds } = rare.service.plan.predictions;
  expect(intervalSeconds).toBeGreaterThan(300);
  const { rules } = one(rare, 'PrometheusRule').spec.groups[0];
  for (const name of ['JvmCollectionSlow', 'JvmPausesLong', 'JvmAllocationAbovePlan']) {
    const { expr } = rules.find(({ alert }: Manifest) => alert === name);
    const windows = [...expr.matchAll(/\[(\d+)s\]/g)].map(([, seconds]) => Number(seconds));
    expect([name, windows.length > 0, windows.filter((seconds) => seconds < 2 * intervalSeconds)]).toEqual([
      name,
      true,
      [],
    ]);
  }
});
