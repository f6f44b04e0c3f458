/**
 * The resources of a template as they are deployed: as declared, as AWS's macro makes them, or as a plan of another tool
 * has them.
 */
import { madeTemplate } from '../../plans/ways';
import { isMapping } from '../../resolved';
import { type Expansion, expandSam, isSam } from './sam/expand';

/** The resources of a template, and where they stand in it. */
export function expansionOf(body: Record<string, unknown>): Expansion {
  const made = madeTemplate(body);
  if (made) return made;
  if ([body.Transform].flat().some(isSam)) return expandSam(body);
  const resources = isMapping(body.Resources) ? body.Resources : {};
  return { resources, origins: new Map(), aliases: new Map(), unread: [] };
}
