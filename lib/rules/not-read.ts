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

/** Resources of Terraform's and Pulumi's providers in which nothing arrives, waits or is served. */
const OF_PLANS_WITHOUT_WORK = [
  /^aws_(iam|kms|secretsmanager|acm|route53|waf|wafv2|cloudtrail|cloudfront|config|code\w+|ecr|efs|service_discovery|athena|glue|budgets|xray|resourcegroups|ssm|lb|alb|elb)(_|$)/,
  /^aws_(vpc|subnet|security_group|route|internet_gateway|nat_gateway|eip|network|default|ec2_(?!fleet)|flow_log|key_pair|ami|launch_template|ebs|volume|availability|placement)(_|$)/,
  /^aws_lambda_(layer_version|layer_version_permission|function_url|code_signing_config|runtime_management_config|provisioned_concurrency_config)$/,
  /^aws_cloudwatch_(dashboard|log_stream|log_metric_filter|log_resource_policy|query_definition|event_bus|event_bus_policy|event_permission|event_archive|event_connection|event_api_destination)$/,
  /^aws_(sqs_queue_policy|sqs_queue_redrive_allow_policy|sns_topic_data_protection_policy|kinesis_resource_policy|dynamodb_table_item|dynamodb_tag|dynamodb_resource_policy)$/,
  /^aws_s3_(bucket_(public_access_block|ownership_controls|server_side_encryption_configuration|cors_configuration|website_configuration|accelerate_configuration|request_payment_configuration|metric|inventory|analytics_configuration)|object|bucket_object|object_copy)$/,
  /^aws_(scheduler_schedule_group|batch_compute_environment|ecs_cluster|ecs_cluster_capacity_providers|ecs_capacity_provider|ecs_tag|ecs_account_setting_default|db_subnet_group|db_option_group|appconfig_(application|environment|configuration_profile))$/,
  /^aws_(api_gateway_(?!.*(integration$|stage$|usage_plan$))|apigatewayv2_(?!(api|stage|integration)$)|apigateway)\w*$/,
  /^aws_ses(v2)?_(domain|email|identity|template|dedicated|account)\w*$/,
  /^(random|tls|time|null|local|archive|template|external|http|cloudinit)_\w+$/,
  /^terraform_data$/,
  /^kubernetes_(service|service_v1|service_account|service_account_v1|secret|secret_v1|secret_v1_data|role|role_v1|role_binding|role_binding_v1|cluster_role|cluster_role_v1|cluster_role_binding|cluster_role_binding_v1|ingress|ingress_v1|ingress_class|network_policy|network_policy_v1|pod_disruption_budget|pod_disruption_budget_v1|persistent_volume|persistent_volume_v1|persistent_volume_claim|persistent_volume_claim_v1|storage_class|storage_class_v1|annotations|labels|endpoints|endpoints_v1|certificate_signing_request|api_service|api_service_v1)$/,
  /^aws:(iam|kms|secretsmanager|acm|route53|waf|wafv2|cloudtrail|cloudfront|cfg|codebuild|codepipeline|codedeploy|ecr|efs|servicediscovery|athena|glue|budgets|xray|resourcegroups|ssm|lb|alb|elb)\//,
  /^aws:ec2\/(?!(fleet|spotFleetRequest|instance):)/,
  /^(random|tls|time|null|local|archive|docker-build|command|std):/,
  /^(awsx|eks):/,
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
      OF_PLANS_WITHOUT_WORK.some((pattern) => pattern.test(type)) ||
      TYPES_WITHOUT_WORK.some((pattern) => pattern.test(type))
    );
  return document instanceof Manifests && (KINDS_READ.includes(type) || WITHOUT_PODS.test(type));
}

/** So many kinds a person reads in a line; JSON and SARIF have all of them. */
const SHOWN = 8;

/** All of it in one line, the most frequent first. */
export function notReadText(all: readonly NotRead[]): string {
  const kinds = [...grouped(all.map((one) => [one.what, one.count] as const))]
    .map(([what, counts]) => ({ what, count: counts.reduce((sum, one) => sum + one, 0) }))
    .sort((one, other) => other.count - one.count);
  const parts = kinds
    .slice(0, SHOWN)
    .map(({ what, count }) => (/^[\w.-]+(::|\/)?[\w:.-]*$/.test(what) ? `${count} ${what}` : what));
  const rest = kinds.slice(SHOWN);
  const more = rest.reduce((sum, { count }) => sum + count, 0);
  return (
    parts.join(', ') + (rest.length === 0 ? '' : `, and ${more} of ${rest.length} more kinds; --format json lists them`)
  );
}
