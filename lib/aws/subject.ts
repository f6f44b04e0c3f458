/**
 * The id used in errors and plans: the one that the user wrote. A child whose id the user never wrote reports under its
 * parent's.
 */
import type { IConstruct } from 'constructs';

const parents = new WeakSet<IConstruct>();

/** From now on every construct of ours inside `parent` reports under the id of `parent`. */
export function reportsForChildren(parent: IConstruct): void {
  parents.add(parent);
}

/** The id to report under. */
export function subjectOf(construct: IConstruct): string {
  let reported = construct;
  for (let scope = construct.node.scope; scope && parents.has(scope); scope = scope.node.scope) reported = scope;
  return reported.node.id;
}
