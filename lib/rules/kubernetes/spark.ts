import type { Resource } from '../document';
import type { Rule } from '../rule';
import type { Manifests } from './read/manifests';

/** Rules about applications of the Spark operator. */
export const SPARK_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-SPARK-006',
    title: 'A stream is not started again',
    why: 'A stream has no end: whatever ends its driver is a failure, and without a restart policy the operator leaves it there. The topic fills, and what is past its retention is lost.',
    source: 'Spark operator, SparkApplication: restartPolicy, Never unless set',
    severity: 'error',
    cases: [3],
    *check(manifests) {
      for (const application of manifests.ofType('sparkoperator.k8s.io/SparkApplication')) {
        const policy = application.at('spec', 'restartPolicy', 'type');
        const ends = policy.absent || policy.text() === 'Never';
        if (!ends || !readsStream(manifests, application)) continue;
        yield {
          at: policy,
          message: `restartPolicy ${policy.absent ? 'is not set, which is Never' : 'Never'}, and its script reads a stream: a driver that ends is not started again`,
          fix: 'set restartPolicy.type to Always, with onFailureRetryInterval and onSubmissionFailureRetryInterval',
        };
      }
    },
  },
];

/** Whether a script of a ConfigMap that the application mounts reads a stream. */
function readsStream(manifests: Manifests, application: Resource): boolean {
  const file = application.at('spec', 'mainApplicationFile').text()?.split('/').pop();
  return application
    .at('spec', 'volumes')
    .items()
    .map((volume) => manifests.beside(application, 'ConfigMap', volume.at('configMap', 'name').text()))
    .some((map) => {
      const script = file === undefined ? undefined : map?.at('data', file).text();
      return script !== undefined && /\breadStream\b/.test(script);
    });
}
