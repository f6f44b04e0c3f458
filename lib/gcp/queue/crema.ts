import { createHash } from 'node:crypto';
import * as cloudrunv2 from '@pulumi/gcp/cloudrunv2';
import * as parametermanager from '@pulumi/gcp/parametermanager';
import * as projects from '@pulumi/gcp/projects';
import * as serviceaccount from '@pulumi/gcp/serviceaccount';
import * as pulumi from '@pulumi/pulumi';
import type { QueuePlan } from '../../flow/queue/workload';
import { createAccount, memberOf } from '../run-service';
import type { AlertedSubscription } from './subscription-alerts';

/**
 * Image of CREMA by default. Its tags are moved to new builds; those of before 2026-04-29 leak memory. Source: CREMA,
 * README, image versioning.
 */
export const CREMA_IMAGE = 'us-central1-docker.pkg.dev/cloud-run-oss-images/crema-v1/autoscaler:1.2';
/** The image has no operating system of its own: Cloud Run puts it on this one. Source: CREMA, README, deploy. */
const CREMA_BASE_IMAGE = 'us-central1-docker.pkg.dev/serverless-runtimes/google-24/runtimes/java25';

/** One entry of `spec.scaledObjects`. */
export interface ScaledObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What is scaled, and on what. */
export interface ScaledPool {
  readonly pool: cloudrunv2.WorkerPool;
  readonly subscription: AlertedSubscription;
  /** A plan for `cloud-run-pool`. */
  readonly plan: QueuePlan;
}

/**
 * The entry of CREMA's configuration for one worker pool: an entry of `spec.scaledObjects`. Its trigger reads the metric by
 * a filter: KEDA's own scaler for Pub/Sub queries by MQL, which Google has deprecated.
 *
 * `cooldownPeriod`, `fallback` and `pollingInterval` are left out, because CREMA ignores them there.
 */
export function scaledObjectOf({ pool, subscription, plan }: ScaledPool): pulumi.Output<ScaledObject> {
  const value = (knob: string) => plan.value(knob);
  const policies = [{ type: 'Pods', value: value('maxInstances'), periodSeconds: value('scalingPolicyPeriodSeconds') }];
  return pulumi.all([pool.project, pool.location, pool.name, subscription.project, subscription.name]).apply(
    ([project, location, name, projectId, subscriptionId]): ScaledObject => ({
      spec: {
        scaleTargetRef: { name: `projects/${project}/locations/${location}/workerpools/${name}` },
        minReplicaCount: value('minInstances'),
        maxReplicaCount: value('maxInstances'),
        triggers: [
          {
            type: 'gcp-stackdriver',
            name: 'messages',
            metadata: {
              projectId,
              filter: `metric.type="pubsub.googleapis.com/subscription/num_undelivered_messages" AND resource.type="pubsub_subscription" AND resource.labels.subscription_id="${subscriptionId}"`,
              // KEDA reads every value of the metadata as text.
              targetValue: String(value('targetPerReplica')),
              filterDuration: String(value('metricWindowMinutes')),
            },
            authenticationRef: { name: IDENTITY },
          },
        ],
        advanced: {
          horizontalPodAutoscalerConfig: {
            behavior: {
              scaleUp: { stabilizationWindowSeconds: value('scaleUpStabilizationSeconds'), policies },
              scaleDown: { stabilizationWindowSeconds: value('scaleDownStabilizationSeconds'), policies },
            },
          },
        },
      },
    }),
  );
}

/** CREMA's own account is what it reads metrics as. */
const IDENTITY = 'identity';

/** What CREMA is told. */
function configOf(scaledObject: ScaledObject, pollingInterval: number) {
  return {
    apiVersion: 'crema/v1',
    kind: 'CremaConfig',
    spec: {
      triggerAuthentications: [{ metadata: { name: IDENTITY }, spec: { podIdentity: { provider: 'gcp' } } }],
      scaledObjects: [scaledObject],
      pollingInterval,
    },
  };
}

/** Inputs of the autoscaler of one worker pool. */
export interface CremaArgs extends ScaledPool {
  /** Prefix of its resources. */
  readonly name: string;
  readonly location: pulumi.Input<string>;
  readonly project?: pulumi.Input<string>;
  readonly image?: pulumi.Input<string>;
}

/** The autoscaler of one worker pool, as it was made. */
export interface Crema {
  /** The service that polls and sets the number of instances. */
  readonly service: cloudrunv2.Service;
  /** The account that it runs as. */
  readonly account: serviceaccount.Account;
  /** Where its configuration is. */
  readonly parameter: parametermanager.Parameter;
  /** The configuration. */
  readonly version: parametermanager.ParameterVersion;
}

/** Makes CREMA for one pool: account, configuration, service. What it may do to the pool is `grantScaling`. */
export function createCrema(parent: pulumi.Resource, args: CremaArgs): Crema {
  const { name, project, plan } = args;
  const account = createAccount(parent, { name, displayName: 'Sets the instances of a worker pool', project });
  const parameter = new parametermanager.Parameter(name, { parameterId: name, format: 'YAML', project }, { parent });
  // JSON is YAML.
  const data = scaledObjectOf(args).apply((one) =>
    JSON.stringify(configOf(one, plan.value('pollingIntervalSeconds')), null, 2),
  );
  const version = new parametermanager.ParameterVersion(
    name,
    {
      parameter: parameter.id,
      // A version cannot be changed, and a new one must be there before the old one goes: named after what it says.
      parameterVersionId: data.apply((text) => `v-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`),
      parameterData: data,
    },
    { parent },
  );
  const reading = allowReading(parent, name, account, parameter);
  const service = createCremaService(parent, args, account, version, reading);
  return { service, account, parameter, version };
}

/** To read its configuration and the metric, and to write what it asks for. Parameters have no policy of their own. */
function allowReading(
  parent: pulumi.Resource,
  name: string,
  account: serviceaccount.Account,
  { project }: parametermanager.Parameter,
): pulumi.Resource[] {
  const roles = {
    config: 'roles/parametermanager.parameterViewer',
    metrics: 'roles/monitoring.viewer',
    'own-metrics': 'roles/monitoring.metricWriter',
  };
  return Object.entries(roles).map(
    ([what, role]) =>
      new projects.IAMMember(`${name}-${what}`, { project, role, member: memberOf(account) }, { parent }),
  );
}

function createCremaService(
  parent: pulumi.Resource,
  { name, location, project, image, plan }: CremaArgs,
  account: serviceaccount.Account,
  version: parametermanager.ParameterVersion,
  dependsOn: pulumi.Resource[],
): cloudrunv2.Service {
  const instances = plan.value('scalerInstances');
  return new cloudrunv2.Service(
    name,
    {
      location,
      project,
      description: 'CREMA: sets the instances of a worker pool by what waits in its subscription',
      ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
      // It holds no state; with deletion protection it could not be replaced.
      deletionProtection: false,
      labels: { 'created-by': 'crema' },
      template: {
        serviceAccount: account.email,
        scaling: { minInstanceCount: instances, maxInstanceCount: instances },
        containers: [
          {
            image: image ?? CREMA_IMAGE,
            baseImageUri: CREMA_BASE_IMAGE,
            envs: [
              { name: 'CREMA_CONFIG', value: version.name },
              { name: 'OUTPUT_SCALER_METRICS', value: 'True' },
              { name: 'LOG_FORMAT', value: 'json' },
            ],
            // It polls between requests, of which there are none.
            resources: { limits: { cpu: '1', memory: '1Gi' }, cpuIdle: false },
          },
        ],
      },
    },
    { parent, dependsOn },
  );
}

/**
 * Lets an autoscaler set the number of instances of a pool, and of that pool alone. Without `serviceAccountUser` on the
 * account that the pool runs as, each change is refused.
 */
export function grantScaling(
  parent: pulumi.Resource,
  name: string,
  pool: cloudrunv2.WorkerPool,
  account: serviceaccount.Account,
  scaler: serviceaccount.Account,
): void {
  const member = memberOf(scaler);
  new cloudrunv2.WorkerPoolIamMember(
    `${name}-scaling`,
    { name: pool.name, location: pool.location, project: pool.project, role: 'roles/run.developer', member },
    { parent },
  );
  new serviceaccount.IAMMember(
    `${name}-scaling`,
    { serviceAccountId: account.name, role: 'roles/iam.serviceAccountUser', member },
    { parent },
  );
}
