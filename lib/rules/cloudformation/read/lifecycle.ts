/**
 * The lifecycle of a bucket's objects, from its rules.
 */

import { storageClassNames, storageClassPrices } from '../../../flow/prices';
import { LARGEST_OBJECT_BYTES } from '../../../flow/storage/cost';
import type { StorageTransition } from '../../../flow/storage/workload';
import type { Resource, Value } from '../../document';

/** Objects below are not moved unless a rule says otherwise, since September 2024. */
const DEFAULT_FLOOR_BYTES = 131_072;

/** Classes that keep the floor even where the bucket lifts it for the others. */
const FLOOR_ALWAYS = ['STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'];

/** A rule that moves objects by age, all of it decided. */
export interface Lifecycle {
  readonly rule: Value;
  /** The moves, in the order in which they take place. */
  readonly transitions: readonly StorageTransition[];
  /** Bytes of the smallest object that is moved. */
  readonly smallestBytes: number;
  /** Days until it is expired; undefined when it is never expired. */
  readonly expiryDays: number | undefined;
}

/** The rules of a bucket's lifecycle that are, or may be, switched on. */
export function lifecycleRules(bucket: Resource): readonly Value[] {
  return bucket
    .at('Properties', 'LifecycleConfiguration', 'Rules')
    .items()
    .filter((rule) => rule.at('Status').mayBe('Enabled'));
}

/** Whether a bucket keeps overwritten and deleted objects; undefined when not decided. */
export function isVersioned(bucket: Resource): boolean | undefined {
  const status = bucket.at('Properties', 'VersioningConfiguration', 'Status');
  if (status.absent) return false;
  return status.text() === undefined ? undefined : status.text() === 'Enabled';
}

/** The rules that move objects by age, as far as all about them is decided. */
export function lifecycles(bucket: Resource): Lifecycle[] {
  const rules = lifecycleRules(bucket);
  const minimum = bucket
    .at('Properties', 'LifecycleConfiguration', 'TransitionDefaultMinimumObjectSize')
    .text('all_storage_classes_128K');
  return rules.flatMap((rule) => {
    const transitions = transitionsOf(rule);
    const noncurrentDays = isVersioned(bucket) === false ? 0 : noncurrentExpiry(rule);
    const expiration = [rule.at('ExpirationInDays'), rule.at('ExpirationDate')];
    const above = rule.at('ObjectSizeGreaterThan').number(-1);
    if (!transitions?.length || minimum === undefined || above === undefined) return [];
    if (rule.at('Status').text() !== 'Enabled' || !expiration[1].absent) return [];
    const days = expiration[0].number(0);
    if (days === undefined || (days > 0 && noncurrentDays === undefined)) return [];
    const floor = transitions.every(({ storageClass }) =>
      minimum === 'varies_by_storage_class' ? FLOOR_ALWAYS.includes(storageClass) : true,
    );
    return [
      {
        rule,
        transitions,
        smallestBytes: Math.min(above >= 0 ? above + 1 : floor ? DEFAULT_FLOOR_BYTES : 1, LARGEST_OBJECT_BYTES),
        expiryDays: days > 0 ? days + noncurrentDays! : undefined,
      },
    ];
  });
}

/** Days that a version is kept once another has replaced it; undefined when it is never deleted, or not decided. */
function noncurrentExpiry(rule: Value): number | undefined {
  return rule
    .at('NoncurrentVersionExpiration', 'NoncurrentDays')
    .number(rule.at('NoncurrentVersionExpirationInDays').number());
}

/** The moves of a rule; undefined when one is not decided, or has no price here. */
function transitionsOf(rule: Value): StorageTransition[] | undefined {
  const listed = [...rule.at('Transitions').items(), ...rule.at('Transition').items()].map((transition) => ({
    storageClass: transition.at('StorageClass').text() ?? '',
    afterDays: transition.at('TransitionInDays').number(),
  }));
  const moves = listed.flatMap(({ storageClass, afterDays }) =>
    afterDays === undefined || !isPriced(storageClass) ? [] : [{ storageClass, afterDays }],
  );
  return moves.length === listed.length ? moves.sort((a, b) => a.afterDays - b.afterDays) : undefined;
}

/** The cost of tiering depends on reads, which no template knows. */
function isPriced(storageClass: string): boolean {
  return (
    storageClassNames.includes(storageClass) &&
    storageClass !== 'INTELLIGENT_TIERING' &&
    storageClassPrices(storageClass).rank > 0
  );
}
