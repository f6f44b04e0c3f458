/** What becomes of items and documents that do not say when they were created. */
import { type Knob, unlessGiven } from '../plan';

/** Where it is said. */
interface Answered {
  readonly expireUnknownAge?: boolean;
}

/** The choice as a number, which is how programs are told. */
export function unknownAgeKnob({ expireUnknownAge }: Answered, what: 'items' | 'documents'): Knob {
  return {
    name: 'expireUnknownAge',
    value: expireUnknownAge ? 1 : 0,
    unit: '(1 is yes)',
    ...unlessGiven(expireUnknownAge, `no, unless given: ${what} that do not say when they were created get no expiry`),
    source: 'this library: what is deleted by mistake does not come back, what is kept is counted',
  };
}

/** The same, for a person who reads the plan. */
export function unknownAgeRemark({ expireUnknownAge }: Answered, what: 'Items' | 'Documents'): string {
  return expireUnknownAge
    ? `${what} without a usable creation time expire a retention after the backfill reaches them, settings and accounts among them.`
    : `${what} without a usable creation time get no expiry: they stay, and the sizes of this plan leave them out. All others expire, whatever they are for.`;
}
