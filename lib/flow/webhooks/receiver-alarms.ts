/** The numbers of the alerts on a receiver in a cluster, each with its reason. */
import { chosenKnob, firstOneKnob, rateWindowKnob } from '../alarms';
import type { Knob, Plan } from '../plan';
import type { Workload } from '../queue/workload';
import { refusedWindowKnob, turnedAwayKnob } from './alarms';
import { type RefusedSource, refusedKnob } from './refused';

const PAGE = 'this library, docs/constructs/k8s-webhook-buffer.md';

/** What is compared with, how long a condition holds, and how often the receivers are read. */
export function receiverAlarmKnobs(plan: Plan, workload: Workload, sources: readonly RefusedSource[]): Knob[] {
  const publishTimeoutSeconds = plan.value('publishTimeoutSeconds');
  return [
    chosenKnob('scrapeSeconds', 30, 's', 'from one reading of a receiver to the next', PAGE),
    rateWindowKnob(),
    turnedAwayKnob(),
    firstOneKnob(
      'alarmDeferred',
      'deliveries',
      'a genuine one may be among them; nobody is paged, because anybody can forge as many',
      PAGE,
    ),
    chosenKnob('alarmPublishQuantile', 0.99, 'ratio', 'one sender in a hundred waits longer', PAGE),
    {
      name: 'alarmPublishSeconds',
      value: publishTimeoutSeconds / 2,
      unit: 's',
      formula: "half of the receiver's patience with the brokers: at all of it senders are turned away",
      inputs: { publishTimeoutSeconds },
      source: PAGE,
    },
    chosenKnob('alarmPublishHoldSeconds', 300, 's', 'a broker that restarts has new leaders by then', PAGE),
    chosenKnob('alarmInSyncSeconds', 60, 's', 'two readings of the exporter: as long no delivery is stored', PAGE),
    chosenKnob('alarmDownSeconds', 300, 's', 'a pod that starts has no reading yet', PAGE),
    refusedWindowKnob(),
    ...sources.map((source) => refusedKnob(workload, source, sources.length)),
  ];
}
