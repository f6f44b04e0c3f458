/** Runs on Spark: a `ScheduledSparkApplication`, of which the operator starts one at a time. */
import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { DELTA_SESSION } from '../../flow/delta-session';
import { scheduledSparkApplication } from '../operators/spark-operator';
import { namespaceOf } from '../promql';
import { UNDISTURBED } from '../restricted-pod';
import { scriptsConfigMap } from '../script';
import { bindSparkRole, SPARK_VERSION, SPARK_WRITABLE, sparkInnerPolicy, sparkPod, sparkRole } from '../spark-pods';
import type { ContinuousCompactionProps } from './compaction-props';
import { type CompactionRun, runArguments, SCRIPTS } from './compaction-run';

/** The application, and what its driver needs. */
export interface SparkRuns {
  readonly application: ApiObject;
  readonly role: ApiObject;
  readonly roleBinding: ApiObject;
  readonly innerPolicy: ApiObject;
}

/** Makes the runs. One that fails is not repeated: the next one does what is left. */
export function sparkRuns(scope: Construct, props: ContinuousCompactionProps, run: CompactionRun): SparkRuns {
  const { plan, starts, name, serviceAccount } = run;
  const script = scriptsConfigMap(scope, 'Script', 'compaction', ['compact.py', 'compact_spark.py', 'decide.py']);
  const { sparkVersion = SPARK_VERSION, sparkConf } = props.spark ?? {};
  const environment = {
    env: Object.entries(props.environment ?? {}).map(([key, value]) => ({ name: key, value })),
    ...(props.storeSecret !== undefined && { envFrom: [{ secretRef: { name: props.storeSecret } }] }),
  };
  const mounts = [{ name: 'scripts', mountPath: SCRIPTS, readOnly: true }];
  const namespace = namespaceOf(scope);
  const application = scheduledSparkApplication(scope, 'Application', name, {
    schedule: `${starts.minutes} ${starts.hours} * * *`,
    timeZone: 'Etc/UTC',
    // Two drivers on one table may lose commits.
    concurrencyPolicy: 'Forbid',
    successfulRunHistoryLimit: 1,
    failedRunHistoryLimit: 3,
    template: {
      type: 'Python',
      pythonVersion: '3',
      mode: 'cluster',
      image: props.image,
      imagePullPolicy: 'IfNotPresent',
      sparkVersion,
      mainApplicationFile: `local://${SCRIPTS}/compact_spark.py`,
      arguments: [...runArguments(props, run), ...(namespace === undefined ? [] : [`--namespace=${namespace}`])],
      sparkConf: { ...sparkConf, ...DELTA_SESSION },
      restartPolicy: { type: 'Never' },
      timeToLiveSeconds: plan.value('timeToLiveSeconds'),
      driver: {
        ...sparkPod(scope, 'driver', plan, run.labels, mounts),
        ...environment,
        serviceAccount: serviceAccount.name,
        annotations: { ...UNDISTURBED },
        terminationGracePeriodSeconds: plan.value('terminationGracePeriodSeconds'),
      },
      executor: {
        ...sparkPod(scope, 'executor', plan, run.labels, mounts),
        ...environment,
        instances: plan.value('executors'),
      },
      volumes: [{ name: 'scripts', configMap: { name: script.name } }, ...SPARK_WRITABLE],
    },
  });
  return {
    application,
    role: sparkRole(scope, name),
    roleBinding: bindSparkRole(scope, name, serviceAccount),
    innerPolicy: sparkInnerPolicy(scope, run.labels),
  };
}
