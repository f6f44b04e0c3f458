/** Senders in pods: what the manifests hold of the plan, and what the props refuse. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { MAILING } from '../../../lib/cases/case-07-mail-rate-limit';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { senderAlarmKnobs } from '../../../lib/flow/rates/alarms';
import { planRates } from '../../../lib/flow/rates/plan';
import { UnknownMail } from '../../../lib/flow/rates/workload';
import { RateLimitedSender } from '../../../lib/k8s/rates/rate-limited-sender';
import type { RateLimitedSenderProps } from '../../../lib/k8s/rates/rate-limited-sender-props';
import { SenderProvider } from '../../../lib/k8s/rates/sender-provider';
import { emptyChart, every, type Manifest, one, type Written, written } from '../../support/manifest';
import { ROOT } from '../../support/reference';

const secret = (secretName: string, key: string) => ({ secretName, key });
const smtp = SenderProvider.smtp({ connection: secret('smtp', 'url') });
const http = SenderProvider.http({ url: 'https://api.example.net/v1/mails', key: secret('api', 'key') });
const redis = { host: 'redis', password: secret('redis', 'password'), certificateAuthority: secret('redis', 'ca.crt') };

interface Made extends Written {
  readonly sender: RateLimitedSender;
  readonly deployment: Manifest;
  readonly container: Manifest;
}

function make(
  given: Partial<RateLimitedSenderProps> = {},
  id = 'Mailing',
  namespace: string | undefined = 'shop',
): Made {
  const chart = emptyChart(namespace);
  const sender = new RateLimitedSender(chart, id, {
    ...MAILING,
    provider: smtp,
    from: 'shop@example.com',
    redis,
    ...given,
  });
  const all = written(chart);
  const deployment = one(all, 'Deployment');
  return { ...all, sender, deployment, container: deployment.spec.template.spec.containers[0] };
}

const variables = ({ container }: Made): Record<string, Manifest> =>
  Object.fromEntries(container.env.map(({ name, value, valueFrom }: Manifest) => [name, value ?? valueFrom]));
const egress = (all: Written): Manifest[] => one(all, 'NetworkPolicy').spec.egress.slice(1);
const refused = (given: object) => {
  try {
    make(given as Partial<RateLimitedSenderProps>);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was made');
};

const made = make();
const two = make({
  provider: http,
  standby: { limit: { perSecond: 200, perDay: 1e6 }, provider: smtp },
  onUnknown: UnknownMail.SEND,
});
const value = (name: string) => made.sender.plan.value(name);

describe('the rate of the plan, and a fixed number of pods', () => {
  test('case 7: two pods of 12 mails each, 95.2 a second in one bucket, and nothing scales them', () => {
    const { QUEUE, LANES, IN_FLIGHT } = variables(made);
    expect(made.deployment.spec.replicas).toBe(2);
    expect(Number(IN_FLIGHT)).toBe(12);
    expect(QUEUE).toBe('shop/shop/Mailing');
    const [lane, ...others] = JSON.parse(LANES);
    expect(others).toEqual([]);
    expect(lane).toMatchObject({ name: 'provider', kind: 'smtp', from: 'shop@example.com', requireTls: true });
    expect(lane.pace.messagesPerSecond).toBeCloseTo(95.238, 3);
    expect(lane.pace).toEqual({
      messagesPerSecond: value('messagesPerSecond'),
      messagesPerDay: 700_000,
      burst: 1,
      slotSeconds: 0.025,
      throttledFactor: 0.7,
      recoveryStep: 0.01,
      adaptSeconds: 10,
      horizonSeconds: 60,
    });
    expect(made.manifests.some(({ kind }) => /ScaledObject|HorizontalPodAutoscaler/.test(kind))).toBe(false);
  });

  test('no pod of an old version sends beside a new one, whose limit may be lower', () => {
    expect(made.deployment.spec.strategy).toEqual({ type: 'Recreate' });
  });

  test('a second provider has a bucket and a daily limit of its own, and there are senders enough for it', () => {
    const [first, second] = JSON.parse(variables(two).LANES);
    expect([first.name, first.kind, second.name, second.kind]).toEqual(['provider', 'http', 'standby', 'smtp']);
    expect(second.pace.messagesPerSecond).toBeCloseTo(200 / 1.05, 6);
    expect([first.pace.messagesPerDay, second.pace.messagesPerDay]).toEqual([700_000, 1e6]);
    // 190.5 × 0.2 s × 1.2.
    expect(two.sender.plan.value('inFlight')).toBe(46);
    expect(variables(two).ON_UNKNOWN).toBe('send');
  });

  test('a slow limit: a pod that waits for its slot is not taken for one that hangs', () => {
    const slow = make({
      workload: { campaignMessages: 10, callSeconds: 0.15 },
      objective: {},
      limit: { perSecond: 1 / 600 },
    });
    const { HIDE_SECONDS, STALLED_SECONDS, LANES } = variables(slow);
    expect(Number(STALLED_SECONDS)).toBeGreaterThan(Number(HIDE_SECONDS));
    expect(Number(HIDE_SECONDS)).toBeGreaterThan(2 * 600);
    expect(JSON.parse(LANES)[0].pace.horizonSeconds).toBe(Number(HIDE_SECONDS));
    // What waits for its slot is given back, so a pod ends with its last call.
    expect(slow.deployment.spec.template.spec.terminationGracePeriodSeconds).toBe(10);
  });
});

describe('the program', () => {
  test('is the shipped one, unpacked by a stock image, and small enough for kubectl apply', () => {
    const config = every(made, 'ConfigMap').find(({ binaryData }) => binaryData);
    const [[file, packed]] = Object.entries<string>(config.binaryData);
    const shipped = readFileSync(join(ROOT, 'dist', 'runtime', 'sender-container', 'index.js'));
    expect(gunzipSync(Buffer.from(packed, 'base64')).equals(shipped)).toBe(true);
    expect(made.container.command.slice(0, 2)).toEqual(['node', '-e']);
    expect(made.container.command[2]).toContain(`/opt/sender/${file}`);
    expect(made.container.volumeMounts.map(({ mountPath }: Manifest) => mountPath).sort()).toEqual([
      '/opt/sender',
      '/tmp',
    ]);
    // The annotation of kubectl apply holds the object once more; those of an object have 256 KiB.
    expect(JSON.stringify(config).length).toBeLessThan(250 * 1024);
  });

  test('passwords, addresses with passwords and keys come from Secrets, and stand nowhere', () => {
    expect(variables(made)).toMatchObject({
      PROVIDER_URL: { secretKeyRef: { name: 'smtp', key: 'url' } },
      REDIS_PASSWORD: { secretKeyRef: { name: 'redis', key: 'password' } },
      REDIS_CA: { secretKeyRef: { name: 'redis', key: 'ca.crt' } },
      REDIS_TLS: 'true',
    });
    expect(variables(two)).toMatchObject({
      PROVIDER_URL: 'https://api.example.net/v1/mails',
      PROVIDER_KEY: { secretKeyRef: { name: 'api', key: 'key' } },
      STANDBY_URL: { secretKeyRef: { name: 'smtp', key: 'url' } },
    });
  });

  test('keeps Pod Security restricted, on Linux, spread over nodes, one pod at a time', () => {
    const { spec } = made.deployment.spec.template;
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true });
    expect(made.container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.topologySpreadConstraints).toHaveLength(1);
    expect(one(made, 'PodDisruptionBudget').spec.maxUnavailable).toBe(1);
  });
});

describe('the network policy', () => {
  test('lets out to Redis in its namespace and to the provider outside, but to no link-local address', () => {
    const [toRedis, toProvider, ...others] = egress(make({ redis: { ...redis, namespace: 'data', port: 6380 } }));
    expect(others).toEqual([]);
    expect(toRedis).toMatchObject({
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'data' } } }],
      ports: [{ port: 6380 }],
    });
    expect(toProvider).toMatchObject({
      to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } }],
      ports: [{ port: 465 }],
    });
  });

  test('an HTTP provider by the port of its address; one in the cluster by its namespace', () => {
    const of = (url: string, namespace?: string) =>
      egress(make({ provider: SenderProvider.http({ url, key: secret('api', 'key'), namespace }) }))[1];
    expect(of('https://api.example.net/x').ports[0].port).toBe(443);
    expect(of('https://api.example.net:8443/x').ports[0].port).toBe(8443);
    expect(of('http://relay.mail/x', 'mail')).toMatchObject({
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'mail' } } }],
      ports: [{ port: 80 }],
    });
  });

  test('lets Prometheus in, and nobody else', () => {
    expect(one(made, 'NetworkPolicy').spec.ingress).toEqual([
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
        ports: [{ protocol: 'TCP', port: 9464 }],
      },
    ]);
  });
});

describe('what is live does not depend on where it stands', () => {
  test('two installations have a queue each; a construct that is renamed keeps its own by name', () => {
    expect(make({}, 'Mailing', 'other').sender.queueName).not.toBe(made.sender.queueName);
    expect(make({ queueName: made.sender.queueName }, 'Letters').sender.queueName).toBe(made.sender.queueName);
  });

  test('the runbooks name the keys in Redis', () => {
    const rules: Manifest[] = one(made, 'PrometheusRule').spec.groups[0].rules;
    const runbook = (name: string) => rules.find(({ alert }) => alert === name).annotations.runbook;
    expect(runbook('SenderPaused')).toContain("'{shop/shop/Mailing:{{ $labels.provider }}}:bucket' paused");
    expect(runbook('SenderRefused')).toContain("'{shop/shop/Mailing:provider}:bucket' paused 1");
  });
});

describe('alerts', () => {
  const knob = (given: Partial<RateLimitedSenderProps>, name: string) => make(given).sender.plan.value(name);

  test('what waits is too much from where the promise breaks', () => {
    const most = value('alarmBacklog');
    expect(most / value('messagesPerSecond')).toBeGreaterThan(0.97 * 7200);
    expect(most / value('messagesPerSecond')).toBeLessThan(1.03 * 7200);
  });

  test('nothing is promised without a time: what waits is then no alert', () => {
    const { sender, ...all } = make({ objective: {} });
    expect(sender.plan.knobs.some(({ name }) => name === 'alarmBacklog')).toBe(false);
    expect(JSON.stringify(one(all, 'PrometheusRule'))).not.toContain('SenderBacklog');
  });

  test('a rate of one in ten minutes is watched over hours, not over five minutes', () => {
    const slow = {
      workload: { campaignMessages: 10, callSeconds: 0.15 },
      objective: {},
      limit: { perSecond: 1 / 600 },
    };
    expect(knob(slow, 'alarmWindowSeconds')).toBeGreaterThan(3600);
    expect(value('alarmWindowSeconds')).toBe(300);
  });

  test('the share that is refused for good is that of the objective', () => {
    expect(value('alarmRefusedRatio')).toBe(0.05);
    expect(
      knob(
        { objective: { bounceRatio: 0.02 }, workload: { ...MAILING.workload, undeliverableRatio: 0.01 } },
        'alarmRefusedRatio',
      ),
    ).toBe(0.02);
  });

  test('the share that is refused is of as many calls as the pause wants, however slow the provider is', () => {
    const slow = make({
      workload: { campaignMessages: 1000, callSeconds: 0.15 },
      objective: {},
      limit: { perSecond: 0.05 },
    }).sender.plan;
    for (const plan of [made.sender.plan, slow]) {
      const calls = plan.value('alarmRefusedWindowSeconds') * plan.value('messagesPerSecond');
      expect(calls).toBeGreaterThanOrEqual(2 * plan.value('pauseLeastMessages') * (1 - 1e-3));
    }
    expect(value('alarmRefusedWindowSeconds')).toBe(value('alarmWindowSeconds'));
    expect(slow.value('alarmRefusedWindowSeconds')).toBe(slow.value('pauseWindowSeconds'));
  });

  test('the plan has no knob of Amazon SQS, SES or Lambda', () => {
    for (const name of ['pauseAtComplaintRatio', 'retentionSeconds', 'maxReceiveCount', 'functionTimeoutSeconds'])
      expect([name, made.sender.plan.knobs.some((one) => one.name === name)]).toEqual([name, false]);
  });
});

describe('all pause by themselves', () => {
  const pauseOf = (all: Written) => JSON.parse(variables(all as Made).LANES).map(({ pause }: Manifest) => pause);

  test('at the share of the plan, which is that of AWS, over as long, and not by chance', () => {
    const numbers = { ratio: 0.05, leastMessages: 535, windowSeconds: 3600 };
    expect(pauseOf(made)).toEqual([numbers]);
    const onLambda = planRates('Mailing', { ...MAILING, sender: 'lambda' });
    const aws = onLambda.withKnobs(senderAlarmKnobs(onLambda));
    expect([aws.value('pauseAtBounceRatio'), aws.value('alarmReputationSeconds')]).toEqual([
      value('pauseAtBounceRatio'),
      value('pauseWindowSeconds'),
    ]);
    expect(value('alarmRefusedRatio')).toBe(value('pauseAtBounceRatio'));
    // ln 10⁶ ÷ (0.05 ln(0.05 ÷ 0.015) + 0.95 ln(0.95 ÷ 0.985)).
    expect(value('pauseLeastMessages')).toBe(535);
  });

  test('both providers; a cleaner list says something sooner, and a closer one later', () => {
    expect(pauseOf(two)).toEqual([expect.objectContaining({ ratio: 0.05 }), expect.objectContaining({ ratio: 0.05 })]);
    const least = (undeliverableRatio: number) =>
      make({ workload: { ...MAILING.workload, undeliverableRatio } }).sender.plan.value('pauseLeastMessages');
    expect([least(0), least(0.001), least(0.04)]).toEqual([100, 100, 11424]);
  });

  test('unless they are told not to', () => {
    expect(pauseOf(make({ breaker: false }))).toEqual([undefined]);
  });
});

describe('refusals', () => {
  test('a campaign that is late', () => {
    expect(refused({ objective: { completeSeconds: 3600 } })).toBeInstanceOf(CapacityError);
  });

  test('every failure at once', () => {
    const error = refused({
      from: 'nobody',
      queueName: 'a b',
      redis: { host: 're dis', tls: false, certificateAuthority: secret('a', 'b'), namespace: 'x', cidr: '10.0.0.0/8' },
      provider: SenderProvider.http({ url: 'http://api.example.net/', key: secret('Api', 'key'), header: 'a b' }),
      standby: { limit: { perSecond: 1 }, provider: SenderProvider.smtp({ connection: secret('s', 'url'), port: 0 }) },
      onUnknown: 'shrug',
      objective: { complaintRatio: 0.001 },
      monitoringNamespace: 'A',
    });
    expect(error).toBeInstanceOf(InvalidInputError);
    for (const part of [
      "from must be an address, alone or as Name <address>, got 'nobody'",
      'queueName must be 1 to 200',
      'redis.host must be',
      'redis.namespace and redis.cidr must not be given together',
      'redis.certificateAuthority needs tls, got tls false',
      'provider.url must be an https address',
      'provider.key.secretName must be',
      'provider.header must be the name of a header',
      'standby.provider.port must be a whole number',
      'onUnknown must be one of park, send',
      'objective.complaintRatio is for Amazon SES',
      'monitoringNamespace must be',
    ])
      expect(error.message).toContain(part);
  });

  test('a provider that is none, and no props at all', () => {
    expect(refused({ provider: {} }).message).toContain('a SenderProvider: SenderProvider.smtp()');
    expect(() => new RateLimitedSender(emptyChart(), 'Mailing', {} as never)).toThrow(InvalidInputError);
  });
});
