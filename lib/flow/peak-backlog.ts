import type { FluidPath } from './fluid';
import type { ResolvedConsumer, ResolvedWorkload } from './resolve';
/** v1 */
export function expectedPeakBacklog(path: FluidPath, _workload: ResolvedWorkload, _consumer: ResolvedConsumer): number {
  return path.peakBacklog;
}
