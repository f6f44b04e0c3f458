/** The alerts of webhooks through Kafka: at the door, of the topic, and of the consumers. */
import { Testing } from 'cdk8s';
import { WebhooksChart } from '../../../charts/webhooks';
import { testAlerts } from './rules';
import { streamCases } from './stream-cases';

const chart = new WebhooksChart(Testing.app(), 'webhooks');
const { plan, service, stream } = chart.webhooks;
const own = `namespace="webhooks",pod="receiver-0",receiver="${service.name}"`;
const answers = (source: string, code: number) => `receiver_requests_total{${own},source="${source}",code="${code}"}`;
const refused = (reason: string) => `receiver_refused_total{${own},source="github",reason="${reason}"}`;
const deferred = `receiver_deferred_total{${own},source="github"}`;
const bucket = (le: string) => `receiver_publish_seconds_bucket{${own},le="${le}"}`;
/** Publishes of so many seconds at most, ten a minute, for half an hour. */
const publishes = (seconds: number) =>
  Object.fromEntries(
    ['1', '4', '6', '8', '10', '+Inf'].map((le) => [bucket(le), Number(le) < seconds ? '0x30' : '0+10x30']),
  );
const inSync = (partition: number) =>
  `kafka_topic_partition_in_sync_replica{namespace="kafka",strimzi_io_cluster="events",topic="webhooks.deliveries",partition="${partition}"}`;
const concurrency = `receiver_concurrency{${own}}`;
/** More of an hour than the alert lets pass, a minute. */
const many = Math.ceil(plan.value('alarmRefusedPerHour.github') / 60) + 10;

testAlerts('webhooks', {
  manifests: Testing.synth(chart),
  neighbour: new WebhooksChart(Testing.app(), 'webhooks', { namespace: 'other', clusterNamespace: 'other' }),
  cases: [
    {
      alert: 'WebhooksTurnedAway',
      when: 'one delivery was answered 503',
      series: { [answers('github', 503)]: '0x5 1x20' },
      atMinute: 7,
      fires: true,
    },
    {
      alert: 'WebhooksTurnedAway',
      when: 'a pod had more in work than it takes',
      series: { [answers('', 503)]: '0x5 40x20' },
      atMinute: 7,
      fires: true,
    },
    {
      alert: 'WebhooksTurnedAway',
      when: 'deliveries are accepted or refused',
      series: {
        [answers('github', 200)]: '0+600x20',
        [answers('github', 401)]: '0+5x20',
        [answers('github', 503)]: '2x20',
      },
      atMinute: 10,
      fires: false,
    },
    {
      alert: 'WebhooksTurnedAway',
      when: 'a stranger forges more than a secret is read again for',
      series: { [deferred]: '0+30x20', [answers('github', 503)]: '0x20' },
      atMinute: 10,
      fires: false,
    },
    {
      alert: 'WebhooksDeferred',
      when: 'a stranger forges more than a secret is read again for',
      series: { [deferred]: '0x5 1x20' },
      atMinute: 7,
      fires: true,
    },
    { alert: 'WebhooksDeferred', when: 'nobody does', series: { [deferred]: '2x20' }, atMinute: 10, fires: false },
    {
      alert: 'WebhookPublishSlow',
      when: 'brokers take longer than half of the patience',
      series: publishes(6),
      atMinute: 15,
      fires: true,
    },
    { alert: 'WebhookPublishSlow', when: 'they take a second', series: publishes(1), atMinute: 15, fires: false },
    {
      alert: 'WebhooksRefused',
      when: 'every delivery of a sender has a wrong signature',
      series: { [refused('bad-signature')]: `0+${many}x70`, [answers('github', 200)]: '0x70' },
      atMinute: 65,
      fires: true,
    },
    {
      alert: 'WebhooksRefused',
      when: 'as many forgeries come, and more is accepted',
      series: { [refused('bad-signature')]: `0+${many}x70`, [answers('github', 200)]: `0+${10 * many}x70` },
      atMinute: 65,
      fires: false,
    },
    {
      alert: 'WebhooksRefused',
      when: 'a forgery comes now and then, at night',
      series: { [refused('bad-signature')]: '0+1x70', [answers('github', 200)]: '0x70' },
      atMinute: 65,
      fires: false,
    },
    {
      alert: 'WebhooksRefused',
      when: 'senders hang up',
      series: { [refused('hung-up')]: `0+${many}x70`, [answers('github', 200)]: '0x70' },
      atMinute: 65,
      fires: false,
    },
    {
      alert: 'WebhookWritesRefused',
      when: 'a partition has one copy in sync',
      series: { [inSync(0)]: '3x20', [inSync(1)]: '3x4 1x16' },
      atMinute: 7,
      fires: true,
    },
    {
      alert: 'WebhookWritesRefused',
      when: 'a broker restarts',
      series: { [inSync(0)]: '3x20', [inSync(1)]: '3x4 2x16' },
      atMinute: 7,
      fires: false,
    },
    { alert: 'WebhookReceiverMissing', when: 'no receiver is read', series: {}, atMinute: 8, fires: true },
    { alert: 'WebhookReceiverMissing', when: 'one is', series: { [concurrency]: '80x20' }, atMinute: 8, fires: false },
    ...streamCases(stream, { namespace: 'webhooks', topic: 'webhooks.deliveries', group: 'webhooks' }),
  ],
});
