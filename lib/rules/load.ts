/**
 * Loads ninety rules and a YAML parser at the first use. Importing a construct also imports the checks, and most
 * programs do not run them.
 */
export function loadRules() {
  return {
    ...(require('./check') as typeof import('./check')),
    ...(require('./describe') as typeof import('./describe')),
    ...(require('./lines') as typeof import('./lines')),
    ...(require('./link-of') as typeof import('./link-of')),
    ...(require('./not-read') as typeof import('./not-read')),
    ...(require('./parse') as typeof import('./parse')),
    ...(require('./read') as typeof import('./read')),
    ...(require('./sarif') as typeof import('./sarif')),
    ...(require('./table') as typeof import('./table')),
  };
}
