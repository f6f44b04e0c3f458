/** Alerts and graphs of senders in pods, on the metrics of `lib/runtime/sender-container`. */
import type { RatesPlan } from '../../flow/rates/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { matching, startingWith } from '../promql';

/** Where the metrics of one sender come from. */
export interface SenderSeries {
  readonly namespace?: string;
  /** Name of the Deployment, with which the names of its pods begin. */
  readonly deployment: string;
  /** The beginning of the keys in Redis. */
  readonly queueName: string;
}

function metrics(plan: RatesPlan, { namespace, deployment }: SenderSeries) {
  const of = (name: string, over = '') =>
    `sender_${name}${matching({ namespace }, { pod: startingWith(deployment, '-.+') })}${over}`;
  const range = (window: string) => `[${plan.value(window)}s]`;
  // Every pod reports the queue that they share.
  const shared = (name: string) => `max(${of(name)})`;
  const counted = (name: string, window = 'alarmWindowSeconds') =>
    `sum(increase(${of(`${name}_total`, range(window))}))`;
  return { of, shared, range, counted };
}

/** The alerts of a sender. */
export function senderAlerts(plan: RatesPlan, series: SenderSeries): Alert[] {
  const { of, shared, counted } = metrics(plan, series);
  const { queueName } = series;
  const value = (name: string) => plan.value(name);
  const hold = value('alarmHoldSeconds');
  const [refused, sent] = ['refused', 'sent'].map((name) => counted(name, 'alarmRefusedWindowSeconds'));
  const calls = `${refused} + ${sent}`;
  const has = (name: string) => plan.knobs.some((knob) => knob.name === name);
  return [
    {
      name: 'SenderPaused',
      expr: `max by (provider) (${of('paused')}) == 1`,
      forSeconds: 0,
      severity: 'critical',
      summary:
        'The bucket of {{ $labels.provider }} is closed, by the senders themselves or by hand: no mail leaves. Mails wait in the queue.',
      runbook: `redis-cli HGET '{${queueName}:{{ $labels.provider }}}:bucket' paused says why: so many calls were refused for good, or 1 for a pause by hand. Remove the addresses that do not exist, then resume: redis-cli HDEL '{${queueName}:{{ $labels.provider }}}:bucket' paused.`,
    },
    {
      name: 'SenderAway',
      expr: `${counted('away')} > ${value('alarmAway')}`,
      forSeconds: hold,
      severity: 'critical',
      summary: 'The provider takes nothing: its quota is used up, or it has stopped the account.',
      runbook:
        'Read the messages of the provider. Mails wait in the queue, or leave by the second provider. It is asked again by itself. If addresses or contents are the cause, pause before it comes back, as the page of RateLimitedSender says.',
    },
    {
      name: 'SenderThrottled',
      expr: `${counted('throttled')} > ${value('alarmThrottled')}`,
      forSeconds: hold,
      severity: 'warning',
      summary:
        'The provider refuses mails for their rate, although senders have slowed down. No mail is lost; they wait.',
      runbook:
        'Check whether others send by the same account (give limit.share), and whether its limit is what was given.',
    },
    {
      name: 'SenderRefused',
      // Of fewer calls the share says nothing, as for the pause.
      expr: `${refused} / (${calls}) > ${value('alarmRefusedRatio')} and (${calls}) >= ${value('pauseLeastMessages')}`,
      forSeconds: 0,
      severity: 'critical',
      summary: 'The provider refuses so many mails for good that it will review the account.',
      runbook: `Pause: redis-cli HSET '{${queueName}:provider}:bucket' paused 1. The copies in the quarantine say why in backpressure-reason: 5xx at RCPT means addresses that do not exist; remove them. Then resume: redis-cli HDEL with the same key and field.`,
    },
    {
      name: 'SenderMailsParked',
      expr: `${shared('quarantine_messages')} > ${value('alarmParked')}`,
      forSeconds: 0,
      severity: 'warning',
      summary: 'Mails were set aside in the quarantine, masked: perhaps sent, malformed, or refused for good.',
      runbook: `redis-cli LRANGE '{${queueName}:queue}:quarantine' 0 -1: backpressure-reason says why. perhaps sent: look for the id of the mail at the provider; if it did not leave, have the producer hand it over under a new id. malformed: repair the producer. Delete what is settled (LREM).`,
    },
    {
      name: 'SenderStuck',
      expr: `${shared('queue_due_messages')} > ${value('alarmDue')} and ${counted('sent')} == 0`,
      forSeconds: hold,
      severity: 'critical',
      summary: 'Mails may be sent, and none was.',
      runbook:
        'If SenderPaused, SenderAway or SenderStoreDown fires too, begin there. kubectl logs of the pods: not sent means that the provider is unreachable or refuses the password; EDNS, ECONNREFUSED and a time-out point to the network policy or the address.',
    },
    ...(has('alarmBacklog')
      ? [
          {
            name: 'SenderBacklog',
            expr: `${shared('queue_messages')} > ${value('alarmBacklog')}`,
            forSeconds: hold,
            severity: 'warning' as const,
            summary: `More than ${value('alarmBacklog')} mails wait: at the rate of the provider they do not leave in the time that is promised.`,
            runbook:
              'If another alert of the sender fires too, begin there. Otherwise more is handed over than was planned: raise the limit at the provider and give it as limit, or add a second provider.',
          },
        ]
      : []),
    {
      name: 'SenderSlotsMissed',
      expr: `${counted('slots_missed')} / ${counted('sent')} > ${value('alarmMissedRatio')}`,
      forSeconds: hold,
      severity: 'warning',
      summary: 'Senders are late for their slots: mails leave below the rate of the plan.',
      runbook:
        'Pods are short of CPU (container_cpu_cfs_throttled_periods_total): give more in resources. Or Redis answers late: look at its latency. Or calls take longer than callSeconds: measure them again.',
    },
    {
      name: 'SenderStoreDown',
      expr: `min(${of('store_up')}) == 0`,
      forSeconds: hold,
      severity: 'critical',
      summary: 'Redis does not answer a sender: no mail leaves.',
      runbook:
        'Check the Redis server, its password and certificate, and the network policy. A bucket that Redis lost starts anew; mails and records that it lost do not come back: have the producer hand over what has no event of the provider.',
    },
    {
      name: 'SenderDown',
      // No series is as bad as none.
      expr: `(count(${of('in_flight')}) or vector(0)) < ${value('senders')}`,
      forSeconds: value('alarmDownSeconds'),
      severity: 'warning',
      summary: `Fewer than the ${value('senders')} pods of the plan are there: mails leave below its rate.`,
      runbook:
        'kubectl describe pods: a pending pod waits for a node, one that restarts has its reason in kubectl logs --previous. If all are ready, Prometheus does not scrape them, and the other alerts are blind.',
    },
  ];
}

/** The graphs of a sender. */
export function senderGraphs(plan: RatesPlan, series: SenderSeries): Graph[] {
  const { of, shared, range } = metrics(plan, series);
  const rate = (name: string) => `sum(rate(${of(`${name}_total`, range('alarmWindowSeconds'))}))`;
  return [
    {
      title: 'Mails a second',
      unit: 'short',
      lines: [
        { legend: 'sent', expr: rate('sent') },
        { legend: 'refused for their rate', expr: rate('throttled') },
        { legend: 'slots missed', expr: rate('slots_missed') },
        { legend: 'rate of the plan', expr: `vector(${Number(plan.value('messagesPerSecond').toPrecision(6))})` },
      ],
    },
    {
      title: 'Mails that wait',
      unit: 'short',
      lines: [
        { legend: 'in the queue', expr: shared('queue_messages') },
        { legend: 'may be sent now', expr: shared('queue_due_messages') },
      ],
    },
    {
      title: 'Time until the queue is empty, at the rate of the plan',
      unit: 's',
      lines: [
        {
          legend: 'time',
          expr: `${shared('queue_messages')} / ${Number(plan.value('messagesPerSecond').toPrecision(6))}`,
        },
      ],
    },
    {
      title: 'Set aside, refused for good, and duplicates',
      unit: 'short',
      lines: [
        { legend: 'in the quarantine', expr: shared('quarantine_messages') },
        { legend: 'refused for good a second', expr: rate('refused') },
        { legend: 'duplicates a second', expr: rate('duplicate') },
      ],
    },
    {
      title: 'Share of the rate that is used',
      unit: 'percentunit',
      lines: [{ legend: '{{provider}}', expr: `max by (provider) (${of('rate_factor')})` }],
    },
  ];
}
