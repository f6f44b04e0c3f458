/** A function that reads the job queue at intervals: AWS Batch publishes no metric of a share. */
import { Duration } from 'aws-cdk-lib';
import type { IJobQueue } from 'aws-cdk-lib/aws-batch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { SharePolicyPlan } from '../../flow/shares/policy-workload';
import { RuntimeFunction } from '../runtime-function';
import { singleStart } from '../single-start';
import { acknowledgeWildcards } from '../wildcards';

/** The function, and the rule that starts it. */
export interface ShareSnapshot {
  readonly snapshotFunction: RuntimeFunction;
  readonly snapshotRule: Rule;
}

/** EventBridge API reference, PutRule. */
const LONGEST_DESCRIPTION = 512;

/** Makes the function. */
export function createSnapshot(scope: Construct, jobQueue: IJobQueue, plan: SharePolicyPlan): ShareSnapshot {
  const { path } = scope.node;
  const snapshotFunction = new RuntimeFunction(scope, 'Snapshot', {
    bundle: 'share-snapshot',
    description: `Reports the shares of ${path}`,
    timeout: Duration.seconds(plan.value('snapshotTimeoutSeconds')),
    environment: { JOB_QUEUE: jobQueue.jobQueueArn, SHARES: JSON.stringify(sharesOf(plan)) },
  });
  snapshotFunction.addToRolePolicy(
    new PolicyStatement({ actions: ['batch:GetJobQueueSnapshot'], resources: [jobQueue.jobQueueArn] }),
  );
  // Service authorization reference, AWS Batch: these take no resource.
  snapshotFunction.addToRolePolicy(
    new PolicyStatement({ actions: ['batch:DescribeJobs', 'batch:ListJobs'], resources: ['*'] }),
  );
  acknowledgeWildcards(
    snapshotFunction.role as Role,
    ['*'],
    'DescribeJobs and ListJobs of AWS Batch take no resource; they only read.',
  );
  const interval = Duration.seconds(plan.value('snapshotSeconds'));
  const snapshotRule = new Rule(scope, 'SnapshotRule', {
    description: `Reads the job queue of ${path}`.slice(0, LONGEST_DESCRIPTION),
    schedule: Schedule.rate(interval),
    // The next one is as good as a repeated one.
    targets: [singleStart(snapshotFunction, { maxEventAge: interval })],
  });
  return { snapshotFunction, snapshotRule };
}

/** What each tenant comes to, as the function reads it. */
function sharesOf({ tenants }: SharePolicyPlan): Record<string, { vcpus: number; job: number }> {
  const thousandths = (value: number) => Math.round(value * 1000) / 1000;
  return Object.fromEntries(
    tenants.map(({ name, nominalJobs, jobCpu }) => [name, { vcpus: thousandths(nominalJobs * jobCpu), job: jobCpu }]),
  );
}
