/** Checks of the choices that stand before the API of a `WebhookBuffer`. */
import { Token } from 'aws-cdk-lib';
import { resolveArrivals } from '../../flow/arrivals';
import { between, type Check, isKnown, shown, wholeNumber } from '../../flow/errors';
import { FLAG, having, type Kind, NUMBER, struct, TEXT } from '../../flow/kinds';
import type { Workload } from '../../flow/queue/workload';
import type { WebhookDomain, WebhookFirewall, WebhookThrottle } from './webhook-front';

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
