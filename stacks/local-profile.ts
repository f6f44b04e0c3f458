import { CfnElement, CfnResource, type IAspect, Stack, Token } from 'aws-cdk-lib';
import { CfnAlarm, CfnDashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import localTypes from './local-types.json';

/** Properties that the emulator accepts and ignores; asserted on the template, never claimed as deployed. */
export const ACCEPTED_WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  'AWS::S3::Bucket': 'lifecycle, inventory, tiering and encryption',
  'AWS::DynamoDB::Table': 'time to live and point-in-time recovery',
  'AWS::Lambda::Function': 'reserved concurrency',
  'AWS::WAFv2::WebACL': 'the rate rule',
  'AWS::CloudWatch::Alarm': 'alarms on metrics of SQS and API Gateway, which the emulator does not publish',
};

const provisions = new Set(localTypes.provisions);

/** One resource that was left out of the local deployment. */
export interface DroppedResource {
  readonly resourceType: string;
  readonly path: string;
  readonly reason: string;
}

/**
 * Leaves out resources that the local emulator does not support, so that the same stack deploys there. Every resource
 * left out is recorded; a stack in which a kept resource refers to a dropped one is refused.
 */
export class LocalProfile implements IAspect {
  public readonly dropped: DroppedResource[] = [];
  readonly #droppedIds = new Map<Stack, Map<string, string>>();

  public visit(node: IConstruct): void {
    if (Stack.isStack(node)) {
      this.#droppedIds.set(node, new Map());
      node.node.addValidation({ validate: () => this.#danglingReferences(node) });
      return;
    }
    if (!(node instanceof CfnResource)) return;
    const stack = Stack.of(node);
    const reason = cannotHold(node) ?? this.#showsDropped(node);
    if (reason === undefined) return;
    const logicalId = stack.resolve(node.logicalId) as string;
    this.#droppedIds.get(stack)?.set(logicalId, node.node.path);
    this.dropped.push({ resourceType: node.cfnResourceType, path: node.node.path, reason });
    node.node.scope?.node.tryRemoveChild(node.node.id);
  }

  /** No resource depends on a dashboard, so it may be dropped with an alarm that it shows. */
  #showsDropped(resource: CfnResource): string | undefined {
    if (!(resource instanceof CfnDashboard)) return undefined;
    const stack = Stack.of(resource);
    const shown = new Set(referencesIn(stack.resolve(resource._toCloudFormation())));
    const left = stack.node.findAll().filter((child): child is CfnResource => child instanceof CfnResource);
    const going = left.filter((child) => shown.has(stack.resolve(child.logicalId) as string) && cannotHold(child));
    const gone = [...(this.#droppedIds.get(stack)?.keys() ?? [])].filter((id) => shown.has(id));
    return going.length + gone.length > 0 ? 'a dashboard that shows an alarm on metric math' : undefined;
  }

  #danglingReferences(stack: Stack): string[] {
    const dropped = this.#droppedIds.get(stack) ?? new Map<string, string>();
    // Outputs and conditions refer to resources too.
    const elements = stack.node.findAll().filter((child) => CfnElement.isCfnElement(child));
    return elements.flatMap((element) => {
      const rendered = stack.resolve(element._toCloudFormation()) as unknown;
      const ids = new Set(referencesIn(rendered).filter((id) => dropped.has(id)));
      return [...ids].map(
        (id) => `${element.node.path} refers to ${dropped.get(id)}, which the local emulator does not support`,
      );
    });
  }
}

function cannotHold(resource: CfnResource): string | undefined {
  if (resource.cfnResourceType.startsWith('Custom::')) return undefined;
  if (!provisions.has(resource.cfnResourceType)) return 'no such resource type in the emulator';
  if (resource instanceof CfnAlarm && resource.metrics !== undefined && !Token.isUnresolved(resource.metrics)) {
    return 'an alarm on metric math';
  }
  return undefined;
}

/** Logical ids that a rendered resource refers to: `Ref`, `Fn::GetAtt`, `Fn::Sub`, `DependsOn`. */
function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref' && typeof inner === 'string') return [inner];
    if (key === 'Fn::GetAtt') return [Array.isArray(inner) ? String(inner[0]) : String(inner).split('.')[0]];
    if (key === 'DependsOn') return [inner].flat().map(String);
    if (key === 'Fn::Sub') {
      const text = Array.isArray(inner) ? String(inner[0]) : String(inner);
      return [...text.matchAll(/\$\{([A-Za-z0-9]+)[^}]*\}/g)].map((match) => match[1]);
    }
    return referencesIn(inner);
  });
}
