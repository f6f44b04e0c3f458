/** Whether a cluster of ECS publishes the metrics of its tasks. */
import { Annotations, Token } from 'aws-cdk-lib';
import { CfnCluster, type ICluster } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';

/** Warns where a cluster has no Container Insights, or where nobody knows. */
export function warnWithoutInsights(scope: Construct, cluster: ICluster, comesFromThere: string): void {
  const resource = cluster.node.defaultChild;
  if (resource === undefined) {
    Annotations.of(scope).addWarningV2(
      'Backpressure::container-insights',
      `${cluster.node.path} is imported, and whether it has Container Insights, from which ${comesFromThere} comes, cannot be read. The setting containerInsights must be enabled or enhanced in: aws ecs describe-clusters --clusters ${cluster.clusterName} --include SETTINGS; then acknowledge this warning`,
    );
    return;
  }
  if (!(resource instanceof CfnCluster) || Token.isUnresolved(resource.clusterSettings)) return;
  const settings = (resource.clusterSettings ?? []) as CfnCluster.ClusterSettingsProperty[];
  const insights = settings.find((setting) => setting.name === 'containerInsights')?.value ?? 'disabled';
  if (insights !== 'disabled') return;
  Annotations.of(scope).addWarningV2(
    'Backpressure::container-insights',
    `${cluster.node.path} has no Container Insights, from which ${comesFromThere} comes; give the cluster containerInsightsV2 ENABLED`,
  );
}
