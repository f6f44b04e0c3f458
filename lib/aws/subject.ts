/**
 * By which name a construct of ours speaks in errors and plans: by the id that the user gave. A part of a larger
 * construct has an id that the user never wrote, so it speaks by that of the whole.
 */
import type { IConstruct } from 'constructs';

const wholes = new WeakSet<IConstruct>();

/** From now on every construct of ours inside `whole` speaks by the id of `whole`. */
export function speaksForItsParts(whole: IConstruct): void {
  wholes.add(whole);
}

/** The id to speak by. */
export function subjectOf(construct: IConstruct): string {
  let speaker = construct;
  for (let scope = construct.node.scope; scope && wholes.has(scope); scope = scope.node.scope) speaker = scope;
  return speaker.node.id;
}
