/** What every pod of ours has in common, and what a worker's pod may be given. */
import { Duration, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { REFERENCE_CHARTS } from '../../charts/reference';
import { InvalidInputError } from '../../lib/flow/errors';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import type { QueueWorkerProps } from '../../lib/k8s/queue/queue-worker-props';
import { emptyChart, every, type Manifest, one, written } from '../support/manifest';

const UNDISTURBED = {
  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
  'karpenter.sh/do-not-disrupt': 'true',
};
const TEMPLATES: Readonly<Record<string, (spec: Manifest) => Manifest>> = {
  Deployment: ({ template }) => template,
  DaemonSet: ({ template }) => template,
  Job: ({ template }) => template,
  CronJob: ({ jobTemplate }) => jobTemplate.spec.template,
  ScaledJob: ({ jobTargetRef }) => jobTargetRef.template,
};

interface Pod {
  readonly kind: string;
  readonly template: Manifest;
}

const pods: Pod[] = Object.entries(REFERENCE_CHARTS).flatMap(([name, ReferenceChart]) =>
  written(new ReferenceChart(Testing.app(), name)).manifests.flatMap(({ kind, spec }) =>
    kind in TEMPLATES ? [{ kind, template: TEMPLATES[kind](spec) }] : [],
  ),
);

const LONG: Partial<QueueWorkerProps> = {
  workload: { steadyPerSecond: 0.001, peakPerSecond: 0.02, peakSeconds: 3600, serviceSeconds: 900 },
  objective: { latencySeconds: 14_400 },
};

function worker(props: Partial<QueueWorkerProps> = {}) {
  const chart = emptyChart();
  const made = new QueueWorker(chart, 'Orders', {
    workload: { steadyPerSecond: 20, serviceSeconds: 0.05 },
    objective: { latencySeconds: 90 },
    trigger: QueueTrigger.redisStream({ host: 'redis', stream: 'orders', consumerGroup: 'workers' }),
    image: 'shop/orders:1',
    ...props,
  });
  return { chart, worker: made };
}

test('every kind of workload is looked at', () => {
  expect([...new Set(pods.map(({ kind }) => kind))].sort()).toEqual(Object.keys(TEMPLATES).sort());
});

test.each(pods)('a pod of a $kind runs on Linux: its images are for nothing else', ({ template }) => {
  expect(template.spec.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux' });
});

test.each(pods)(
  'a pod of a $kind keeps its node exactly when it works for hours and must finish',
  ({ kind, template }) => {
    // A report is done in minutes, and comes again.
    const finishes = ['Job', 'ScaledJob'].includes(kind);
    expect(template.metadata?.annotations ?? {}).toEqual(
      finishes ? UNDISTURBED : expect.not.objectContaining(UNDISTURBED),
    );
  },
);

describe('labels of the chart', () => {
  const labels = { 'app.kubernetes.io/part-of': 'shop', 'example.com/owner': 'orders' };
  const labelled = Object.entries(REFERENCE_CHARTS).flatMap(([name, ReferenceChart]) => {
    const { manifests } = written(new ReferenceChart(Testing.app(), name, { labels }));
    return manifests.map((manifest): [string, Manifest] => [`${manifest.kind}/${manifest.metadata.name}`, manifest]);
  });

  test('are on every object, so that a Prometheus with a ruleSelector finds the rules', () => {
    const part = 'app.kubernetes.io/part-of';
    // Actions Runner Controller knows what belongs to a runner set by this label, which is its own.
    const isOfRunners = (manifest: Manifest) => manifest.metadata.labels[part] === 'gha-rs';
    const own = [...new Set(labelled.filter(([, one]) => isOfRunners(one)).map(([, { kind }]) => kind))].sort();
    expect(own).toEqual(['AutoscalingRunnerSet', 'Role', 'RoleBinding']);
    for (const [, one] of labelled) {
      expect(one.metadata.labels).toMatchObject(isOfRunners(one) ? { ...labels, [part]: 'gha-rs' } : labels);
    }
  });

  test('and on every pod, beside its own, by which alone its workload and its policy know it', () => {
    const templates = labelled.filter(([, { kind }]) => kind in TEMPLATES);
    expect(templates.length).toBe(pods.length);
    for (const [, { kind, spec }] of templates) {
      expect(TEMPLATES[kind](spec).metadata.labels).toMatchObject(labels);
      expect(spec.selector?.matchLabels ?? {}).toEqual(expect.not.objectContaining(labels));
    }
  });

  test('make another backfill, because the template of a Job cannot be changed', () => {
    const jobOf = (props: object) =>
      one(written(new REFERENCE_CHARTS['data-retention'](Testing.app(), 'data-retention', props)), 'Job');
    expect(jobOf({ labels }).metadata.name).not.toBe(jobOf({}).metadata.name);
  });
});

describe.each<[string, Partial<QueueWorkerProps>]>([
  ['pods that stay', {}],
  ['a job for each item', LONG],
])('/tmp of %s', (_, props) => {
  const tmpOf = (more: Partial<QueueWorkerProps>) => {
    const manifests = written(worker({ ...props, ...more }).chart);
    const [{ kind, spec }] = manifests.manifests.filter(({ kind }) => kind in TEMPLATES);
    return TEMPLATES[kind](spec).spec.volumes.find(({ name }: Manifest) => name === 'tmp').emptyDir.sizeLimit;
  };

  test('is as large as it is said to be, and 64 MiB unless said', () => {
    expect(tmpOf({})).toBe('64Mi');
    expect(tmpOf({ scratchSpace: Size.gibibytes(2) })).toBe('2048Mi');
  });

  test.each([Size.mebibytes(0), Size.kibibytes(512), Size.kibibytes(1536)])('%s is refused by name', (scratchSpace) => {
    const make = () => worker({ ...props, scratchSpace, image: 'shop/orders' });
    expect(make).toThrow(InvalidInputError);
    expect(make).toThrow(/image must name a version.*scratchSpace in MiB must be a whole number, at least 1, got /);
  });

  test('takes no second volume: the API server would refuse the pod', () => {
    const made = worker(props);
    const volume = (name: string) => kplus.Volume.fromEmptyDir(made.chart, name, name);
    made.worker.container.mount('/tmp/', volume('mine'));
    made.worker.container.mount('/data', volume('one'));
    made.worker.container.mount('/data', volume('other'));
    expect(() => Testing.synth(made.chart)).toThrow(InvalidInputError);
    expect(() => Testing.synth(made.chart)).toThrow(
      'Orders: container worker must have one volume at /tmp, got tmp, mine; its size is scratchSpace; container worker must have one volume at /data, got one, other',
    );
  });

  test('takes volumes beside it and below it', () => {
    const made = worker(props);
    for (const path of ['/tmp/cache', '/data'])
      made.worker.container.mount(path, kplus.Volume.fromEmptyDir(made.chart, path, path.slice(1).replace('/', '-')));
    expect(() => Testing.synth(made.chart)).not.toThrow();
  });
});

describe('the deadline of a job', () => {
  const deadlineOf = (props: Partial<QueueWorkerProps>) => {
    const made = worker({ ...LONG, ...props });
    return [one(written(made.chart), 'ScaledJob').spec.jobTargetRef.activeDeadlineSeconds, made.worker.plan] as const;
  };

  test('leaves an item its time also where a node has to come first', () => {
    const [deadline, plan] = deadlineOf({});
    // The cluster autoscaler's --max-node-provision-time, and the start of a pod.
    expect(deadline).toBe(Math.ceil(plan.value('itemTimeoutSeconds')) + 30 + 900);
    expect(plan.knob('jobDeadlineSeconds')).toMatchObject({
      value: deadline,
      inputs: { nodeProvisionSeconds: 900, startSeconds: 30 },
    });
    expect(plan.knob('nodeProvisionSeconds').source).toContain('--max-node-provision-time');
  });

  test('follows how long nodes take, given by hand, and the start of a pod', () => {
    const [deadline, plan] = deadlineOf({
      nodeProvisionTime: Duration.minutes(3),
      consumer: { startSeconds: 60 },
    });
    expect(deadline).toBe(Math.ceil(plan.value('itemTimeoutSeconds')) + 60 + 180);
    expect(plan.knob('nodeProvisionSeconds').formula).toBe('given');
  });

  test('is whole seconds, which is all that the API takes', () => {
    const [deadline, plan] = deadlineOf({ consumer: { startSeconds: 0.5 } });
    expect(deadline).toBe(Math.ceil(plan.value('itemTimeoutSeconds') + 0.5) + 900);
  });

  test('a time of nodes out of range is refused by name; 0 is none, where nodes are always there', () => {
    expect(() => deadlineOf({ nodeProvisionTime: Duration.hours(30) })).toThrow(
      'Orders: nodeProvisionTime in seconds must be a whole number, between 0 and 86400, got 108000',
    );
    expect(() => deadlineOf({ nodeProvisionTime: Duration.millis(1500) })).toThrow('got 1.5');
    const [deadline, plan] = deadlineOf({ nodeProvisionTime: Duration.seconds(0) });
    expect(deadline).toBe(Math.ceil(plan.value('itemTimeoutSeconds')) + 30);
  });

  test('pods that stay have none', () => {
    expect(worker().worker.plan.knobs.map(({ name }) => name)).not.toContain('jobDeadlineSeconds');
    expect(every(written(worker().chart), 'ScaledJob')).toEqual([]);
  });
});
