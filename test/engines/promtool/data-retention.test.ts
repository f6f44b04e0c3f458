import { Testing } from 'cdk8s';
import { DataRetentionChart } from '../../../charts/data-retention';
import { testAlerts } from './rules';

const chart = new DataRetentionChart(Testing.app(), 'data-retention');
const { plan, report, backfill } = chart.events;
const of = (name: string) =>
  `ttl_collection_${name}{namespace="data-retention",job="${report.name}",collection="events"}`;
const at = (knob: string) => plan.value(knob);
/** Weeks, in steps of as many minutes. */
const STEP = 4;
const minutes = (knob: string) => Math.ceil(at(knob) / 60);
const steps = (knob: string) => Math.ceil(minutes(knob) / STEP);
const failed = `kube_job_status_failed{namespace="data-retention",job_name="${backfill.name}",reason="Evicted"}`;
const settled = minutes('backfillDeadlineSeconds') + minutes('drainSeconds');
const large = `${at('sizeAlarmBytes') + 1}`;

testAlerts('data-retention', {
  manifests: Testing.synth(chart),
  neighbour: new DataRetentionChart(Testing.app(), 'data-retention', { namespace: 'other' }),
  cases: [
    {
      alert: 'TtlCollectionTooLarge',
      when: 'it is above its steady size after backfill and drain',
      series: { [of('used_bytes')]: `${large}x${Math.ceil(settled / STEP) + 10}` },
      stepMinutes: STEP,
      atMinute: settled + 5 * STEP,
      fires: true,
    },
    {
      alert: 'TtlCollectionTooLarge',
      when: 'what was too old still drains',
      series: { [of('used_bytes')]: `${large}x${Math.ceil(settled / STEP) + 10}` },
      stepMinutes: STEP,
      atMinute: settled - 60,
      fires: false,
    },
    {
      alert: 'TtlCollectionTooLarge',
      when: 'its files keep the size that it had once, and what was deleted is free in them',
      series: {
        [of('disk_bytes')]: `${large}x${Math.ceil(settled / STEP) + 10}`,
        [of('used_bytes')]: `${at('sizeAlarmBytes')}x${Math.ceil(settled / STEP) + 10}`,
      },
      stepMinutes: STEP,
      atMinute: settled + 5 * STEP,
      fires: false,
    },
    {
      alert: 'TtlDeletionLag',
      when: 'a document outlives its date',
      series: { [of('deletion_lag_seconds')]: `0+60x200` },
      atMinute: 180,
      fires: true,
    },
    {
      alert: 'TtlDeletionLag',
      when: 'the server is a minute behind, as it always is',
      series: { [of('deletion_lag_seconds')]: '60x200' },
      atMinute: 180,
      fires: false,
    },
    {
      alert: 'TtlDocumentsNeverExpire',
      when: 'a writer does not set the date',
      series: { [of('unexpiring_documents')]: '3x120' },
      atMinute: 100,
      fires: true,
    },
    {
      alert: 'TtlDocumentsNeverExpire',
      when: 'every document has one',
      series: { [of('unexpiring_documents')]: '0x120' },
      atMinute: 100,
      fires: false,
    },
    {
      alert: 'TtlIndexMissing',
      when: 'the backfill should have been done for long',
      series: { [of('index')]: `0x${steps('backfillDeadlineSeconds') + 10}` },
      stepMinutes: STEP,
      atMinute: minutes('backfillDeadlineSeconds') + 5 * STEP,
      fires: true,
    },
    {
      alert: 'TtlIndexMissing',
      when: 'the backfill is done as predicted',
      series: { [of('index')]: `0x${steps('backfillSeconds')} 1x${steps('backfillSeconds')}` },
      stepMinutes: STEP,
      atMinute: minutes('backfillSeconds') + 5 * STEP,
      fires: false,
    },
    { alert: 'TtlBackfillFailed', when: 'a try failed', series: { [failed]: '0x3 1x10' }, atMinute: 6, fires: true },
    {
      alert: 'TtlBackfillFailed',
      when: 'a try failed, and the scrape renames the label',
      series: { [failed.replace('namespace=', 'namespace="monitoring",exported_namespace=')]: '0x3 1x10' },
      atMinute: 6,
      fires: true,
    },
    { alert: 'TtlBackfillFailed', when: 'none failed', series: { [failed]: '0x10' }, atMinute: 6, fires: false },
    {
      alert: 'TtlReportMissing',
      when: 'the last report is half a day old',
      series: { [of('reported_timestamp_seconds')]: '0x800' },
      atMinute: 700,
      fires: true,
    },
    { alert: 'TtlReportMissing', when: 'there never was one', series: {}, atMinute: 120, fires: true },
    {
      alert: 'TtlReportMissing',
      when: 'one comes every hour',
      series: { [of('reported_timestamp_seconds')]: '0x59 3600x59 7200x59 10800x59 14400x59' },
      atMinute: 280,
      fires: false,
    },
  ],
});
