/**
 * The alerts of notifications: 36 hourly jobs of 300 s, so a job is silent after two hours and five minutes; two senders at
 * 95 mails a second, and half a million mails within two hours; a merger for each shard of a stream.
 */
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

/** A metric of one sender's pod. */
const ofPod = (name: string, pod = 1, more = '') =>
  `sender_${name}{namespace="notifications",pod="${chart.mailing.deployment.name}-66c9f-${pod}"${more}}`;
const ofProvider = (name: string) => ofPod(name, 1, ',provider="provider"');
const sending = chart.mailing.plan;
const mailHold = Math.ceil(sending.value('alarmHoldSeconds') / 60);
const window = Math.ceil(sending.value('alarmWindowSeconds') / 60);
const later = 2 * window + mailHold + 1;
/** So many a minute. */
const rising = (aMinute: number) => `0+${aMinute}x60`;
const SENT = Math.floor(60 * sending.value('messagesPerSecond'));
const throttledMost = sending.value('alarmThrottled');
const backlog = sending.value('alarmBacklog');

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
      alert: 'SenderPaused',
      when: 'a person has closed the bucket',
      series: { [ofProvider('paused')]: '0x10 1x50' },
      atMinute: 12,
      fires: true,
    },
    {
      alert: 'SenderPaused',
      when: 'it is open',
      series: { [ofProvider('paused')]: '0x60' },
      atMinute: 12,
      fires: false,
    },
    {
      alert: 'SenderAway',
      when: 'the provider takes nothing for longer than the hold',
      series: { [ofPod('away_total')]: rising(23) },
      atMinute: later,
      fires: true,
    },
    {
      alert: 'SenderAway',
      when: 'it was away once, an hour ago',
      series: { [ofPod('away_total')]: '0x2 23x57' },
      atMinute: 50,
      fires: false,
    },
    {
      alert: 'SenderThrottled',
      when: 'more than 1 % is refused for its rate',
      series: { [ofPod('throttled_total')]: rising(Math.ceil(throttledMost / window) + 2) },
      atMinute: later,
      fires: true,
    },
    {
      alert: 'SenderThrottled',
      when: 'a refusal a minute',
      series: { [ofPod('throttled_total')]: rising(1) },
      atMinute: later,
      fires: false,
    },
    {
      alert: 'SenderRefused',
      when: 'one mail of ten is refused for good',
      series: { [ofPod('refused_total')]: rising(SENT / 10), [ofPod('sent_total')]: rising((9 * SENT) / 10) },
      atMinute: window + 2,
      fires: true,
    },
    {
      alert: 'SenderRefused',
      when: 'the list is as clean as it was said to be',
      series: { [ofPod('refused_total')]: rising(15), [ofPod('sent_total')]: rising(985) },
      atMinute: window + 2,
      fires: false,
    },
    {
      alert: 'SenderRefused',
      when: 'so few were sent that the share says nothing',
      series: { [ofPod('refused_total')]: rising(10), [ofPod('sent_total')]: rising(90) },
      atMinute: window + 2,
      fires: false,
    },
    {
      alert: 'SenderRefused',
      when: 'nothing is sent',
      series: { [ofPod('refused_total')]: rising(0), [ofPod('sent_total')]: rising(0) },
      atMinute: window + 2,
      fires: false,
    },
    {
      alert: 'SenderMailsParked',
      when: 'one mail is in the quarantine',
      series: { [ofPod('quarantine_messages')]: '1x60' },
      atMinute: 2,
      fires: true,
    },
    {
      alert: 'SenderMailsParked',
      when: 'none is',
      series: { [ofPod('quarantine_messages')]: '0x60' },
      atMinute: 2,
      fires: false,
    },
    {
      alert: 'SenderStuck',
      when: 'mails may be sent, and none was',
      series: {
        [ofPod('queue_due_messages')]: '500x60',
        [ofPod('sent_total')]: '7000x60',
        [ofPod('sent_total', 2)]: '0x60',
      },
      atMinute: later,
      fires: true,
    },
    {
      alert: 'SenderStuck',
      when: 'the other pod sends',
      series: {
        [ofPod('queue_due_messages')]: '500x60',
        [ofPod('sent_total')]: '7000x60',
        [ofPod('sent_total', 2)]: rising(SENT),
      },
      atMinute: later,
      fires: false,
    },
    {
      alert: 'SenderStuck',
      when: 'there is nothing to send',
      series: { [ofPod('queue_due_messages')]: '0x60', [ofPod('sent_total')]: '7000x60' },
      atMinute: later,
      fires: false,
    },
    {
      alert: 'SenderBacklog',
      when: 'two campaigns were handed over',
      series: { [ofPod('queue_messages')]: `${backlog + 100_000}x60` },
      atMinute: mailHold + 2,
      fires: true,
    },
    {
      alert: 'SenderBacklog',
      when: 'one was, and both pods report it',
      series: { [ofPod('queue_messages')]: '500000x60', [ofPod('queue_messages', 2)]: '500000x60' },
      atMinute: mailHold + 2,
      fires: false,
    },
    {
      alert: 'SenderSlotsMissed',
      when: 'pods miss every third slot',
      series: { [ofPod('slots_missed_total')]: rising(SENT / 2), [ofPod('sent_total')]: rising(SENT) },
      atMinute: later,
      fires: true,
    },
    {
      alert: 'SenderSlotsMissed',
      when: 'they miss one of a hundred',
      series: { [ofPod('slots_missed_total')]: rising(SENT / 100), [ofPod('sent_total')]: rising(SENT) },
      atMinute: later,
      fires: false,
    },
    {
      alert: 'SenderStoreDown',
      when: 'Redis does not answer one of them',
      series: { [ofPod('store_up')]: '0x60', [ofPod('store_up', 2)]: '1x60' },
      atMinute: mailHold + 2,
      fires: true,
    },
    {
      alert: 'SenderStoreDown',
      when: 'it answers both',
      series: { [ofPod('store_up')]: '1x60', [ofPod('store_up', 2)]: '1x60' },
      atMinute: mailHold + 2,
      fires: false,
    },
    {
      alert: 'SenderDown',
      when: 'one of two pods is gone',
      series: { [ofPod('in_flight')]: '12x60' },
      atMinute: 20,
      fires: true,
    },
    {
      alert: 'SenderDown',
      when: 'nothing is scraped',
      series: {},
      atMinute: 20,
      fires: true,
    },
    {
      alert: 'SenderDown',
      when: 'both are there',
      series: { [ofPod('in_flight')]: '12x60', [ofPod('in_flight', 2)]: '12x60' },
      atMinute: 20,
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
