import * as cloudrunv2 from '@pulumi/gcp/cloudrunv2';
import * as serviceaccount from '@pulumi/gcp/serviceaccount';
import * as pulumi from '@pulumi/pulumi';
import { type Check, shown } from '../flow/errors';
import type { Plan } from '../flow/plan';
import { READY_PATH } from '../runtime/webhook-receiver/contract';
import { INSTANCE_CPU } from './instance';

/** Inputs of a Cloud Run service. */
export interface RunServiceArgs {
  readonly name: string;
  /** The account that it runs as. */
  readonly account: serviceaccount.Account;
  readonly image: pulumi.Input<string>;
  readonly location: pulumi.Input<string>;
  readonly project?: pulumi.Input<string>;
  readonly description: string;
  readonly ingress: string;
  readonly concurrency: number;
  readonly minInstances: number;
  readonly maxInstances: number;
  /** Seconds that a request may take. */
  readonly timeoutSeconds: number;
  /** The plan with the numbers of its probes, as `cloudRunProbeKnobs` makes them. */
  readonly plan: Plan;
  readonly memory: string;
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
  /** Secrets mounted as files: each folder holds one file. */
  readonly secrets?: readonly MountedSecret[];
  /** Variables whose values are secrets, read when an instance starts. */
  readonly secretVariables?: readonly SecretVariable[];
  /** The network that it is attached to. Default: none. */
  readonly network?: RunNetwork;
  /** What must exist before the first instance starts. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/** A variable with the latest version of a secret of Secret Manager. */
export interface SecretVariable {
  readonly name: string;
  readonly secret: pulumi.Input<string>;
}

/** A VPC that a service is attached to (Direct VPC egress), for private addresses alone. */
export interface RunNetwork {
  /** Name of the network. */
  readonly network: pulumi.Input<string>;
  /** Name of the subnetwork, in the region of the service. */
  readonly subnetwork: pulumi.Input<string>;
}

/** A secret of Secret Manager as a file in a folder of the container. */
export interface MountedSecret {
  readonly name: string;
  readonly secretId: pulumi.Input<string>;
  readonly folder: string;
  readonly file: string;
}

/** Inputs of a service account. */
export interface AccountArgs {
  /** Also its id in the project: 6 to 30 lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly displayName: string;
  readonly project?: pulumi.Input<string>;
}

/** A separate service account, so that a service has only the permissions that it is given. */
export function createAccount(
  parent: pulumi.Resource,
  { name, displayName, project }: AccountArgs,
): serviceaccount.Account {
  return new serviceaccount.Account(name, { accountId: name, displayName, project }, { parent });
}

/** The IAM member of a service account. */
export function memberOf(account: serviceaccount.Account): pulumi.Output<string> {
  return pulumi.interpolate`serviceAccount:${account.email}`;
}

/** A Cloud Run service of one container that listens on 8080 and answers at `READY_PATH` when it is ready. */
export function createService(parent: pulumi.Resource, args: RunServiceArgs): cloudrunv2.Service {
  const { name, account, secrets = [], secretVariables = [], network } = args;
  return new cloudrunv2.Service(
    name,
    {
      location: args.location,
      project: args.project,
      description: args.description,
      ingress: args.ingress,
      // It holds no state; with deletion protection it could not be replaced.
      deletionProtection: false,
      template: {
        serviceAccount: account.email,
        maxInstanceRequestConcurrency: args.concurrency,
        timeout: `${args.timeoutSeconds}s`,
        ...(network && { vpcAccess: { networkInterfaces: [{ ...network }], egress: 'PRIVATE_RANGES_ONLY' } }),
        scaling: { minInstanceCount: args.minInstances, maxInstanceCount: args.maxInstances },
        containers: [
          {
            image: args.image,
            ports: { containerPort: 8080 },
            envs: [
              ...Object.entries(args.environment).map(([key, value]) => ({ name: key, value })),
              ...secretVariables.map(({ name: key, secret }) => ({
                name: key,
                valueSource: { secretKeyRef: { secret, version: 'latest' } },
              })),
            ],
            resources: {
              limits: { cpu: String(INSTANCE_CPU), memory: args.memory },
              cpuIdle: true,
              startupCpuBoost: true,
            },
            ...probesOf(args.plan),
            volumeMounts: secrets.map((secret) => ({ name: volumeName(secret), mountPath: secret.folder })),
          },
        ],
        volumes: secrets.map((secret) => ({
          name: volumeName(secret),
          secret: { secret: secret.secretId, items: [{ version: 'latest', path: secret.file }] },
        })),
      },
    },
    { parent, dependsOn: [...(args.dependsOn ?? [])] },
  );
}

function probesOf(plan: Plan) {
  const httpGet = { path: READY_PATH, port: 8080 };
  return {
    startupProbe: {
      httpGet,
      periodSeconds: plan.value('startupProbePeriodSeconds'),
      timeoutSeconds: plan.value('startupProbeTimeoutSeconds'),
      failureThreshold: plan.value('startupProbeFailures'),
    },
    livenessProbe: {
      httpGet,
      periodSeconds: plan.value('probePeriodSeconds'),
      timeoutSeconds: plan.value('probeTimeoutSeconds'),
      failureThreshold: plan.value('livenessProbeFailures'),
    },
  };
}

/** A volume's name must begin with a letter; a source's name can begin with a digit. */
function volumeName(secret: MountedSecret): string {
  return `secret-${secret.name}`;
}

/** A check that `<name>-receiver` can name a service account, which takes 6 to 30 characters. */
export function accountName(name: string): Check {
  return {
    refused: !/^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/.test(name),
    message: `name must be 1 to 20 lower-case letters, digits and hyphens, beginning with a letter, got '${name}'`,
  };
}

/** A check on memory. Source: Cloud Run documentation, Configure memory limits: a number, and G, M, Gi or Mi. */
export function memoryCheck(prop: string, value: string | undefined): Check {
  return {
    refused: value !== undefined && !/^\d+(\.\d+)?[GM]i?$/.test(value),
    message: `${prop} must be a number and G, M, Gi or Mi, such as 512Mi, got ${shown(value)}`,
  };
}
