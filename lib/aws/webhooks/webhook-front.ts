/** What stands before the API and can be chosen: the firewall, the throttle and the domain. */
import type { IDomainName } from 'aws-cdk-lib/aws-apigateway';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';

/**
 * Who blocks an address that sends too much before the API counts it. AWS WAF costs 5 USD a month for a web ACL, 1 USD for
 * its rule and 0.60 USD a million requests, beside the 3.50 USD a million of the API itself (list prices of us-east-1).
 */
export interface WebhookFirewall {
  /**
   * Whether a web ACL is made with one rule, on the rate of an address. Without it and without `webAclArn` one address can
   * use up the whole throttle, and genuine senders get 429 until it stops.
   *
   * @default - true, unless `webAclArn` is given
   */
  readonly rateRule?: boolean;

  /**
   * ARN of a web ACL that there is already, regional and of the region of the API. The API is associated with it. Its rules
   * are yours: one that counts addresses must let `throttleRatePerSecond` through, because a sender may be the whole peak
   * from few addresses. A web ACL costs once, whatever it protects; requests cost the same.
   *
   * @default - one is made
   */
  readonly webAclArn?: string;
}

/**
 * How much the API lets through. A throttle costs nothing, and is the bound on what a flood costs: at the rate of the plan
 * every hour of it is charged by the request.
 */
export interface WebhookThrottle {
  /**
   * Requests a second of all senders together. At least the peak of the workload: above the throttle senders get 429. At
   * most 10⁹; the account's own quota for all its APIs is 10,000 unless AWS raised it.
   *
   * @default - twice the peak
   */
  readonly ratePerSecond?: number;

  /**
   * Requests that may come at once, above the rate. A whole number, 1 to 5,000.
   *
   * @default - two seconds at the rate, at most 5,000
   */
  readonly burst?: number;
}

/**
 * The domain under which senders call the API. It costs nothing at API Gateway, nor does a public certificate of ACM; a hosted
 * zone of Route 53 is yours. Its URL stays when the API is replaced.
 */
export interface WebhookDomain {
  /**
   * The name, such as `hooks.shop.example`. Its DNS record is yours: an alias to the member `domain`.
   *
   * @default - that of `existing`; needed without one
   */
  readonly domainName?: string;

  /**
   * The certificate of the name, in the region of the API.
   *
   * @default - that of `existing`; needed without one
   */
  readonly certificate?: ICertificate;

  /**
   * A domain of API Gateway that there is already, shared with other APIs perhaps. Only the mapping is made.
   *
   * @default - one is made, which takes TLS 1.2 or newer
   */
  readonly existing?: IDomainName;

  /**
   * The first part of the path under the domain: with `hooks`, deliveries go to `/hooks/<source>/<tenant>`. 1 to 300
   * letters, digits and `$-_.+!*'()`.
   *
   * @default - none: the API has the whole domain
   */
  readonly basePath?: string;

  /**
   * Whether the API still answers under its own URL of `execute-api`. Senders that know that URL stop working with false.
   *
   * @default true
   */
  readonly defaultEndpoint?: boolean;
}
