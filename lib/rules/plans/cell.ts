/**
 * One value of a plan: known, absent, or known only after the plan is applied, and then of what it is made.
 */

/** Resources that a value is made of. */
export interface Sources {
  /** Addresses, each with the attribute that is read of it; empty for all of it. */
  readonly resources: readonly { readonly address: string; readonly attribute: string }[];
  /** Whether it may be made of more: the plan does not tell what a local value is made of. */
  readonly open: boolean;
  /** Whether an index that the plan does not tell chooses among them. */
  readonly chosen?: boolean;
  /** Whether it is certain that all of it is known before the plan is applied. */
  readonly constant?: boolean;
}

/** Where a resource is deployed, as far as the file tells. */
export interface Deployment {
  /** The provider's configuration. */
  readonly provider?: string;
  readonly region?: string;
  readonly account?: string;
}

/** Whether two are certainly deployed apart, or so that a name of the one need not be one of the other. */
export function areApart(one: Deployment, other: Deployment): boolean {
  const differ = (key: keyof Deployment) =>
    one[key] !== undefined && other[key] !== undefined && one[key] !== other[key];
  if (differ('region') || differ('account')) return true;
  // Two configurations of a provider may be for one region.
  return differ('provider') && (one.region === undefined || other.region === undefined);
}

/** The region and the account of an ARN. */
export function placeOf(arn: unknown): Deployment {
  const [, , , region, account] = typeof arn === 'string' && arn.startsWith('arn:') ? arn.split(':', 6) : [];
  return {
    ...(region ? { region } : {}),
    ...(account !== undefined && /^\d+$/.test(account) ? { account } : {}),
  };
}

/** Types whose names hold in all regions. */
const EVERYWHERE = /^aws_(iam|s3|route53|cloudfront)_/;

/** Attributes with an ARN in the region of the resource. */
const OWN_ARNS = ['arn', 'function_arn', 'event_source_arn', 'topic_arn'];

/**
 * Where a resource is deployed.
 *
 * @param attributeAt its attributes, by Terraform's names
 * @param provider the configuration of its provider, if that is told
 * @param region the region of that configuration, if it is told
 */
export function deploymentOf(
  type: string,
  attributeAt: (attribute: string) => unknown,
  provider: string | undefined,
  region: string | undefined,
): Deployment {
  if (EVERYWHERE.test(type)) return {};
  const own = attributeAt('region');
  const arn = OWN_ARNS.map(attributeAt).find((value) => placeOf(value).region !== undefined);
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(region === undefined ? {} : { region }),
    ...(typeof own === 'string' && own !== '' ? { region: own } : {}),
    ...placeOf(arn),
  };
}

/** One place in a resource of a plan. */
export interface Cell {
  /** The value, as far as it is known. */
  readonly value: unknown;
  /** Whether nothing of it is known before the plan is applied. */
  readonly unknown: boolean;
  /** Whether it is certain that nobody has written it: the service decides. */
  readonly unset: boolean;
  /** Whether it is a text that the file has, and marks as a secret: it counts as unknown. */
  readonly sensitive: boolean;
  /** The way to it, as the provider calls it. */
  readonly path: string;
  /** The place below, by Terraform's name of an attribute, or by a key that a person has chosen. */
  at(key: string): Cell;
  /** The place below, by a key that is not the provider's. */
  under(key: string | number): Cell;
  /** The keys of a mapping, also those whose values are unknown. */
  keys(): string[];
  /** What it is made of. */
  sources(): Sources;
}

/** One resource of a plan or a state. */
export interface Declared {
  /** Terraform's address, Pulumi's URN. */
  readonly address: string;
  /** The type as Terraform's provider calls it. */
  readonly type: string;
  /** Whether it is only read. */
  readonly data: boolean;
  readonly root: Cell;
  readonly deployment: Deployment;
  /** The object, where the provider has it as Kubernetes does. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** The type of CloudFormation, where the provider has all that CloudFormation has. */
  readonly native?: { readonly type: string };
  /** Values by which others name it, once it exists. */
  readonly identities: readonly (readonly [attribute: string, value: string])[];
}

/** The resources of a file. */
export interface Plan {
  readonly declared: readonly Declared[];
  /** What was not read, in words. */
  readonly unread: readonly string[];
}

/** Attributes by which resources name each other. */
export const IDENTITIES = [
  'arn',
  'id',
  'url',
  'name',
  'function_name',
  'bucket',
  'stage_name',
  'invoke_arn',
  'qualified_arn',
  'qualified_invoke_arn',
  'stream_arn',
  'execution_arn',
  'key_id',
  'identifier',
] as const;
