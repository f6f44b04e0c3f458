/** So many names a person reads in a sentence. */
const SHOWN = 5;

/** A few of the names, and how many more there are. */
export function listed(names: readonly string[]): string {
  return names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '');
}
