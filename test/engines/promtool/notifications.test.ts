/** The alerts of notifications: 36 hourly jobs of 300 s, so a job is silent after two hours and five minutes. */
import { Testing } from 'cdk8s';
import { NotificationsChart } from '../../../charts/notifications';
import { testAlerts } from './rules';

const chart = new NotificationsChart(Testing.app(), 'notifications');
const { plan } = chart.chores;
const HOUR = 60;
const silentMinutes = Math.ceil(plan.value('alarmSilenceSeconds.chore-07') / 60);
const most = plan.value('maxConcurrent');
const hold = Math.ceil(plan.value('alarmHoldSeconds') / 60);

const ofCronJob = (metric: string, name: string) =>
  `kube_cronjob_${metric}{namespace="notifications",cronjob="${name}"}`;
const ofRun = (metric: string, run: string, more = '') =>
  `kube_job_${metric}{namespace="notifications",job_name="${run}"${more}}`;
const renamed = (series: string) => series.replace('namespace=', 'namespace="monitoring",exported_namespace=');
const success = ofCronJob('status_last_successful_time', 'chore-07');
const created = ofCronJob('created', 'chore-07');
/** As many runs as that, each active for an hour. */
const active = (runs: number, of = (series: string) => series) =>
  Object.fromEntries(
    Array.from({ length: runs }, (_, i) => [of(ofRun('status_active', `chore-0${i + 1}-29000000`)), `1x${HOUR}`]),
  );
const every = (jobs: number, of = (series: string) => series) =>
  Object.fromEntries(plan.jobs.slice(0, jobs).map(({ name }) => [of(ofCronJob('created', name)), `0x${HOUR}`]));
const failed = ofRun('status_failed', 'chore-07-29000000', ',reason="BackoffLimitExceeded"');
const started = ofRun('status_start_time', 'chore-07-29000000');

const merging = chart.invalidations.plan;
const ofStream = (metric: string, stream = 'announcements:0') =>
  `coalescer_${metric}{namespace="notifications",stream="${stream}"}`;
const late = Math.ceil(merging.value('alarmLateSeconds') / 60);
const down = Math.ceil(merging.value('alarmDownSeconds') / 60);
const above = (knob: string) => `${merging.value(knob) + 1}x60`;
/** A counter that grows by so many a second for ten minutes, after one in which nothing happens. */
const storm = (perSecond: number) => `0x1 0+${60 * perSecond}x10 ${600 * perSecond}x48`;
/** Keys a second of the case with a second reader of its stream. */
const twoReaders =
  merging.predictions.eventsPerFlush / merging.predictions.cycleSeconds / merging.predictions.ratioWithOneMoreReader;

testAlerts('notifications', {
  manifests: Testing.synth(chart),
  neighbour: new NotificationsChart(Testing.app(), 'notifications', { namespace: 'other' }),
  cases: [
    {
      alert: 'ScheduledJobSilent',
      when: 'its last good run is more than two hours and a run ago',
      series: { [created]: '0x300', [success]: '0x300' },
      atMinute: silentMinutes + 2,
      fires: true,
    },
    {
      alert: 'ScheduledJobSilent',
      when: 'none ever ended well since it was made, and the scrape renames the label',
      series: { [renamed(created)]: '0x300' },
      atMinute: silentMinutes + 2,
      fires: true,
    },
    {
      alert: 'ScheduledJobSilent',
      when: 'one run failed, and the next one ended well',
      series: { [created]: '0x300', [success]: `0x119 7200x180` },
      atMinute: silentMinutes + 2,
      fires: false,
    },
    {
      alert: 'ScheduledJobFailed',
      when: 'a run failed an hour ago',
      series: { [failed]: '1x200', [started]: '0x200' },
      atMinute: HOUR,
      fires: true,
    },
    {
      alert: 'ScheduledJobFailed',
      when: 'the scrape renames the label',
      series: { [renamed(failed)]: '1x200', [renamed(started)]: '0x200' },
      atMinute: HOUR,
      fires: true,
    },
    {
      alert: 'ScheduledJobFailed',
      when: 'the run that failed is kept for its logs only',
      series: { [failed]: '1x200', [started]: '0x200' },
      atMinute: silentMinutes + 2,
      fires: false,
    },
    {
      alert: 'ScheduledJobFailed',
      when: 'a run by hand failed',
      series: {
        [failed.replace('29000000', 'by-hand')]: '1x200',
        [started.replace('29000000', 'by-hand')]: '0x200',
      },
      atMinute: HOUR,
      fires: false,
    },
    {
      alert: 'ScheduledRunsAboveMaximum',
      when: 'one more than planned is active for longer than the hold',
      series: active(most + 1),
      atMinute: hold + 2,
      fires: true,
    },
    {
      alert: 'ScheduledRunsAboveMaximum',
      when: 'as many as planned are active',
      series: active(most),
      atMinute: hold + 2,
      fires: false,
    },
    {
      alert: 'ScheduledRunsAboveMaximum',
      when: 'one ends while the next begins',
      series: active(most + 1),
      atMinute: hold - 1,
      fires: false,
    },
    {
      alert: 'ScheduledJobSuspended',
      when: 'it is suspended',
      series: { [ofCronJob('spec_suspend', 'chore-07')]: `1x${HOUR}` },
      atMinute: hold + 2,
      fires: true,
    },
    {
      alert: 'ScheduledJobSuspended',
      when: 'it is not',
      series: { [ofCronJob('spec_suspend', 'chore-07')]: `0x${HOUR}` },
      atMinute: hold + 2,
      fires: false,
    },
    {
      alert: 'ScheduledJobMissing',
      when: 'one of 36 is deleted',
      series: every(35),
      atMinute: hold + 2,
      fires: true,
    },
    { alert: 'ScheduledJobMissing', when: 'nothing reports about any', series: {}, atMinute: hold + 2, fires: true },
    {
      alert: 'ScheduledJobMissing',
      when: 'all of them are there',
      series: every(36),
      atMinute: hold + 2,
      fires: false,
    },
    {
      alert: 'ScheduledJobMissing',
      when: 'all of them are there, and the scrape renames the label',
      series: every(36, renamed),
      atMinute: hold + 2,
      fires: false,
    },
    {
      alert: 'InvalidationLate',
      when: 'an event waits for longer than promised',
      series: { [ofStream('oldest_event_seconds')]: above('alarmDelaySeconds') },
      atMinute: late + 2,
      fires: true,
    },
    {
      alert: 'InvalidationLate',
      when: 'one of another stream does',
      series: { [ofStream('oldest_event_seconds', 'announcements-2:0')]: above('alarmDelaySeconds') },
      atMinute: late + 2,
      fires: false,
    },
    {
      alert: 'InvalidationUnmerged',
      when: 'a second reader of the stream works through the storm of ten minutes',
      series: { [ofStream('keys_total')]: storm(twoReaders) },
      atMinute: 11,
      fires: true,
    },
    {
      alert: 'InvalidationUnmerged',
      when: 'as many are as the plan expects at the peak',
      series: { [ofStream('keys_total')]: storm(merging.predictions.keysPerSecond) },
      atMinute: 11,
      fires: false,
    },
    {
      alert: 'InvalidationStreamFilling',
      when: 'the stream is half full',
      series: { [ofStream('stream_length')]: above('alarmStreamLength') },
      atMinute: late + 2,
      fires: true,
    },
    {
      alert: 'InvalidationStreamFilling',
      when: 'it has what comes in a cycle',
      series: { [ofStream('stream_length')]: '6000x60' },
      atMinute: late + 2,
      fires: false,
    },
    {
      alert: 'InvalidationEventsDropped',
      when: 'the stream dropped some while the merger was down, which its first scrape says',
      series: { [ofStream('dropped_events')]: '_x10 7x50' },
      atMinute: 12,
      fires: true,
    },
    {
      alert: 'InvalidationEventsDropped',
      when: 'it dropped none',
      series: { [ofStream('dropped_events')]: '0x60' },
      atMinute: 30,
      fires: false,
    },
    {
      alert: 'InvalidationKeysSetAside',
      when: 'a key was set aside, for as long as it is',
      series: { [ofStream('aside_length')]: '0x10 1x50' },
      atMinute: 58,
      fires: true,
    },
    {
      alert: 'InvalidationKeysSetAside',
      when: 'none was',
      series: { [ofStream('aside_length')]: '0x60' },
      atMinute: 12,
      fires: false,
    },
    { alert: 'InvalidationMergerDown', when: 'no merger reports', series: {}, atMinute: down + 2, fires: true },
    {
      alert: 'InvalidationMergerDown',
      when: 'every shard has one',
      series: { [ofStream('stream_length')]: '0x60' },
      atMinute: down + 2,
      fires: false,
    },
  ],
});
