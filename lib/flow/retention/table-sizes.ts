import type { Stock } from '../numerics/stock';
import type { Sized } from './sizing';
import type { Pace } from './table-pace';
import type { TtlTableObjective, TtlTableWorkload } from './table-workload';

/** What the knobs are made of. */
export interface TableSizes {
  readonly workload: TtlTableWorkload;
  readonly objective: TtlTableObjective;
  readonly retentionSeconds: number;
  readonly lagSeconds: number;
  /** The table in its steady state: what waits for its deletion is in it. */
  readonly stock: Stock;
  readonly pace: Pace;
  readonly sized: Sized;
}
