import { Testing } from 'cdk8s';
import { DeliveryChart } from '../../../charts/delivery';
import { testAlerts } from './rules';

const chart = new DeliveryChart(Testing.app(), 'delivery');
const at = (knob: string) => chart.runners.plan.value(knob);
const of = (name: string) => `${name}{namespace="arc-systems",exported_namespace="delivery",name="delivery"}`;
/** Minutes after which an alert that holds has fired. */
const held = (knob: string) => Math.ceil(at(knob) / 60) + 1;
const most = at('maxRunners');
const waiting = (more: number) => ({
  [of('gha_assigned_jobs')]: `${10 + at('alarmWaitingJobs') + more}x60`,
  [of('gha_running_jobs')]: '10x60',
});

testAlerts('delivery', {
  manifests: Testing.synth(chart),
  neighbour: new DeliveryChart(Testing.app(), 'delivery', { namespace: 'other' }),
  cases: [
    {
      alert: 'CiJobsWait',
      when: 'one more waits than the promise allows',
      series: waiting(1),
      atMinute: held('alarmWaitingSeconds'),
      fires: true,
    },
    {
      alert: 'CiJobsWait',
      when: 'as many wait',
      series: waiting(0),
      atMinute: held('alarmWaitingSeconds'),
      fires: false,
    },
    { alert: 'CiJobsWait', when: 'they wait for a minute only', series: waiting(1), atMinute: 1, fires: false },
    {
      alert: 'CiRunnersSaturated',
      when: 'every runner has a job',
      series: { [of('gha_assigned_jobs')]: `${most}x60` },
      atMinute: held('alarmSaturatedSeconds'),
      fires: true,
    },
    {
      alert: 'CiRunnersSaturated',
      when: 'one is left, and idle ones make up the maximum',
      series: { [of('gha_assigned_jobs')]: `${most - 1}x60`, [of('gha_desired_runners')]: `${most}x60` },
      atMinute: held('alarmSaturatedSeconds'),
      fires: false,
    },
    {
      alert: 'CiRunnersFailed',
      when: 'one failed',
      series: { [of('gha_controller_failed_ephemeral_runners')]: '1x60' },
      atMinute: held('alarmFailedSeconds'),
      fires: true,
    },
    {
      alert: 'CiRunnersFailed',
      when: 'none did',
      series: { [of('gha_controller_failed_ephemeral_runners')]: '0x60' },
      atMinute: held('alarmFailedSeconds'),
      fires: false,
    },
    {
      alert: 'CiListenerMissing',
      when: 'nothing is known of it',
      series: {},
      atMinute: held('alarmDownSeconds'),
      fires: true,
    },
    {
      alert: 'CiListenerMissing',
      when: 'it reports that nothing is to be done',
      series: { [of('gha_assigned_jobs')]: '0x60' },
      atMinute: held('alarmDownSeconds'),
      fires: false,
    },
  ],
});
