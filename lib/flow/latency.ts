/** v1 */
import { solveTail } from './gamma';
import { erlangC, sojournTail, variationFactor } from './erlang';
import type { FluidPath } from './fluid';
import { workSeconds, type ResolvedConsumer, type ResolvedWorkload } from './resolve';
import { serviceTail } from './gamma';

export interface LatencyMix {
  tail(seconds: number): number;
  quantile(quantile: number): number;
}

export function latencyMix(path: FluidPath, workload: ResolvedWorkload, consumer: ResolvedConsumer): LatencyMix {
  const work = workSeconds(workload, consumer.maxAttempts);
  const parts: { weight: number; wait: number; waiting: number; decay: number }[] = [];
  const starts: [number, number][] = [];
  // cumulative starts
  let arrivedItems = path.pieces.length ? Math.min(path.pieces[0].startItems, path.pieces[0].slots) : 0;
  let started = 0;
  for (const p of path.pieces) {
    const s0 = arrivedItems - Math.max(0, p.startItems - p.slots);
    arrivedItems += p.arrivalsPerSecond * (p.to - p.from);
    const s1 = arrivedItems - Math.max(0, p.endItems - p.slots);
    starts.push([p.from, s0], [p.to, s1]);
    started = s1;
  }
  let k = 0;
  let rank = path.pieces.length ? Math.min(path.pieces[0].startItems, path.pieces[0].slots) : 0;
  let total = 0;
  for (const p of path.pieces) {
    const n = 12;
    const dt = (p.to - p.from) / n;
    for (let i = 0; i < n; i += 1) {
      const t = p.from + (i + 0.5) * dt;
      const r = rank + p.arrivalsPerSecond * (i + 0.5) * dt;
      const weight = p.arrivalsPerSecond * dt;
      total += weight;
      if (p.busy) {
        while (k < starts.length - 1 && starts[k + 1][1] < r) k += 1;
        let at = starts[k][0];
        if (k < starts.length - 1) {
          const [t0, r0] = starts[k];
          const [t1, r1] = starts[k + 1];
          at = r1 > r0 ? t0 + ((t1 - t0) * Math.max(0, r - r0)) / (r1 - r0) : t1;
        }
        parts.push({ weight, wait: Math.max(0, at - t), waiting: 0, decay: 1 });
      } else {
        const c = p.slots;
        const offered = Math.min(p.arrivalsPerSecond * work, c * 0.999);
        const decay = (c - offered) / work / variationFactor(workload.serviceVariation);
        parts.push({ weight, wait: 0, waiting: erlangC(c, offered), decay });
      }
    }
    rank += p.arrivalsPerSecond * (p.to - p.from);
  }
  void started;
  const mean = workload.serviceSeconds;
  const cv = workload.serviceVariation;
  const tail = (x: number) => {
    let sum = 0;
    for (const p of parts)
      sum += p.weight * (p.waiting > 0 ? sojournTail(x, mean, cv, p.waiting, p.decay) : serviceTail(x - p.wait, mean, cv));
    return sum / total;
  };
  return { tail, quantile: (q) => solveTail(tail, 1 - q, mean) };
}
