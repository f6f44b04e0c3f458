/** `ContinuousCompaction` with delta-rs, and the same objects by hand. */
import { createHash } from 'node:crypto';
import { ApiObject, type Chart, Cron, Duration, Names, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { COMPACTION_ON_K8S, SMALL_FILES } from '../../../lib/cases/case-17-continuous-cleanup';
import { startsOf } from '../../../lib/flow/compaction/clock';
import { planCompaction } from '../../../lib/flow/compaction/plan';
import { planArguments } from '../../../lib/flow/compaction/settings';
import type { CompactionPlan } from '../../../lib/flow/compaction/workload';
import { compactionAlerts, compactionGraphs } from '../../../lib/k8s/compaction/compaction-alerts';
import { ContinuousCompaction } from '../../../lib/k8s/compaction/continuous-compaction';
import {
  CONTAINER,
  NAMESPACE,
  networkPolicy,
  onLinux,
  POD,
  program,
  temporary,
  text,
  toAnywhere,
  toNamespace,
  type Watched,
  watch,
} from './k8s-parts';

interface Known {
  readonly plan: CompactionPlan;
  readonly data: Record<string, string>;
  readonly digest: string;
  /** With the name of the first installation in its expressions. */
  readonly watched: Watched;
  readonly job: string;
}

const PATH = 's3://lake/events';
const PUSH = 'http://pushgateway.monitoring:9091';
const IMAGE = 'registry.example.net/delta-rs:1.6.6';

function ours(chart: Chart, number: number): ContinuousCompaction {
  return new ContinuousCompaction(chart, `Events${number}`, {
    ...SMALL_FILES,
    path: PATH,
    image: IMAGE,
    pushGateway: PUSH,
  });
}

function known(chart: Chart): Known {
  const { plan, cronJob } = ours(chart, 0);
  const files = ['compact.py', 'decide.py'];
  const data = Object.fromEntries(files.map((file) => [file, program(`compaction/${file}`).toString('utf8')]));
  const series = { namespace: NAMESPACE, job: cronJob!.name };
  return {
    plan,
    data,
    digest: createHash('sha256').update(Object.values(data).join('\n')).digest('hex').slice(0, 8),
    watched: { alerts: compactionAlerts(plan, series), graphs: compactionGraphs(plan, series) },
    job: cronJob!.name,
  };
}

function byHand(chart: Chart, number: number, { plan, data, digest, watched, job }: Known): void {
  const scope = new Construct(chart, `Events${number}`);
  const labels = { 'backpressure/continuous-compaction': scope.node.addr };
  const serviceAccount = new kplus.ServiceAccount(scope, 'ServiceAccount', { automountToken: false });
  const script = new kplus.ConfigMap(scope, 'Script', {
    metadata: { name: `${Names.toDnsLabel(scope, { maxLen: 50, extra: ['script'] })}-${digest}` },
    immutable: true,
    data,
  });
  const name = Names.toDnsLabel(scope, { maxLen: 50 });
  const starts = startsOf(PATH, plan.value('intervalSeconds'));
  const seconds = (knob: string) => Duration.seconds(plan.value(knob));
  const memory = Size.mebibytes(plan.value('memoryMiB'));
  const cpu = kplus.Cpu.millis(1000);
  const knobs = Object.entries(planArguments(plan, starts.offsetMinutes)).map(([knob, value]) => `--${knob}=${value}`);
  const cronJob = new kplus.CronJob(scope, 'CronJob', {
    metadata: { name },
    podMetadata: { labels },
    securityContext: POD,
    serviceAccount,
    automountServiceAccountToken: false,
    terminationGracePeriod: seconds('terminationGracePeriodSeconds'),
    schedule: new Cron({ minute: starts.minutes, hour: starts.hours }),
    timeZone: 'Etc/UTC',
    concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
    startingDeadline: seconds('startingDeadlineSeconds'),
    successfulJobsRetained: 1,
    failedJobsRetained: 3,
    restartPolicy: kplus.RestartPolicy.NEVER,
    backoffLimit: 1,
    activeDeadline: seconds('runDeadlineSeconds'),
    containers: [
      {
        name: 'compaction',
        image: IMAGE,
        command: ['python', '/opt/compaction/compact.py'],
        args: [`--path=${PATH}`, ...knobs, `--push-gateway=${PUSH}`, `--job=${name}`, '--namespace=$(NAMESPACE)'],
        envVariables: {
          NAMESPACE: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_NAMESPACE),
          PYTHONDONTWRITEBYTECODE: text(1),
        },
        resources: { cpu: { request: cpu, limit: cpu }, memory: { request: memory, limit: memory } },
        securityContext: CONTAINER,
      },
    ],
  });
  const volumes = new Construct(scope, 'Volumes');
  const [container] = cronJob.containers;
  container.mount('/opt/compaction', kplus.Volume.fromConfigMap(volumes, 'Script', script));
  temporary(volumes, container);
  onLinux(ApiObject.of(cronJob), '/spec/jobTemplate/spec/template');
  networkPolicy(scope, labels, [toAnywhere(443), toNamespace('monitoring', 9091)]);
  watch(scope, watched, (query) => query.split(job).join(name));
}

const plan = (number: number) => planCompaction(`Events${number}`, COMPACTION_ON_K8S);

export const k8sCompaction = { ours, byHand, known, plan };
