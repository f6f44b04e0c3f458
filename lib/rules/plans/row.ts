/**
 * How a resource of a Terraform provider becomes one of CloudFormation, as data: a row a type, a field a property.
 */

/** One type of a provider. */
export interface Row {
  /** The type of CloudFormation that rules know. */
  readonly type: string;
  readonly properties: Fields;
  /** The resource that it is only a part of. */
  readonly part?: Part;
  /** Attributes by which others name it, as CloudFormation calls them. Default: `arn` is Arn, any other is its Ref. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Its name in Pulumi's bridged provider, where that does not follow from Terraform's. */
  readonly pulumi?: string;
  /** Inputs of Pulumi's provider by attribute, where they do not follow from Terraform's names. */
  readonly renamed?: Readonly<Record<string, string>>;
}

/** The whole that a resource is a part of. */
export interface Part {
  /** The type of the whole, as the provider calls it. */
  readonly of: string;
  /** The attribute that names the whole. */
  readonly by: string;
  /** An attribute in which both are equal, because names of the whole need not be unique. */
  readonly also?: string;
  /** The list of the whole to which the part is added. Default: its properties are those of the whole. */
  readonly list?: string;
}

/** Properties by name. */
export type Fields = Readonly<Record<string, Field>>;

/** An attribute with the same value, or one in another shape. `a.b` is `b` in the only block `a`. */
export type Field = string | Shaped;

/** A property that is written differently. */
export type Shaped =
  | { readonly as: 'json'; readonly from: string; readonly made?: Readonly<Record<string, string>> }
  | { readonly as: 'base64'; readonly from: string }
  | { readonly as: 'capitals'; readonly from: string }
  | { readonly as: 'policy'; readonly from: string }
  | { readonly as: 'block'; readonly from: string; readonly fields: Fields; readonly when?: string }
  | { readonly as: 'blocks'; readonly from: string; readonly fields: Fields }
  | { readonly as: 'object'; readonly fields: Fields }
  | { readonly as: 'list'; readonly of: readonly Field[] }
  | { readonly as: 'pairs'; readonly from: string; readonly name: string; readonly value: string }
  | { readonly as: 'named'; readonly from: string }
  | { readonly as: 'unless'; readonly from: string; readonly usual: number | boolean }
  | { readonly as: 'choice'; readonly from: string; readonly values: Readonly<Record<string, string>> }
  | { readonly as: 'resource'; readonly from: string; readonly types: readonly string[]; readonly before?: string }
  | { readonly as: 'either'; readonly of: readonly Field[] }
  | { readonly as: 'known'; readonly of: Field }
  | { readonly as: 'without'; readonly of: Field; readonly other: string }
  | { readonly as: 'set'; readonly value: string | boolean };

/**
 * JSON in a text.
 *
 * @param made its keys that a plan does not tell before it is applied, each with the type of resource that it names
 */
export const json = (from: string, made?: Readonly<Record<string, string>>): Shaped => ({ as: 'json', from, made });

/** A text in base64. */
export const base64 = (from: string): Shaped => ({ as: 'base64', from });

/** JSON in a text whose keys begin with a small letter, where CloudFormation has a capital. */
export const capitals = (from: string): Shaped => ({ as: 'capitals', from });

/** A policy in a text, or of a data source that is read when the plan is applied. */
export const policy = (from: string): Shaped => ({ as: 'policy', from });

/** A block that stands once at most; with `when`, only if that attribute in it is not false. */
export const block = (from: string, fields: Fields, when?: string): Shaped => ({ as: 'block', from, fields, when });

/** Blocks of one name as a list. */
export const blocks = (from: string, fields: Fields): Shaped => ({ as: 'blocks', from, fields });

/** A mapping of attributes that stand beside each other. */
export const object = (fields: Fields): Shaped => ({ as: 'object', fields });

/** A list of what is given of these. */
export const list = (...of: readonly Field[]): Shaped => ({ as: 'list', of });

/** A map as a list of names with values. */
export const pairs = (from: string, name = 'Key', value = 'Value'): Shaped => ({ as: 'pairs', from, name, value });

/** Blocks with `name` and `value` as a mapping. */
export const named = (from: string): Shaped => ({ as: 'named', from });

/** Absent where it has this value, which the provider writes for a value that is not given. */
export const unless = (from: string, usual: number | boolean): Shaped => ({ as: 'unless', from, usual });

/** Other words for the same. */
export const choice = (from: string, values: Readonly<Record<string, string>>): Shaped => ({
  as: 'choice',
  from,
  values,
});

/** The resource of these types that a value names by its id. */
export const resource = (from: string, ...types: readonly string[]): Shaped => ({ as: 'resource', from, types });

/** A text that ends with the name of a resource of these types. */
export const ending = (before: string, from: string, ...types: readonly string[]): Shaped => ({
  as: 'resource',
  from,
  types,
  before,
});

/** The first of these that is given. */
export const either = (...of: readonly Field[]): Shaped => ({ as: 'either', of });

/** Absent where it is known only after apply: the provider computes it, unless a resource of its own says otherwise. */
export const known = (of: Field): Shaped => ({ as: 'known', of });

/** Absent where another attribute is given, beside which the provider writes a zero for it. */
export const without = (other: string, of: Field): Shaped => ({ as: 'without', of, other });

/** A value that the type itself says. */
export const set = (value: string | boolean): Shaped => ({ as: 'set', value });
