/**
 * The `Globals` section: what its functions, APIs and tables have in common.
 */

import { mapping, type Raw } from '../../../raw';
import { isMapping } from '../../../resolved';

/** Sections of Globals by the type that they are for. */
const SECTIONS: Readonly<Record<string, string>> = {
  'AWS::Serverless::Function': 'Function',
  'AWS::Serverless::Api': 'Api',
  'AWS::Serverless::HttpApi': 'HttpApi',
  'AWS::Serverless::SimpleTable': 'SimpleTable',
  'AWS::Serverless::StateMachine': 'StateMachine',
  'AWS::Serverless::LayerVersion': 'LayerVersion',
};

/** The properties of a resource with those of Globals, of which a resource may refuse some or all. */
export function withGlobals(globals: unknown, type: string, raw: Raw): Raw {
  const section = Object.hasOwn(SECTIONS, type) ? SECTIONS[type] : '';
  const refused = raw.IgnoreGlobals === '*' ? undefined : [raw.IgnoreGlobals ?? []].flat();
  const common = Object.entries(refused === undefined ? {} : mapping(mapping(globals)[section]));
  const kept = Object.fromEntries(common.filter(([key]) => !refused?.includes(key)));
  return merged(kept, mapping(raw.Properties)) as Raw;
}

/** Mappings are merged key by key, lists are joined, and of anything else the resource's own is taken. */
function merged(common: unknown, own: unknown): unknown {
  if (own === undefined) return common;
  if (Array.isArray(common) && Array.isArray(own)) return [...common, ...own];
  if (!isPlain(common) || !isPlain(own)) return own;
  const keys = new Set([...Object.keys(common), ...Object.keys(own)]);
  return Object.fromEntries([...keys].map((key) => [key, merged(ownValue(common, key), ownValue(own, key))]));
}

function ownValue(raw: Raw, key: string): unknown {
  return Object.hasOwn(raw, key) ? raw[key] : undefined;
}

/** Whether it is a mapping and no intrinsic function, which is one value. */
function isPlain(value: unknown): value is Raw {
  if (!isMapping(value)) return false;
  const keys = Object.keys(value);
  return keys.length !== 1 || !/^(Ref|Condition|Fn::.*)$/.test(keys[0]);
}
