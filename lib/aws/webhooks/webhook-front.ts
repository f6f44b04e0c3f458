/** What stands before the API and can be chosen: the firewall, the throttle and the domain. */
import { Token } from 'aws-cdk-lib';
import { type IDomainName } from 'aws-cdk-lib/aws-apigateway';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { resolveArrivals } from '../../flow/arrivals';
import { between, type Check, isKnown, shown, wholeNumber } from '../../flow/errors';
import { FLAG, having, type Kind, NUMBER, struct, TEXT } from '../../flow/kinds';
import type { Workload } from '../../flow/queue/workload';

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

export const FIREWALL: Kind = struct<WebhookFirewall>({ rateRule: FLAG, webAclArn: TEXT });
export const THROTTLE: Kind = struct<WebhookThrottle>({ ratePerSecond: NUMBER, burst: NUMBER });
export const DOMAIN: Kind = struct<WebhookDomain>({
  domainName: TEXT,
  certificate: having(
    ['certificateArn', 'node'],
    'a certificate of ACM: a Certificate or Certificate.fromCertificateArn()',
  ),
  existing: having(
    ['domainNameAliasDomainName', 'node'],
    'a domain of API Gateway: a DomainName or DomainName.fromDomainNameAttributes()',
  ),
  basePath: TEXT,
  defaultEndpoint: FLAG,
});

/** The choices before the API. */
export interface WebhookFront {
  readonly workload: Workload;
  readonly firewall?: WebhookFirewall;
  readonly throttle?: WebhookThrottle;
  readonly domain?: WebhookDomain;
}

/** The account quota of API Gateway, by which it also bounds a stage. */
export const MOST_BURST = 5000;
const MOST_PER_SECOND = 1e9;

/** Whether the web ACL with the rate rule is made. */
export function hasRateRule({ rateRule, webAclArn }: WebhookFirewall = {}): boolean {
  return rateRule ?? webAclArn === undefined;
}

/** Checks of the choices. */
export function frontChecks({ workload, firewall, throttle, domain }: WebhookFront): Check[] {
  return [...firewallChecks(firewall), ...throttleChecks(workload, throttle), ...domainChecks(domain)];
}

function firewallChecks({ rateRule, webAclArn }: WebhookFirewall = {}): Check[] {
  const known = webAclArn !== undefined && !Token.isUnresolved(webAclArn);
  return [
    {
      refused: rateRule === true && webAclArn !== undefined,
      message:
        'firewall.rateRule must be left out with firewall.webAclArn: an API has one web ACL; put a rate rule into yours',
    },
    {
      refused: known && !/^arn:[\w-]+:wafv2:[\w-]+:\d{12}:regional\/webacl\/[\w-]+\/[\w-]+$/.test(webAclArn),
      message: `firewall.webAclArn must be the ARN of a regional web ACL, arn:aws:wafv2:<region>:<account>:regional/webacl/<name>/<id>, got ${shown(webAclArn)}`,
    },
  ];
}

function throttleChecks(workload: Workload | undefined, { ratePerSecond, burst }: WebhookThrottle = {}): Check[] {
  const peak = workload && resolveArrivals(workload).peakPerSecond;
  return [
    between('throttle.ratePerSecond', ratePerSecond, 0, MOST_PER_SECOND),
    wholeNumber('throttle.burst', burst, 1, MOST_BURST),
    {
      refused: isKnown(ratePerSecond) && isKnown(peak) && ratePerSecond < peak,
      message: `throttle.ratePerSecond must be at least the peak of the workload, ${shown(peak)}/s, got ${shown(ratePerSecond)}/s: the API would answer 429 to deliveries that are planned for`,
    },
  ];
}

function domainChecks(domain: WebhookDomain | undefined): Check[] {
  if (domain === undefined) return [];
  const { domainName, certificate, existing, basePath } = domain;
  const own = { domainName, certificate };
  const named = domainName !== undefined && !Token.isUnresolved(domainName);
  const known = basePath !== undefined && !Token.isUnresolved(basePath);
  return [
    ...Object.entries(own).map(([name, value]) => ({
      refused: (value === undefined) === (existing === undefined),
      message:
        existing === undefined
          ? `domain.${name} is missing; give it, or domain.existing`
          : `domain.${name} belongs to the domain that is given as existing; leave it out here`,
    })),
    {
      refused: named && !/^(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(domainName),
      message: `domain.domainName must be the name of a host in lower case, such as hooks.shop.example, got ${shown(domainName)}`,
    },
    {
      refused: known && !/^[\w$.+!*'()-]{1,300}$/.test(basePath),
      message: `domain.basePath must be 1 to 300 letters, digits and $-_.+!*'() without a slash, got ${shown(basePath)}`,
    },
  ];
}
