/** Peaks of writes, for the constructs of case 8. */
import fc from 'fast-check';
import { ReplicaEngine } from '../../../lib/flow/replication/workload';
import { optional, spread } from '../../support/property';
import { figures } from './values';

/** The numbers of a guard, on any engine. */
export const writePeaks = {
  workload: fc.record({
    steadyCommitsPerSecond: figures(1, 1000),
    peakCommitsPerSecond: figures(500, 5000),
    peakSeconds: figures(1, 7200),
    applySeconds: figures(1e-4, 1e-2),
    parallelShare: optional(fc.double({ min: 0, max: 1, noNaN: true })),
    bulkShare: fc.double({ min: 0, max: 1, noNaN: true }),
    largestTransactionSeconds: optional(spread(0.01, 100)),
  }),
  objective: fc.record({ lagSeconds: figures(1, 300), bulkDelaySeconds: optional(spread(1, 1e5)) }),
  engine: fc.constantFrom(...Object.values(ReplicaEngine)),
  cpu: optional(fc.integer({ min: 1, max: 64 })),
  workers: optional(fc.integer({ min: 0, max: 64 })),
  releaseRatio: optional(fc.constantFrom(0.3, 0.5, 0.95)),
  headroom: optional(fc.constantFrom(1, 1.25, 3)),
  relaxedDurability: optional(fc.boolean()),
};
