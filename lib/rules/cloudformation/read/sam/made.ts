/**
 * The resources that AWS's macro for serverless applications makes of a template, and where each one stands in it.
 */

import type { Origin } from '../../../document';
import type { Raw } from '../../../raw';
import { isMapping } from '../../../resolved';

/** Attributes that a resource hands on to everything that is made of it. */
const HANDED_ON = ['Condition', 'DeletionPolicy', 'UpdateReplacePolicy', 'Metadata'];

/** Collects the resources that are made, in the order in which they are declared. */
export class Made {
  /** Every resource of the template as it is deployed, by its logical id. */
  public readonly resources: Record<string, Raw>;
  /** Where those that are made stand in the template. */
  public readonly origins = new Map<string, Origin>();
  /** Names with a dot that the macro replaces: `Handler.Alias`. */
  public readonly aliases = new Map<string, string>();
  /** What could not be read, in words; a resource may be missing then. */
  public readonly unread: string[] = [];

  constructor(
    declared: Raw,
    /** The properties that Globals give to every resource of a type. */
    public readonly common: (type: string) => Raw,
  ) {
    this.resources = Object.fromEntries(Object.entries(declared)) as Record<string, Raw>;
  }

  /** The resource as it is declared; undefined when it is none. */
  public declared(id: string): Raw | undefined {
    const raw = Object.hasOwn(this.resources, id) ? this.resources[id] : undefined;
    return isMapping(raw) ? raw : undefined;
  }

  /** Adds a resource that is made of `owner`. */
  public add(owner: Owner, id: string, type: string, properties: Raw, places: Places = {}): void {
    this.resources[id] = { ...owner.attributes, Type: type, Properties: properties };
    this.origins.set(id, originOf(owner, places));
  }
}

/** The resource that others are made of, and the place in it. */
export interface Owner {
  readonly id: string;
  readonly attributes: Raw;
  /** Where the properties of what is made stand, as in `Properties.Events.Orders.Properties`. */
  readonly base: string;
}

/** Properties that are written elsewhere: the way in what is made, and the way in the template; '' for all of it. */
export type Places = Readonly<Record<string, string>>;

/** The owner for a resource of the template. */
export function ownerOf(id: string, raw: Raw): Owner {
  const attributes = Object.fromEntries(HANDED_ON.filter((key) => key in raw).map((key) => [key, raw[key]]));
  return { id, attributes, base: 'Properties' };
}

/** The same for what one of its events makes. */
export function ofEvent(owner: Owner, event: string): Owner {
  return { ...owner, base: `Properties.Events.${event}.Properties` };
}

function originOf({ id, base }: Owner, places: Places): Origin {
  const renamed = Object.entries(places).sort(([a], [b]) => b.length - a.length);
  return {
    resource: id,
    wayTo(path) {
      for (const [made, written] of renamed) {
        const way = made === '' ? 'Properties' : `Properties.${made}`;
        if (path === way || path.startsWith(`${way}.`) || path.startsWith(`${way}[`))
          return `${base}${written === '' ? '' : `.${written}`}${path.slice(way.length)}`;
      }
      return path.replace(/^Properties(?=\.|$)/, base);
    },
  };
}

/** Those keys of a mapping that are given. */
export function pick(from: Raw, keys: readonly string[]): Raw {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]));
}

/** A reference to an attribute. */
export function getAtt(id: string, attribute: string): Raw {
  return { 'Fn::GetAtt': [id, attribute] };
}
