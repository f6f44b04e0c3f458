/**
 * What no rule has read: a clean answer about it would be no answer.
 */
import { grouped } from '../flow/grouped';
import { Template } from './cloudformation/read/template';
import { TYPES_READ } from './cloudformation/read/types';
import type { Document } from './document';
import { KINDS_READ } from './kubernetes/read/kinds';
import { Manifests } from './kubernetes/read/manifests';

/** Something of a file that no rule has read. */
export interface NotRead {
  /** The file. */
  readonly file: string;
  /** The type, or in words what it is. */
  readonly what: string;
  /** How many of it there are. */
  readonly count: number;
}

/** Services of permissions, keys, names, networks and build tools: nothing arrives, waits or is served there. */
const SERVICES_WITHOUT_WORK =
  /^AWS::(IAM|KMS|SecretsManager|CertificateManager|Route53\w*|WAF\w*|CDK|SSM|CloudTrail|CloudFront|Config|Code\w+|ECR|EFS|ServiceDiscovery|Athena|Glue|Budgets|XRay|RUM|Resource\w+|ElasticLoadBalancingV2)::/;

/** Types of the same sort in the other services. */
const TYPES_WITHOUT_WORK = [
  /^AWS::EC2::(?!.*(Fleet|Instance$))/,
  /^AWS::Lambda::(LayerVersion|Url|Version|Alias|CodeSigningConfig)$/,
  /^AWS::Logs::(LogStream|MetricFilter|QueryDefinition|ResourcePolicy)$/,
  /^AWS::SQS::QueuePolicy$/,
  /^AWS::CloudWatch::(Dashboard|AnomalyDetector)$/,
  /^AWS::CloudFormation::(Wait\w+|CustomResource|Macro)$/,
  /^AWS::Events::(EventBus|EventBusPolicy|Archive|Connection|ApiDestination)$/,
  /^AWS::(Scheduler::ScheduleGroup|Batch::(ComputeEnvironment|SchedulingPolicy))$/,
  /^AWS::ECS::(Cluster|ClusterCapacityProviderAssociations|CapacityProvider)$/,
  /^AWS::RDS::(DBSubnetGroup|DBSecurityGroup|OptionGroup)$/,
  /^AWS::ApiGateway(V2)?::(?!(RestApi|Api|Stage|Method|Integration|UsagePlan)$)/,
  /^Custom::/,
];

/** Kinds that say who may do what, what something is called, or how it is found. */
const WITHOUT_PODS =
  /^(Namespace|Service|ServiceAccount|Secret|Endpoints|Node|Event|PersistentVolume(Claim)?|LimitRange|.*List)$|^(rbac\.authorization|networking|policy|storage|apiextensions|admissionregistration|apiregistration|certificates|coordination|discovery|events|node|flowcontrol)(\.k8s\.io)?\/|^apps\/ControllerRevision$|^cert-manager\.io\/|^kustomize\.config\.k8s\.io\/|^external-secrets\.io\//;

/** Everything that was not read, by file and type. */
export function notRead(documents: readonly Document[]): NotRead[] {
  return documents.flatMap((document) => {
    const [first] = document.resources;
    const file = document instanceof Template ? document.file : (first?.file ?? '');
    const parts = document.unread.map((what) => ({ file, what, count: 1 }));
    // One that is made of parts which are not read is among those already.
    const told = document.unread.length > 0 ? /^AWS::Serverless::/ : /^$/;
    const unknown = document.resources.filter(({ type }) => !isKnown(document, type) && !told.test(type));
    const byType = grouped(unknown.map((resource) => [`${resource.file}\n${resource.type}`, resource] as const));
    return [
      ...parts,
      ...[...byType.values()].map((same) => ({ file: same[0].file, what: same[0].type, count: same.length })),
    ];
  });
}

function isKnown(document: Document, type: string): boolean {
  if (document instanceof Template)
    return (
      TYPES_READ.includes(type) ||
      SERVICES_WITHOUT_WORK.test(type) ||
      TYPES_WITHOUT_WORK.some((pattern) => pattern.test(type))
    );
  return document instanceof Manifests && (KINDS_READ.includes(type) || WITHOUT_PODS.test(type));
}

/** All of it in one line. */
export function notReadText(all: readonly NotRead[]): string {
  const parts = [...grouped(all.map((one) => [one.what, one.count] as const))].map(([what, counts]) => {
    const count = counts.reduce((sum, one) => sum + one, 0);
    return /^[\w.-]+(::|\/)?[\w:.-]*$/.test(what) ? `${count} ${what}` : what;
  });
  return parts.join(', ');
}
