/** Small stacks and a look into their templates. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';

// biome-ignore lint/suspicious/noExplicitAny: a template has no types
export type Untyped = any;

/** A stack with its template. */
export interface Made {
  readonly stack: Stack;
  readonly template: Template;
}

// One folder a file: a property test synthesizes hundreds of apps, each of which would leave its own behind.
const outdir = mkdtempSync(join(tmpdir(), 'backpressure-test-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

/** An empty stack named Shop in an app of its own, with feature flags if need be. */
export function shop(flags: Record<string, boolean> = {}): Stack {
  const context = { [DISABLE_ASSET_STAGING_CONTEXT]: true, ...flags };
  // Only the template is looked at.
  return new Stack(
    new App({ outdir, context, analyticsReporting: false, stackTraces: false, treeMetadata: false }),
    'Shop',
  );
}

/** Properties of the resource behind a construct. */
export function properties(
  { template, stack }: Made,
  construct: { node: { defaultChild?: unknown } },
): Record<string, Untyped> {
  const logicalId = stack.getLogicalId(construct.node.defaultChild as never);
  return template.toJSON().Resources[logicalId].Properties;
}

/** The only resource of that type. */
export function only({ template }: Made, type: string): Record<string, Untyped> {
  const found = Object.values(template.findResources(type));
  expect(found.map((resource) => resource.Type)).toEqual([type]);
  return found[0].Properties;
}

/**
 * Actions that policies allow, with the paths of what they may touch; a wildcard or a foreign ARN shows as it is.
 *
 * @param role only policies of this role; default all of the stack
 */
export function permissions({ stack, template }: Made, role?: IRole): Record<string, string> {
  const paths = new Map(
    stack.node
      .findAll()
      .flatMap((node) =>
        node.node.defaultChild
          ? [[stack.getLogicalId(node.node.defaultChild as never), node.node.path.replace(/^Shop\//, '')] as const]
          : [],
      ),
  );
  const roleId = role && stack.getLogicalId(role.node.defaultChild as never);
  const statements = Object.values(template.findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => !roleId || Properties.Roles.some((one: Untyped) => one.Ref === roleId))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .filter(({ Effect }) => Effect === 'Allow');
  const byAction: Record<string, string> = {};
  for (const { Action, Resource } of statements) {
    const names = [Resource]
      .flat()
      .map((one: Untyped) => paths.get(one['Fn::GetAtt']?.[0] ?? one.Ref) ?? JSON.stringify(one));
    const action = [Action].flat().join(' ');
    byAction[action] = [byAction[action], ...names].filter(Boolean).join(' ');
  }
  return byAction;
}

/** The warnings of a stack and of what is in it. */
export function warningsOf(stack: Stack): string[] {
  return Annotations.fromStack(stack)
    .findWarning('*', Match.anyValue())
    .map(({ entry }) => String(entry.data));
}
