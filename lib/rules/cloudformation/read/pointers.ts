/**
 * Whether one of many values may turn out to be a resource. Every resource of a document is looked up, so the values
 * are sorted once by what they can mean.
 */
import type { Resource, Value } from '../../document';
import { Composite, Reference, UNKNOWN } from '../../resolved';
import type { Template } from './template';

/** The resources of one type that some values may mean. */
export class Pointers {
  private readonly certain: ReadonlySet<Resource>;
  /** Whether one of them may be any resource, because another template or a macro decides it. */
  private readonly open: boolean;
  /** Whether one of them is a name, which may be that of any resource whose name is not decided. */
  private readonly named: boolean;

  constructor(
    template: Template,
    values: readonly Value[],
    type: string,
    private readonly nameProperty: string,
  ) {
    this.certain = new Set(values.flatMap((value) => template.findAll(value, type, nameProperty)));
    this.open = values.some((value) => isOpen(template, value));
    this.named = values.some((value) => isName(value));
  }

  /** Whether one of the values is this resource, or may turn out to be. */
  public mayMean(resource: Resource): boolean {
    if (this.open || this.certain.has(resource)) return true;
    return this.named && !resource.at('Properties', this.nameProperty).decided;
  }
}

function isOpen(template: Template, { resolved }: Value): boolean {
  if (resolved === UNKNOWN) return true;
  if (resolved instanceof Reference)
    return /^(Custom::|AWS::CloudFormation::)/.test(template.resource(resolved.name)!.type);
  return (
    resolved instanceof Composite &&
    resolved.tail === undefined &&
    resolved.parts.some((part) => part === UNKNOWN) &&
    !resolved.parts.some((part) => part instanceof Reference)
  );
}

function isName({ resolved }: Value): boolean {
  return resolved instanceof Composite ? resolved.tail !== undefined : typeof resolved === 'string';
}
