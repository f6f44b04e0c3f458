/** Firewall, throttle and domain of a webhook buffer, and what each costs. */
import { readFileSync } from 'node:fs';
import type { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { DomainName } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { WebhookBuffer, type WebhookBufferProps } from '../../../lib/aws/webhooks/webhook-buffer';
import type { WebhookDomain, WebhookFirewall, WebhookThrottle } from '../../../lib/aws/webhooks/webhook-front';
import { WebhookScheme } from '../../../lib/aws/webhooks/webhook-source';
import { InvalidInputError } from '../../../lib/flow/errors';
import prices from '../../../lib/flow/prices.json';
import { apiMonthlyCost, floodHourCost } from '../../../lib/flow/webhooks/cost';
import { only, shop } from '../../support/stack';

const workload = { steadyPerSecond: 20, peakPerSecond: 80, peakSeconds: 600, serviceSeconds: 0.07 };

type Front = Pick<WebhookBufferProps, 'firewall' | 'throttle' | 'domain'>;

function made(front: (stack: Stack) => Front = () => ({})) {
  const stack = shop();
  const sources = [{ name: 'pay', scheme: WebhookScheme.STRIPE }];
  const props = { workload, objective: { latencySeconds: 60 }, sources, ...front(stack) };
  const buffer = new WebhookBuffer(stack, 'Webhooks', props);
  return { stack, buffer, template: Template.fromStack(stack) };
}

const CERTIFICATE = 'arn:aws:acm:us-east-1:123456789012:certificate/1';
const certificate = (stack: Stack) => Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE);
const OWN_ACL = 'arn:aws:wafv2:us-east-1:123456789012:regional/webacl/house/0f0f';
const usual = made();
const knobs = ({ buffer }: { buffer: WebhookBuffer }) => buffer.plan.knobs.map(({ name }) => name);

test('by default there is a web ACL of ours, no domain, and the URL of the API answers', () => {
  expect(usual.buffer.webAcl).toBeDefined();
  usual.template.resourceCountIs('AWS::WAFv2::WebACL', 1);
  usual.template.resourceCountIs('AWS::ApiGateway::DomainName', 0);
  usual.template.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: Match.absent() });
});

describe('firewall', () => {
  test('off: nothing of WAF is made, and the plan has no number of it', () => {
    const off = made(() => ({ firewall: { rateRule: false } }));
    off.template.resourceCountIs('AWS::WAFv2::WebACL', 0);
    off.template.resourceCountIs('AWS::WAFv2::WebACLAssociation', 0);
    expect(off.buffer.webAcl).toBeUndefined();
    expect(knobs(off)).toEqual(knobs(usual).filter((name) => name !== 'wafRequestsPerFiveMinutes'));
  });

  test('of the team: it is associated with the stage, and none is made', () => {
    const own = made(() => ({ firewall: { webAclArn: OWN_ACL } }));
    own.template.resourceCountIs('AWS::WAFv2::WebACL', 0);
    const { ResourceArn, WebACLArn } = only(own, 'AWS::WAFv2::WebACLAssociation');
    expect(WebACLArn).toBe(OWN_ACL);
    expect(ResourceArn).toEqual(only(usual, 'AWS::WAFv2::WebACLAssociation').ResourceArn);
    expect(knobs(own)).not.toContain('wafRequestsPerFiveMinutes');
  });

  test.each<[string, WebhookFirewall]>([
    ['firewall.rateRule must be left out with firewall.webAclArn', { rateRule: true, webAclArn: OWN_ACL }],
    ['firewall.webAclArn must be the ARN of a regional web ACL', { webAclArn: OWN_ACL.replace('regional', 'global') }],
  ])('%s', (message, firewall) => {
    expect(() => made(() => ({ firewall }))).toThrow(InvalidInputError);
    expect(() => made(() => ({ firewall }))).toThrow(message);
  });
});

describe('throttle', () => {
  test('own numbers are on the stage, given in the plan, and the rate rule follows from them', () => {
    const own = made(() => ({ throttle: { ratePerSecond: 100, burst: 90 } }));
    expect(only(own, 'AWS::ApiGateway::Stage').MethodSettings).toEqual([
      expect.objectContaining({ ThrottlingRateLimit: 100, ThrottlingBurstLimit: 90 }),
    ]);
    const given = own.buffer.plan.knobs.filter(({ formula }) => formula === 'given').map(({ name }) => name);
    expect(given).toEqual(expect.arrayContaining(['throttleRatePerSecond', 'throttleBurst']));
    expect(own.buffer.plan.value('wafRequestsPerFiveMinutes')).toBe(100 * 300);
  });

  test('the peak itself is enough', () => {
    expect(made(() => ({ throttle: { ratePerSecond: 80 } })).buffer.plan.value('throttleBurst')).toBe(160);
  });

  test.each<[string, WebhookThrottle]>([
    ['throttle.ratePerSecond must be at least the peak of the workload, 80/s, got 79.9/s', { ratePerSecond: 79.9 }],
    ['throttle.burst must be a whole number, between 1 and 5000, got 5001', { burst: 5001 }],
    ['throttle.burst must be a whole number, between 1 and 5000, got 0', { burst: 0 }],
  ])('%s', (message, throttle) => {
    expect(() => made(() => ({ throttle }))).toThrow(message);
  });
});

describe('domain', () => {
  test('own name and certificate: the whole domain is the API, over TLS 1.2, beside its own URL', () => {
    const own = made((stack) => ({ domain: { domainName: 'hooks.shop.example', certificate: certificate(stack) } }));
    expect(only(own, 'AWS::ApiGateway::DomainName')).toMatchObject({
      DomainName: 'hooks.shop.example',
      RegionalCertificateArn: CERTIFICATE,
      EndpointConfiguration: { Types: ['REGIONAL'] },
      SecurityPolicy: 'TLS_1_2',
    });
    const mapping = only(own, 'AWS::ApiGateway::BasePathMapping');
    expect(mapping.Stage).toEqual({
      Ref: own.stack.getLogicalId(own.buffer.api.deploymentStage.node.defaultChild as never),
    });
    expect(mapping.BasePath).toBeUndefined();
    own.template.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: Match.absent() });
    expect(own.buffer.domain).toBeDefined();
  });

  test('one that is there is only mapped, under a path, and the own URL may be closed', () => {
    const own = made((stack) => ({
      domain: {
        existing: DomainName.fromDomainNameAttributes(stack, 'Domain', {
          domainName: 'api.shop.example',
          domainNameAliasTarget: 'd-1.execute-api.us-east-1.amazonaws.com',
          domainNameAliasHostedZoneId: 'Z1',
        }),
        basePath: 'hooks',
        defaultEndpoint: false,
      },
    }));
    own.template.resourceCountIs('AWS::ApiGateway::DomainName', 0);
    expect(only(own, 'AWS::ApiGateway::BasePathMapping')).toMatchObject({
      DomainName: 'api.shop.example',
      BasePath: 'hooks',
    });
    own.template.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: true });
  });

  test.each<[string, (stack: Stack) => WebhookDomain]>([
    ['domain.certificate is missing; give it, or domain.existing', () => ({ domainName: 'hooks.shop.example' })],
    ['domain.domainName is missing', (stack) => ({ certificate: certificate(stack) })],
    [
      'domain.domainName must be the name of a host in lower case',
      (stack) => ({ domainName: 'https://hooks.shop.example', certificate: certificate(stack) }),
    ],
    [
      'domain.basePath must be 1 to 300 letters',
      (stack) => ({ domainName: 'hooks.shop.example', certificate: certificate(stack), basePath: 'a/b' }),
    ],
    [
      'domain.domainName belongs to the domain that is given as existing',
      (stack) => ({
        domainName: 'hooks.shop.example',
        existing: DomainName.fromDomainNameAttributes(stack, 'Domain', {
          domainName: 'a.example',
          domainNameAliasTarget: 'd-1.example',
          domainNameAliasHostedZoneId: 'Z1',
        }),
      }),
    ],
  ])('%s', (message, domain) => {
    expect(() => made((stack) => ({ domain: domain(stack) }))).toThrow(message);
  });
});

describe('what it costs', () => {
  const usd = (value: number) => String(Number(value.toPrecision(3)));
  const remark = ({ buffer }: { buffer: WebhookBuffer }) => buffer.plan.remarks.join(' ');
  // 20/s over 730 hours are 52.56 million.
  const month = { api: 52.56 * 3.5, firewall: 6 + 52.56 * 0.6 };

  test('follows from the rate and the list prices', () => {
    expect(apiMonthlyCost(20).api).toBeCloseTo(month.api, 9);
    expect(apiMonthlyCost(20).firewall).toBeCloseTo(month.firewall, 9);
    // 160/s for an hour are 576,000 requests.
    expect(floodHourCost(160, true)).toBeCloseTo(0.576 * 4.1, 9);
    expect(floodHourCost(160, false)).toBeCloseTo(0.576 * 3.5, 9);
  });

  test('is said by the plan, of the API and of the web ACL that it has', () => {
    expect(remark(usual)).toContain(
      `the API costs ${usd(month.api)} USD a month, the web ACL ${usd(month.firewall)} USD more`,
    );
    expect(remark(usual)).toContain(`at the throttle costs ${usd(0.576 * 4.1)} USD`);
    const off = remark(made(() => ({ firewall: { rateRule: false } })));
    expect(off).not.toContain('web ACL');
    expect(off).toContain(`at the throttle costs ${usd(0.576 * 3.5)} USD`);
  });

  test('docstrings and page have the prices of the table', () => {
    const { waf, apiGateway } = prices;
    const read = (file: string) =>
      readFileSync(file, 'utf8')
        .replace(/\n \* /g, ' ')
        .replace(/\s+/g, ' ');
    const request = `${waf.requestsPerMillion.value.toFixed(2)} USD a million requests`;
    const fixed = `${waf.webAclMonth.value} USD a month for a web ACL, ${waf.ruleMonth.value} USD for its rule and ${request}`;
    const api = `${apiGateway.restPerMillion.value.toFixed(2)} USD a million`;
    const docstring = read('lib/aws/webhooks/webhook-front.ts');
    const page = read('docs/constructs/webhook-buffer.md');
    for (const text of [docstring, page]) expect(text).toContain(fixed);
    expect(docstring).toContain(api);
    const both = waf.webAclMonth.value + waf.ruleMonth.value;
    expect(read('lib/aws/webhooks/webhook-buffer.ts')).toContain(`${both} USD a month and ${request}`);
    expect(page).toContain(`at the throttle of 160/s, API and web ACL | ${usd(0.576 * 4.1)} USD |`);
  });
});
