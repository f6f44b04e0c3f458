/** The rating jobs of case 20 on a compute environment that is imported: the smallest fair share on AWS. */
import { FargateComputeEnvironment } from 'aws-cdk-lib/aws-batch';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import type { FairShareProps } from '../../lib/aws/shares/fair-share-props';
import { RATING_ON_BATCH } from '../../lib/cases/case-20-tenant-starvation';

/** The ARN of the compute environment. */
export const ENVIRONMENT = 'arn:aws:batch:eu-central-1:111122223333:compute-environment/there';

/** Props. The compute environment is imported into `scope`, where it may be already. */
export function ratingJobs(
  scope: Construct,
): FairShareProps & Required<Pick<FairShareProps, 'image' | 'computeEnvironment'>> {
  const { maxvCpus, tenants, objective } = RATING_ON_BATCH;
  const there = scope.node.tryFindChild('There') as FargateComputeEnvironment | undefined;
  return {
    maxvCpus,
    tenants: [...tenants],
    objective,
    image: ContainerImage.fromRegistry('public.ecr.aws/docker/library/example-rating:1.0.0'),
    computeEnvironment:
      there ?? FargateComputeEnvironment.fromFargateComputeEnvironmentArn(scope, 'There', ENVIRONMENT),
  };
}
