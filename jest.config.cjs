/** Unit, property and snapshot tests; what needs a server or a Python judge lives in test/judges and test/local. */
const { availableParallelism } = require('node:os');
// A minute of two cores each, of which a change elsewhere breaks nothing: test:heavy runs them, and CI does.
const heavy = require('./test/heavy.json');
const libraries = `(${require('./test/libraries.cjs').NAMES.join('|')})/`;

// The template validator inside aws-cdk-lib costs seconds a file; test/judges/validator.test.ts runs it on every stack.
process.env.CDK_VALIDATION ??= 'false';

module.exports = {
  testEnvironment: '<rootDir>/test/environment.ts',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // What takes minutes or a server of its own has a command of its own: test:package, test:patterns, test:engines,
  // test:cluster.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/(package|patterns|engines|cluster)/', ...heavy],
  setupFiles: ['<rootDir>/test/setup.ts'],
  transform: {
    [`/node_modules/${libraries}.*\\.js$`]: '<rootDir>/test/libraries.cjs',
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!${libraries})`],
  // In the sandbox of a test file a lookup of a global costs more than the arithmetic itself; these are handed in once. Not
  // Error: mysql2 declares a class of that name, and a file must not declare what it is handed.
  sandboxInjectedGlobals: [
    'Math',
    'Number',
    'Object',
    'Array',
    'Map',
    'Set',
    'Float64Array',
    'JSON',
    'String',
    'Symbol',
  ],
  // A machine that is busy with something else is no fault of ours; five seconds, jest's own, are few there.
  testTimeout: 30_000,
  workerIdleMemoryLimit: '1GB',
  // One more than there are cores: the local run mostly waits, and would keep one of two to itself.
  maxWorkers: availableParallelism() + 1,
  testSequencer: '<rootDir>/test/waits-first.cjs',
};
