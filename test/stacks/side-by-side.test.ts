/** Two installations of one stack in one account and region: neither watches, names or counts what is the other's. */
import { Template } from 'aws-cdk-lib/assertions';
import { REFERENCE_STACKS } from '../../stacks/reference';
import { REFERENCE_NAMES, referenceApp } from '../support/reference';

// biome-ignore lint/suspicious/noExplicitAny: any part of any template
type Part = any;

/** A template in which what a stack names or makes carries the stack's name; account and region are the same in both. */
function installed(name: string, stackName: string): Record<string, Part> {
  const template = Template.fromStack(new REFERENCE_STACKS[name](referenceApp(), stackName)).toJSON();
  const own = (part: Part): Part => {
    if (Array.isArray(part)) return part.map(own);
    if (typeof part !== 'object' || part === null) return part;
    if (part.Ref === 'AWS::StackName') return stackName;
    if (typeof part.Ref === 'string' && !part.Ref.startsWith('AWS::')) return `${stackName} ${part.Ref}`;
    if (part['Fn::GetAtt']) return `${stackName} ${part['Fn::GetAtt'].join('.')}`;
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, own(value)]));
  };
  return own(template.Resources);
}

/** Every metric by namespace, name and dimensions, wherever a template says one. */
function metricsOf(part: Part): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const here =
    part.Namespace !== undefined && part.MetricName !== undefined
      ? [JSON.stringify([part.Namespace, part.MetricName, part.Dimensions ?? []])]
      : [];
  // AWS WAF publishes under this name alone; those of its rules come with it.
  const waf =
    part.Type === 'AWS::WAFV2::WebACL'
      ? [JSON.stringify(['AWS/WAFV2', part.Properties.VisibilityConfig.MetricName])]
      : [];
  return [...here, ...waf, ...Object.values(part).flatMap(metricsOf)];
}

/** Named within another resource: the role, the API, the cluster. */
const WITHIN = ['AWS::IAM::Policy', 'AWS::ApiGateway::Stage', 'AWS::MSK::Topic'];

/** Names that a template gives by itself instead of leaving them to CloudFormation. */
function namesOf(resources: Record<string, Part>): string[] {
  return Object.values(resources).flatMap(({ Type, Properties = {} }) => {
    if (WITHIN.includes(Type)) return [];
    const [kind] = Type.split('::').slice(-1);
    return ['Name', `${kind}Name`, `${kind}Identifier`]
      .filter((key) => Properties[key] !== undefined)
      .map((key) => `${Type} ${JSON.stringify(Properties[key])}`);
  });
}

describe.each(REFERENCE_NAMES)('two installations of %s', (name) => {
  const [staging, production] = ['Staging', 'Production'].map((stackName) => installed(name, stackName));

  test.each([
    ['metric', metricsOf],
    ['name', namesOf],
  ])('share no %s', (_, read) => {
    const theirs: string[] = read(production);
    expect(read(staging).filter((one) => theirs.includes(one))).toEqual([]);
  });

  test('are watched', () => {
    expect(metricsOf(staging).length).toBeGreaterThan(2);
  });
});
