import { Testing } from 'cdk8s';
import { ServicesChart } from '../../../charts/services';
import { testAlerts } from './rules';

const chart = new ServicesChart(Testing.app(), 'services');
const { plan, deployment } = chart.api;
const at = (knob: string) => plan.value(knob);
const pod = `${deployment.name}-5d4f8c7b9-x2v7q`;
const of = (name: string) => `gc_log_${name}{namespace="services",service="${deployment.name}",pod="${pod}"}`;
const container = (name: string, more = '') => `${name}{namespace="services",pod="${pod}",container="jvm"${more}}`;
/** Minutes after which an alert that holds has fired. */
const held = Math.ceil(at('alarmHoldSeconds') / 60) + 10;
const minute = 60;
const bounded = (name: string) => chart.bounded.plan.value(name);
const gate = (name: string, more = '') =>
  `gate_${name}{namespace="services",service="${chart.bounded.service.name}"${more}}`;
const ofQuotes = (name: string) => `gate_${name}{namespace="services",service="${chart.quotes.service.name}"}`;
const ofQuotesPlan = (name: string) => chart.quotes.plan.value(name);
const limitHeld = Math.ceil(ofQuotesPlan('alarmBusySeconds') / 60) + 2;
/** Requests of which so many in a thousand are refused, of 600 a minute. */
const refused = (perThousand: number) => ({
  [gate('admitted_total')]: `0+${0.6 * (1000 - perThousand)}x60`,
  [gate('refused_total', ',reason="full"')]: `0+${0.6 * perThousand}x60`,
});
/** A histogram of 600 requests a minute, so many of which are later than promised. */
const late = (perMinute: number) => ({
  [gate('request_seconds_bucket', ',le="0.4"')]: `0+${600 - perMinute}x60`,
  [gate('request_seconds_bucket', ',le="0.8"')]: '0+600x60',
  [gate('request_seconds_bucket', ',le="+Inf"')]: '0+600x60',
});
const scaler = `keda_scaler_detail_errors_total{exported_namespace="services",scaledObject="${chart.bounded.scaledObject!.name}"}`;

const guard = chart.ordersReplica;
const planned = (knob: string) => guard.plan.value(knob);
const ofGuard = (name: string, more = '') =>
  `replica_guard_${name}{namespace="services",guard="${guard.deployment.name}",pod="guard-1"${more}}`;
const ofReplica = (name: string) => ofGuard(name, ',replica="orders-replica"');
/** Samples a minute apart. */
const throughout = `x${Math.ceil(planned('alarmThrottledSeconds') / 60) + 20}`;

testAlerts('services', {
  manifests: Testing.synth(chart),
  neighbour: new ServicesChart(Testing.app(), 'services', { namespace: 'other' }),
  cases: [
    { alert: 'ServiceSheds', when: 'two of a hundred are refused', series: refused(20), atMinute: 20, fires: true },
    { alert: 'ServiceSheds', when: 'one of a hundred is', series: refused(10), atMinute: 20, fires: false },
    {
      alert: 'ServiceSheds',
      when: 'a program that is away refuses them after they were admitted',
      series: {
        [gate('admitted_total')]: '0+600x60',
        [gate('refused_total', ',reason="away"')]: '0+12x60',
        [gate('refused_total', ',reason="full"')]: '0x60',
      },
      atMinute: 20,
      fires: true,
    },
    {
      alert: 'ServiceBusy',
      when: 'all slots but two of sixty are taken',
      series: { [gate('working')]: '58x60', [gate('slots')]: '60x60' },
      atMinute: Math.ceil(bounded('alarmBusySeconds') / minute) + 2,
      fires: true,
    },
    {
      alert: 'ServiceBusy',
      when: 'nine of ten are',
      series: { [gate('working')]: '54x60', [gate('slots')]: '60x60' },
      atMinute: 30,
      fires: false,
    },
    {
      alert: 'ServiceBusy',
      when: 'all slots that a limit leaves are taken',
      series: { [ofQuotes('working')]: '17x60', [ofQuotes('limit')]: '17x60', [ofQuotes('slots')]: '30x60' },
      atMinute: limitHeld,
      fires: true,
    },
    { alert: 'ServiceSlow', when: 'two of a hundred are late', series: late(12), atMinute: 20, fires: true },
    { alert: 'ServiceSlow', when: 'one of two hundred is', series: late(3), atMinute: 20, fires: false },
    { alert: 'ServiceUnread', when: 'no gate is read', series: { up: '0x30' }, atMinute: 10, fires: true },
    {
      alert: 'ServiceUnread',
      when: 'one of each service is',
      series: { [gate('slots')]: '30x30', [ofQuotes('slots')]: '30x30' },
      atMinute: 10,
      fires: false,
    },
    {
      alert: 'ServiceUnread',
      when: 'that of one service is, and none of the other',
      series: { [gate('slots')]: '30x30' },
      atMinute: 10,
      fires: true,
    },
    {
      alert: 'ServiceLimited',
      when: 'half of the program is lost',
      series: { [ofQuotes('limit')]: '17x60', [ofQuotes('slots')]: '30x60' },
      atMinute: limitHeld,
      fires: true,
    },
    {
      alert: 'ServiceLimited',
      when: 'it is back before the time is up',
      series: { [ofQuotes('limit')]: '17x8 30x60', [ofQuotes('slots')]: '30x60' },
      atMinute: limitHeld,
      fires: false,
    },
    {
      alert: 'ServiceLimited',
      when: 'the limit is three quarters of the slots',
      series: {
        [ofQuotes('limit')]: `${Math.ceil(ofQuotesPlan('alarmLimitRatio') * 30)}x60`,
        [ofQuotes('slots')]: '30x60',
      },
      atMinute: limitHeld,
      fires: false,
    },
    {
      alert: 'ServiceScalerBlind',
      when: 'KEDA fails for ten minutes',
      series: { [scaler]: '0+2x30' },
      atMinute: 20,
      fires: true,
    },
    { alert: 'ServiceScalerBlind', when: 'it does not', series: { [scaler]: '3x30' }, atMinute: 20, fires: false },
    {
      alert: 'JvmAllocationStall',
      when: 'one thread waited',
      series: { [of('stalls_total')]: '0x3 1x20' },
      atMinute: 5,
      fires: true,
    },
    {
      alert: 'JvmAllocationStall',
      when: 'none did',
      series: { [of('stalls_total')]: '7x20' },
      atMinute: 8,
      fires: false,
    },
    {
      alert: 'JvmPausesLong',
      when: 'two of a hundred are longer',
      series: { [of('pauses_total')]: '0+100x60', [of('long_pauses_total')]: '0+2x60' },
      atMinute: held,
      fires: true,
    },
    {
      alert: 'JvmPausesLong',
      when: 'one of two hundred is',
      series: { [of('pauses_total')]: '0+200x60', [of('long_pauses_total')]: '0+1x60' },
      atMinute: held,
      fires: false,
    },
    {
      alert: 'JvmCollectionSlow',
      when: 'each takes longer than half again the plan',
      series: { [of('cycles_total')]: '0+10x60', [of('cycle_seconds_total')]: `0+${11 * at('alarmCycleSeconds')}x60` },
      atMinute: held,
      fires: true,
    },
    {
      alert: 'JvmCollectionSlow',
      when: 'each takes as long as planned',
      series: { [of('cycles_total')]: '0+10x60', [of('cycle_seconds_total')]: `0+${10 * at('cycleSeconds')}x60` },
      atMinute: held,
      fires: false,
    },
    {
      alert: 'JvmAllocationAbovePlan',
      when: 'the rate is half again the plan',
      series: { [of('allocated_bytes_total')]: `0+${1.1 * minute * at('alarmAllocationBytesPerSecond')}x60` },
      atMinute: held,
      fires: true,
    },
    {
      alert: 'JvmAllocationAbovePlan',
      when: 'the rate is the planned peak',
      series: { [of('allocated_bytes_total')]: `0+${0.8 * minute * at('alarmAllocationBytesPerSecond')}x60` },
      atMinute: held,
      fires: false,
    },
    {
      alert: 'JvmLiveSetAbovePlan',
      when: 'more stays',
      series: { [of('live_bytes')]: `${Math.ceil(at('alarmLiveBytes')) + 1}x60` },
      atMinute: held,
      fires: true,
    },
    {
      alert: 'JvmLiveSetAbovePlan',
      when: 'as much stays as planned',
      series: { [of('live_bytes')]: '800000000x60' },
      atMinute: held,
      fires: false,
    },
    {
      alert: 'JvmMemoryNearLimit',
      when: 'the reserve is half used',
      series: { [container('container_memory_working_set_bytes')]: `${at('alarmMemoryBytes') + 1}x60` },
      atMinute: held,
      fires: true,
    },
    {
      alert: 'JvmMemoryNearLimit',
      when: 'every part is as large as planned',
      series: { [container('container_memory_working_set_bytes')]: `${at('memoryBytes') - 64 * 2 ** 20}x60` },
      atMinute: held,
      fires: false,
    },
    {
      alert: 'JvmContainerKilled',
      when: 'it was killed for its memory',
      series: {
        [container('kube_pod_container_status_restarts_total')]: '0x3 1x30',
        [container('kube_pod_container_status_last_terminated_reason', ',reason="OOMKilled"')]: '_x3 1x30',
      },
      atMinute: 5,
      fires: true,
    },
    {
      alert: 'JvmContainerKilled',
      when: 'it was killed an hour ago, and the reason is still told',
      series: {
        [container('kube_pod_container_status_restarts_total')]: '1x90',
        [container('kube_pod_container_status_last_terminated_reason', ',reason="OOMKilled"')]: '1x90',
      },
      atMinute: 60,
      fires: false,
    },
    {
      alert: 'JvmContainerKilled',
      when: 'it restarted for another reason',
      series: {
        [container('kube_pod_container_status_restarts_total')]: '0x3 1x30',
        [container('kube_pod_container_status_last_terminated_reason', ',reason="Error"')]: '_x3 1x30',
      },
      atMinute: 5,
      fires: false,
    },
    { alert: 'JvmLogMissing', when: 'a pod has no log', series: { [of('up')]: '0x60' }, atMinute: 20, fires: true },
    { alert: 'JvmLogMissing', when: 'no exporter answers', series: {}, atMinute: 20, fires: true },
    { alert: 'JvmLogMissing', when: 'the log is read', series: { [of('up')]: '1x60' }, atMinute: 20, fires: false },
    {
      alert: 'ReplicaLagHigh',
      when: 'a replica is beyond what the throttle bounds',
      series: { [ofReplica('lag_seconds')]: `${planned('alarmLagSeconds') + 0.1}x10` },
      atMinute: 3,
      fires: true,
    },
    {
      alert: 'ReplicaLagHigh',
      when: 'the throttle holds it at its target',
      series: { [ofReplica('lag_seconds')]: `${planned('targetLagSeconds') + 0.1}x10` },
      atMinute: 5,
      fires: false,
    },
    {
      alert: 'ReplicationStopped',
      when: 'a replica stands still',
      series: { [ofReplica('stopped')]: '1x10' },
      atMinute: 3,
      fires: true,
    },
    {
      alert: 'ReplicationStopped',
      when: 'it applies',
      series: { [ofReplica('stopped')]: '0x10' },
      atMinute: 5,
      fires: false,
    },
    {
      alert: 'ReplicaLagUnknown',
      when: 'nobody sees the replica',
      series: { [ofGuard('unknown')]: '1x10' },
      atMinute: 3,
      fires: true,
    },
    {
      alert: 'ReplicaLagUnknown',
      when: 'a start lasted half a minute',
      series: { [ofGuard('unknown')]: '1 0x10' },
      atMinute: 5,
      fires: false,
    },
    {
      alert: 'ReplicaHeartbeatStopped',
      when: 'the source takes none',
      series: { [ofGuard('heartbeat_age_seconds')]: '0+60x10' },
      atMinute: 4,
      fires: true,
    },
    {
      alert: 'ReplicaHeartbeatStopped',
      when: 'one is a second late',
      series: { [ofGuard('heartbeat_age_seconds')]: '1.5x10' },
      atMinute: 5,
      fires: false,
    },
    {
      alert: 'ReplicaWritersThrottled',
      when: 'they wait for longer than two peaks',
      series: { [ofGuard('throttled')]: `1${throughout}` },
      atMinute: Math.ceil(planned('alarmThrottledSeconds') / 60) + 2,
      fires: true,
    },
    {
      alert: 'ReplicaWritersThrottled',
      when: 'a planned peak has ended',
      series: { [ofGuard('throttled')]: `1x15 0${throughout}` },
      atMinute: Math.ceil(planned('alarmThrottledSeconds') / 60) + 2,
      fires: false,
    },
    {
      alert: 'ReplicaGuardDown',
      when: 'none answers',
      series: { [of('stalls_total')]: '0x20' },
      atMinute: 8,
      fires: true,
    },
    {
      alert: 'ReplicaGuardDown',
      when: 'one does',
      series: { [ofGuard('unknown')]: '0x20' },
      atMinute: 8,
      fires: false,
    },
  ],
});
