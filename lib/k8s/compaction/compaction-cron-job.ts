/** Runs on delta-rs: a `CronJob` without Spark. */
import { Cron, Duration as Seconds, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { mountTemporary, onLinux, refuseSharedPaths, restrictedContainer, restrictedPod } from '../restricted-pod';
import { scriptsConfigMap } from '../script';
import type { ContinuousCompactionProps } from './compaction-props';
import { type CompactionRun, runArguments, SCRIPTS } from './compaction-run';

const CPU_MILLIS = 1000;

/** Makes the `CronJob`. */
export function compactionCronJob(
  scope: Construct,
  props: ContinuousCompactionProps,
  run: CompactionRun,
): kplus.CronJob {
  const { plan, starts } = run;
  const script = scriptsConfigMap(scope, 'Script', 'compaction', ['compact.py', 'decide.py']);
  const seconds = (knob: string) => Seconds.seconds(plan.value(knob));
  const cronJob = new kplus.CronJob(scope, 'CronJob', {
    metadata: { name: run.name },
    podMetadata: { labels: run.labels },
    securityContext: restrictedPod(),
    serviceAccount: run.serviceAccount,
    automountServiceAccountToken: false,
    terminationGracePeriod: seconds('terminationGracePeriodSeconds'),
    schedule: new Cron({ minute: starts.minutes, hour: starts.hours }),
    timeZone: 'Etc/UTC',
    // Two runs at once would give up each other's partitions.
    concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
    startingDeadline: seconds('startingDeadlineSeconds'),
    successfulJobsRetained: 1,
    failedJobsRetained: 3,
    restartPolicy: kplus.RestartPolicy.NEVER,
    backoffLimit: 1,
    activeDeadline: seconds('runDeadlineSeconds'),
    containers: [containerOf(scope, props, run)],
  });
  const volumes = new Construct(scope, 'Volumes');
  const [container] = cronJob.containers;
  container.mount(SCRIPTS, kplus.Volume.fromConfigMap(volumes, 'Script', script));
  mountTemporary(volumes, container);
  refuseSharedPaths(scope, cronJob);
  onLinux(cronJob);
  return cronJob;
}

function containerOf(scope: Construct, props: ContinuousCompactionProps, run: CompactionRun): kplus.ContainerProps {
  const memory = Size.mebibytes(run.plan.value('memoryMiB'));
  const cpu = kplus.Cpu.millis(CPU_MILLIS * run.plan.value('workers'));
  const texts = Object.entries(props.environment ?? {}).map(
    ([name, text]) => [name, kplus.EnvValue.fromValue(text)] as const,
  );
  return {
    name: 'compaction',
    image: props.image,
    command: ['python', `${SCRIPTS}/compact.py`],
    args: [...runArguments(props, run), '--namespace=$(NAMESPACE)'],
    envVariables: {
      ...Object.fromEntries(texts),
      NAMESPACE: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_NAMESPACE),
      // The root file system is read-only.
      PYTHONDONTWRITEBYTECODE: kplus.EnvValue.fromValue('1'),
    },
    envFrom:
      props.storeSecret === undefined
        ? undefined
        : [kplus.Env.fromSecret(kplus.Secret.fromSecretName(scope, 'StoreSecret', props.storeSecret))],
    // What a run cannot have of the CPU makes it longer than planned.
    resources: { cpu: { request: cpu, limit: cpu }, memory: { request: memory, limit: memory } },
    securityContext: restrictedContainer(),
  };
}
