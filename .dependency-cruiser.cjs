/**
 * Imports only point downwards: bin → stacks → lib/aws → lib/cases, lib/rules, lib/runtime → lib/flow.
 * Siblings never import each other, and nothing inside the library goes through a barrel.
 */
const only = (name, from, allowed) => ({
  name,
  comment: `${from} may import ${allowed.join(', ') || 'nothing but itself'}`,
  severity: 'error',
  from: { path: `^${from}` },
  to: { path: '^(bin|stacks|charts|lib|test|bench|docs)/', pathNot: [from, ...allowed].map((path) => `^${path}`) },
});

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    only('flow-stands-alone', 'lib/flow/', []),
    only('runtime-on-flow', 'lib/runtime/', ['lib/flow/']),
    only('cases-on-flow', 'lib/cases/', ['lib/flow/']),
    only('rules-on-flow', 'lib/rules/', ['lib/flow/']),
    only('aws-downwards', 'lib/aws/', ['lib/cases/', 'lib/rules/', 'lib/runtime/', 'lib/flow/']),
    only('k8s-downwards', 'lib/k8s/', ['lib/cases/', 'lib/rules/', 'lib/runtime/', 'lib/flow/']),
    only('gcp-downwards', 'lib/gcp/', ['lib/cases/', 'lib/rules/', 'lib/runtime/', 'lib/flow/']),
    only('stacks-on-aws', 'stacks/', ['lib/']),
    only('charts-on-k8s', 'charts/', ['lib/']),
    {
      name: 'no-barrel-inside',
      comment: 'index.ts files are for users',
      severity: 'error',
      from: { path: '^(lib|stacks|charts|bin)/', pathNot: ['^lib/index\\.ts$', '^lib/[^/]+/index\\.ts$'] },
      to: { path: ['^lib/index\\.ts$', '^lib/[^/]+/index\\.ts$'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.dev.json' },
  },
};
