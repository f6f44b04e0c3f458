/** The load test of a service as a `CronJob` that never begins by itself: somebody starts it where load may come. */
import { Cron, Duration, Names, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { ServicePlan } from '../../flow/services/workload';
import { stockImage } from '../images';
import { chartLabels, mountTemporary, onLinux, restrictedContainer, restrictedPod } from '../restricted-pod';

const SCRIPTS = '/opt/load-test';
/** A schedule is needed, and is not kept: the job is suspended. */
const NEVER_KEPT = Cron.annually();

/**
 * `kubectl create job --from=cronjob/<its name> <a name>` runs the script once; the job fails where the plan is missed.
 *
 * @param script the script, in `load-test.js`
 * @param target the address of the service
 */
export function loadJob(scope: Construct, script: kplus.ConfigMap, target: string, plan: ServicePlan): kplus.CronJob {
  const cronJob = new kplus.CronJob(scope, 'LoadJob', {
    metadata: { name: Names.toDnsLabel(scope, { maxLen: 50, extra: ['load'] }) },
    podMetadata: { labels: chartLabels(scope) },
    schedule: NEVER_KEPT,
    suspend: true,
    concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
    successfulJobsRetained: 1,
    failedJobsRetained: 1,
    restartPolicy: kplus.RestartPolicy.NEVER,
    // A second run of what missed the plan says nothing else.
    backoffLimit: 0,
    activeDeadline: Duration.seconds(plan.value('loadTestDeadlineSeconds')),
    securityContext: restrictedPod(),
    serviceAccount: new kplus.ServiceAccount(scope, 'LoadServiceAccount', { automountToken: false }),
    automountServiceAccountToken: false,
    containers: [
      {
        name: 'k6',
        image: stockImage('k6'),
        command: ['k6', 'run', '--no-usage-report', `${SCRIPTS}/load-test.js`],
        envVariables: { TARGET: kplus.EnvValue.fromValue(target), HOME: kplus.EnvValue.fromValue('/tmp') },
        resources: {
          // Without a limit: a generator that is throttled sends late, and the service would look quick.
          cpu: { request: kplus.Cpu.units(plan.value('loadTestCpu')) },
          memory: memory(plan),
        },
        securityContext: restrictedContainer(),
      },
    ],
  });
  const [container] = cronJob.containers;
  container.mount(SCRIPTS, kplus.Volume.fromConfigMap(scope, 'LoadScript', script), { readOnly: true });
  mountTemporary(cronJob, container);
  onLinux(cronJob);
  return cronJob;
}

function memory(plan: ServicePlan): kplus.MemoryResources {
  const size = Size.mebibytes(Math.ceil(plan.value('loadTestMemoryBytes') / 2 ** 20));
  return { request: size, limit: size };
}
