/** Peaks of writes, for the constructs of case 8. */
import fc from 'fast-check';
import { ReplicaEngine } from '../../../lib/flow/replication/workload';
import { optional, spread } from '../../support/property';
import { figures, seldom } from './values';

/** The numbers of a guard, on any engine. */
export const writePeaks = {
  workload: fc.record({
    steadyCommitsPerSecond: figures(1, 500),
    peakCommitsPerSecond: figures(500, 5000),
    peakSeconds: figures(1, 7200),
    applySeconds: figures(1e-4, 1e-3),
    parallelShare: optional(fc.double({ min: 0, max: 1, noNaN: true })),
    bulkShare: spread(0.01, 1),
    largestTransactionSeconds: optional(spread(0.01, 10)),
  }),
  objective: fc.record({ lagSeconds: figures(10, 300), bulkDelaySeconds: optional(spread(1e3, 1e5)) }),
  engine: fc.constantFrom(...Object.values(ReplicaEngine)),
  cpu: optional(fc.integer({ min: 1, max: 64 })),
  workers: seldom(fc.integer({ min: 0, max: 64 })),
  releaseRatio: optional(fc.constantFrom(0.3, 0.5, 0.7)),
  headroom: optional(fc.constantFrom(1, 1.25, 3)),
  relaxedDurability: optional(fc.boolean()),
};
