/** The alerts of streaming tenants: billing and devices fit into their shares, clicks is held back at its peak. */
import { Testing } from 'cdk8s';
import { StreamingTenantsChart } from '../../../charts/streaming-tenants';
import { testAlerts } from './rules';
import { streamCases } from './stream-cases';
import { compactionCases } from './streaming-tenants/compaction';

const chart = new StreamingTenantsChart(Testing.app(), 'streaming-tenants');
const { plan } = chart.quotas;
const series = (what: string, resource: string, user: string) =>
  `kafka_server_quota_${what}{namespace="kafka",strimzi_io_cluster="events",pod="events-broker-0",resource="${resource}",user="${user}"}`;
const throttle = (user: string) => series('throttle_time', 'Produce', user);
const written = series('byte_rate', 'Produce', 'clicks');
const read = series('byte_rate', 'Fetch', 'billing');
const partitions =
  'kafka_server_replicamanager_underreplicatedpartitions{namespace="kafka",strimzi_io_cluster="events",pod="events-broker-0"}';
const { producerByteRate, peakWaitSeconds } = plan.tenant('clicks');
/** Minutes for which clicks may be held back: its quarter of an hour, and until what waited is written. */
const foreseen = Math.ceil((900 + peakWaitSeconds) / 60);

const etl = chart.etl.pageViews.plan;
const driver = (name: string) =>
  `backpressure_etl_${name}{namespace="streaming-tenants",pod="page-views-driver",query="page-views"}`;
const minutes = (knob: string) => Math.ceil(etl.value(knob) / 60);
const [late, slow] = [minutes('alarmLateSeconds'), minutes('alarmSlowSeconds')];

testAlerts('streaming-tenants', {
  manifests: Testing.synth(chart),
  neighbour: new StreamingTenantsChart(Testing.app(), 'streaming-tenants', {
    namespace: 'other',
    clusterNamespace: 'other',
  }),
  cases: [
    ...compactionCases(chart.compaction),
    {
      alert: 'TenantThrottled',
      when: 'a tenant that fits into its share is held back',
      series: { [throttle('billing')]: '250x30' },
      atMinute: 12,
      fires: true,
    },
    {
      alert: 'TenantThrottled',
      when: 'it is not',
      series: { [throttle('billing')]: '0x30' },
      atMinute: 12,
      fires: false,
    },
    {
      alert: 'TenantThrottled',
      when: 'the one is that the plan holds back',
      series: { [throttle('clicks')]: '250x30' },
      atMinute: 12,
      fires: false,
    },
    {
      alert: 'TenantThrottledBeyondItsPeak',
      when: 'a flood is held back for longer than the peak and what waited of it',
      series: { [throttle('clicks')]: `250x${foreseen + 10}` },
      atMinute: foreseen + 2,
      fires: true,
    },
    {
      alert: 'TenantThrottledBeyondItsPeak',
      when: 'a peak is held back as long as foreseen',
      series: { [throttle('clicks')]: `250x${foreseen - 2} 0x30` },
      atMinute: foreseen + 2,
      fires: false,
    },
    {
      alert: 'TenantAboveItsShare',
      when: 'a broker takes more than the quota from a tenant',
      series: { [written]: `${2 * producerByteRate}x20` },
      atMinute: 8,
      fires: true,
    },
    {
      alert: 'TenantAboveItsShare',
      when: 'a broker gives more than the quota to a tenant',
      series: { [read]: `${2 * plan.tenant('billing').consumerByteRate}x20` },
      atMinute: 8,
      fires: true,
    },
    {
      alert: 'TenantAboveItsShare',
      when: 'a rate strays by as much as Kafka lets through',
      series: { [written]: `${Math.round(1.1 * producerByteRate)}x20` },
      atMinute: 8,
      fires: false,
    },
    {
      alert: 'KafkaUnderReplicated',
      when: 'a copy is missing',
      series: { [partitions]: '3x20' },
      atMinute: 8,
      fires: true,
    },
    { alert: 'KafkaUnderReplicated', when: 'none is', series: { [partitions]: '0x20' }, atMinute: 8, fires: false },
    {
      alert: 'KafkaQuotasUnseen',
      when: 'brokers are scraped and show nothing of users',
      series: { [partitions]: '0x90' },
      atMinute: 70,
      fires: true,
    },
    {
      alert: 'KafkaQuotasUnseen',
      when: 'they show it',
      series: { [written]: '1000x90' },
      atMinute: 70,
      fires: false,
    },
    {
      alert: 'StreamingEtlLate',
      when: 'records stay out of the table for longer than promised',
      series: { [driver('freshness_seconds')]: `${etl.value('freshnessSeconds') + 60}x60` },
      atMinute: late + 2,
      fires: true,
    },
    {
      alert: 'StreamingEtlLate',
      when: 'a planned restart makes them as old as predicted, and ends',
      series: {
        [driver('freshness_seconds')]:
          `200x5 ${Math.ceil(etl.predictions.oldestAfterRestartSeconds)}x${late - 2} 200x30`,
      },
      atMinute: late + 4,
      fires: false,
    },
    {
      alert: 'StreamingEtlUnseen',
      when: 'the driver is gone',
      series: { [driver('batch_seconds')]: '90x60' },
      atMinute: late + 2,
      fires: true,
    },
    {
      alert: 'StreamingEtlUnseen',
      when: 'it reports',
      series: { [driver('freshness_seconds')]: '200x60' },
      atMinute: late + 2,
      fires: false,
    },
    {
      alert: 'StreamingEtlSlow',
      when: 'batches are longer than the trigger interval',
      series: { [driver('batch_seconds')]: `${etl.value('triggerSeconds') + 10}x60` },
      atMinute: slow + 2,
      fires: true,
    },
    {
      alert: 'StreamingEtlSlow',
      when: 'they are as long as at the peak',
      series: { [driver('batch_seconds')]: `${etl.predictions.newestRecordSeconds}x60` },
      atMinute: slow + 2,
      fires: false,
    },
    {
      alert: 'StreamingEtlBehind',
      when: 'three batches wait',
      series: { [driver('offsets_behind')]: `${3 * etl.value('maxOffsetsPerTrigger')}x60` },
      atMinute: slow + 2,
      fires: true,
    },
    {
      alert: 'StreamingEtlBehind',
      when: 'as much waits as arrives during a batch',
      series: { [driver('offsets_behind')]: `${etl.predictions.recordsPerBatch}x60` },
      atMinute: slow + 2,
      fires: false,
    },
    {
      alert: 'StreamingEtlRecordsRejected',
      when: 'a record could not be read',
      series: { [driver('rejected_records_total')]: '0x5 1x30' },
      atMinute: 7,
      fires: true,
    },
    {
      alert: 'StreamingEtlRecordsRejected',
      when: 'the last one was long ago',
      series: { [driver('rejected_records_total')]: '3x30' },
      atMinute: 10,
      fires: false,
    },
    ...streamCases(chart.metrics.stream, {
      namespace: 'streaming-tenants',
      topic: 'devices.metrics',
      group: 'device-metrics',
    }),
  ],
});
