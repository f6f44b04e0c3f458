/** `SpreadSchedule` of CronJobs, and the same objects by hand. */
import { ApiObject, type Chart, Cron, Duration, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { scheduleAlerts, scheduleGraphs } from '../../../lib/k8s/schedule/schedule-alerts';
import { SpreadSchedule } from '../../../lib/k8s/schedule/spread-schedule';
import type { Numbers } from '../numbers';
import {
  CONTAINER,
  NAMESPACE,
  networkPolicy,
  onLinux,
  POD,
  resources,
  temporary,
  type Watched,
  watch,
} from './k8s-parts';
import { numbersOf } from './parts';

interface Known {
  readonly numbers: Numbers;
  readonly minutes: readonly string[];
  readonly watched: Watched;
}

const IMAGE = 'shop/chores:1.4.2';
/** As many as case 4 has. Of the same names in each, because nothing is applied. */
const NAMES = Array.from({ length: 36 }, (_, index) => `chore-${index}`);

function ours(chart: Chart, number: number): SpreadSchedule {
  return new SpreadSchedule(chart, `Chores${number}`, {
    jobs: NAMES.map((name) => ({
      name,
      periodSeconds: 3600,
      durationSeconds: 300,
      image: IMAGE,
      command: ['run', name],
    })),
  });
}

function known(chart: Chart): Known {
  const { plan } = ours(chart, 0);
  return {
    numbers: numbersOf(plan),
    minutes: NAMES.map((name) => plan.job(name).expression.split(' ')[0]),
    watched: { alerts: scheduleAlerts(plan, NAMESPACE), graphs: scheduleGraphs(plan, NAMESPACE) },
  };
}

function byHand(chart: Chart, number: number, { numbers, minutes, watched }: Known): void {
  const scope = new Construct(chart, `Chores${number}`);
  const all = { 'backpressure/spread-schedule': scope.node.addr };
  const serviceAccount = new kplus.ServiceAccount(scope, 'ServiceAccount', { automountToken: false });
  for (const [index, name] of NAMES.entries()) {
    const cronJob = new kplus.CronJob(scope, `job-${name}`, {
      metadata: { name },
      podMetadata: { labels: { ...all, 'backpressure/egress': 'none' } },
      schedule: new Cron({ minute: minutes[index] }),
      timeZone: 'Etc/UTC',
      concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
      startingDeadline: Duration.seconds(numbers(`startingDeadlineSeconds.${name}`)),
      activeDeadline: Duration.seconds(numbers(`activeDeadlineSeconds.${name}`)),
      backoffLimit: 0,
      successfulJobsRetained: numbers('successfulJobsHistoryLimit'),
      failedJobsRetained: numbers('failedJobsHistoryLimit'),
      restartPolicy: kplus.RestartPolicy.NEVER,
      securityContext: POD,
      serviceAccount,
      automountServiceAccountToken: false,
      terminationGracePeriod: Duration.seconds(numbers('terminationGracePeriodSeconds')),
      containers: [
        { name: 'job', image: IMAGE, command: ['run', name], resources: resources(), securityContext: CONTAINER },
      ],
    });
    temporary(new Construct(scope, `volumes-${name}`), cronJob.containers[0]);
    const object = ApiObject.of(cronJob);
    onLinux(object, '/spec/jobTemplate/spec/template');
    const policy = {
      rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
    };
    object.addJsonPatch(JsonPatch.add('/spec/jobTemplate/spec/podFailurePolicy', policy));
  }
  networkPolicy(scope, all, []);
  watch(scope, watched);
}

export const k8sSchedule = { ours, byHand, known };
