/**
 * Loads every rule and a YAML parser at the first use. Importing a construct also imports the checks, and most
 * programs do not run them.
 */
export function loadRules() {
  return {
    ...(require('./check') as typeof import('./check')),
    ...(require('./describe') as typeof import('./describe')),
    ...(require('./fix/diff') as typeof import('./fix/diff')),
    ...(require('./fix/fixes') as typeof import('./fix/fixes')),
    ...(require('./foreign') as typeof import('./foreign')),
    ...(require('./link') as typeof import('./link')),
    ...(require('./lines') as typeof import('./lines')),
    ...(require('./not-read') as typeof import('./not-read')),
    ...(require('./parse') as typeof import('./parse')),
    ...(require('./read') as typeof import('./read')),
    ...(require('./report/github') as typeof import('./report/github')),
    ...(require('./report/json') as typeof import('./report/json')),
    ...(require('./report/junit') as typeof import('./report/junit')),
    ...(require('./report/markdown') as typeof import('./report/markdown')),
    ...(require('./report/report') as typeof import('./report/report')),
    ...(require('./report/text') as typeof import('./report/text')),
    ...(require('./sarif') as typeof import('./sarif')),
    ...(require('./settings/acknowledge') as typeof import('./settings/acknowledge')),
    ...(require('./settings/baseline') as typeof import('./settings/baseline')),
    ...(require('./settings/choices') as typeof import('./settings/choices')),
    ...(require('./settings/config') as typeof import('./settings/config')),
    ...(require('./settings/levels') as typeof import('./settings/levels')),
    ...(require('./settings/pattern') as typeof import('./settings/pattern')),
    ...(require('./table') as typeof import('./table')),
  };
}

/** The reader of queries in dashboards and rules, which parses YAML. */
export function loadMetricUses(): typeof import('./metric-uses') {
  return require('./metric-uses');
}

/** The examples of the rules; only who asks for one rule reads them. */
export function loadExamples(): typeof import('./examples') {
  return require('./examples');
}
