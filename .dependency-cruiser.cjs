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

/**
 * Inside a layer a folder is a subject, and subjects do not import each other. What several need stands beside the
 * folders, and imports none of them.
 *
 * @param shared folders that every subject of the layer may import
 * @param arrows subjects that may import others; each says why beside it
 */
const apart = (layer, shared, arrows) => {
  const folder = (name) => `^lib/${layer}/${name}/`;
  const own = (subject) => [subject, ...shared, ...(arrows[subject] ?? [])].map(folder);
  const rule = (name, from, pathNot) => ({
    name: `${layer}-${name}`,
    comment: `subjects of lib/${layer} stand apart; what several need stands beside the folders`,
    severity: 'error',
    from,
    to: { path: folder('[^/]+'), pathNot },
  });
  const named = Object.keys(arrows);
  return [
    rule('subjects-apart', { path: folder('([^/]+)'), pathNot: [...named, ...shared].map(folder) }, own('$1')),
    ...named.map((subject) => rule(`${subject}-apart`, { path: folder(subject) }, own(subject))),
    ...shared.map((name) => rule(`${name}-below-subjects`, { path: folder(name) }, [folder(name)])),
    rule(
      'beside-below-subjects',
      { path: `^lib/${layer}/[^/]+\\.ts$`, pathNot: `^lib/${layer}/(index|all)\\.ts$` },
      shared.map(folder),
    ),
  ];
};

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    only('flow-stands-alone', 'lib/flow/', []),
    only('numerics-alone', 'lib/flow/numerics/', ['lib/flow/errors', 'lib/flow/search']),
    ...apart('flow', ['numerics'], {
      // Accepted webhooks wait in a queue, and their workload is a queue's; on Kafka they are records of a stream.
      webhooks: ['queue', 'streams'],
      // Jobs wait for their share in a queue; the tenants' workloads and the promise are a queue's.
      shares: ['queue'],
      // What is due waits in a queue, where a worker is bounded.
      schedule: ['queue'],
      // Messages wait in a queue for their slot.
      rates: ['queue'],
      // Events of a low rate wait in a queue for their window.
      merging: ['queue'],
      // Runs start by the clock, at a minute from a name.
      compaction: ['schedule'],
      // A stream that writes a table compacts it as well.
      etl: ['compaction'],
      // The consumers of a stream are counted as a queue's, and each waits in a line of its own.
      streams: ['queue'],
      // Delivered lines are kept in an archive, whose smallest object decides what is collected.
      logs: ['storage'],
    }),
    ...apart('aws', [], {
      // A webhook buffer is a queue behind an API.
      webhooks: ['queue'],
      // Messages wait in a queue for their slot.
      rates: ['queue'],
      // Runs that are due wait in a queue, where a worker is bounded.
      schedule: ['queue'],
      // Events of a low rate wait in a queue for their window.
      merging: ['queue'],
      // Delivered lines are kept in an archive.
      logs: ['storage'],
    }),
    ...apart('k8s', ['operators'], {
      // The consumer of a stream is the worker of a queue.
      streams: ['queue'],
      // Accepted webhooks are records of a stream, whose consumer is the worker of a queue.
      webhooks: ['queue', 'streams'],
    }),
    ...apart('gcp', [], {
      // A webhook buffer is a subscription behind a receiver.
      webhooks: ['queue'],
    }),
    only('runtime-on-flow', 'lib/runtime/', ['lib/flow/']),
    only('ci-on-flow', 'lib/ci/', ['lib/flow/']),
    only('cases-on-flow', 'lib/cases/', ['lib/flow/']),
    only('rules-on-flow', 'lib/rules/', ['lib/flow/']),
    only('aws-downwards', 'lib/aws/', [
      'lib/cases/',
      'lib/ci/',
      'lib/rules/',
      'lib/runtime/',
      'lib/flow/',
      'lib/peers',
      'lib/package-root',
    ]),
    only('k8s-downwards', 'lib/k8s/', [
      'lib/cases/',
      'lib/ci/',
      'lib/rules/',
      'lib/runtime/',
      'lib/flow/',
      'lib/peers',
    ]),
    only('gcp-downwards', 'lib/gcp/', ['lib/cases/', 'lib/rules/', 'lib/runtime/', 'lib/flow/', 'lib/peers']),
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
