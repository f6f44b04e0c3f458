/** A limit for each client in front of a load balancer. */
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import type { ServicePlan } from '../../flow/services/workload';
import { uniqueName } from '../unique-name';

/**
 * A limit for each client, by AWS WAF: so that one of them cannot use up what is planned for all. A web ACL costs 5 USD a month,
 * each of its rules 1 USD, and a million requests 0.60 USD (list prices of us-east-1).
 */
export interface ClientLimit {
  /** Clients that share the peak. 1 to 10⁹. */
  readonly clients: number;

  /**
   * Times its even share of the peak that one client may send in a minute. Together with `clients` of 2 or fewer it is bounded by
   * what all tasks bear. 1 to 1,000.
   *
   * @default 2
   */
  readonly shareTimes?: number;

  /**
   * Header that names a client, such as its key. It has to be checked behind the firewall, or a client makes up a new one for each
   * request. Requests without it are counted by their address.
   *
   * @default - clients are told apart by their address
   */
  readonly header?: string;
}

/** RFC 6585: too many requests of one client. */
const REFUSED = 429;

/** The web ACL in front of a load balancer. */
export function createClientLimit(
  scope: Construct,
  resourceArn: string,
  header: string | undefined,
  plan: ServicePlan,
): CfnWebACL {
  const limit = plan.value('clientRequests');
  const evaluationWindowSec = plan.value('clientWindowSeconds');
  const visibility = (metricName: string) => ({
    sampledRequestsEnabled: false,
    cloudWatchMetricsEnabled: true,
    metricName,
  });
  const rule = (
    name: string,
    priority: number,
    statement: Omit<CfnWebACL.RateBasedStatementProperty, 'limit'>,
  ): CfnWebACL.RuleProperty => ({
    name,
    priority,
    action: {
      block: {
        customResponse: {
          responseCode: REFUSED,
          responseHeaders: [{ name: 'Retry-After', value: String(evaluationWindowSec) }],
        },
      },
    },
    statement: { rateBasedStatement: { limit, evaluationWindowSec, ...statement } },
    visibilityConfig: visibility(name),
  });
  const textTransformations = [{ priority: 0, type: 'NONE' }];
  const rules =
    header === undefined
      ? [rule('rate-per-address', 0, { aggregateKeyType: 'IP' })]
      : [
          rule('rate-per-client', 0, {
            aggregateKeyType: 'CUSTOM_KEYS',
            customKeys: [{ header: { name: header, textTransformations } }],
          }),
          // A rule on a header does not count requests without it.
          rule('rate-per-address', 1, {
            aggregateKeyType: 'IP',
            scopeDownStatement: {
              notStatement: {
                statement: {
                  sizeConstraintStatement: {
                    fieldToMatch: { singleHeader: { Name: header.toLowerCase() } },
                    comparisonOperator: 'GT',
                    size: 0,
                    textTransformations,
                  },
                },
              },
            },
          }),
        ];
  const webAcl = new CfnWebACL(scope, 'ClientLimit', {
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    // This name is a dimension of the metrics of the ACL and of its rules.
    visibilityConfig: visibility(uniqueName(scope)),
    rules,
  });
  new CfnWebACLAssociation(scope, 'ClientLimitAssociation', { resourceArn, webAclArn: webAcl.attrArn });
  return webAcl;
}
