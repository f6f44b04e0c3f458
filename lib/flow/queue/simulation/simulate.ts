/**
 * Event-driven simulation of one peak: Poisson arrivals, first come first served, consumers that autoscale, fail, retry
 * and die. It checks the closed forms, so it shares with them only the scaling law and the workload.
 *
 * The same options give the same run, bit for bit. Memory is bounded by the most items that are outstanding at one
 * time, however many pass through.
 *
 * Source: Law, Simulation Modeling and Analysis (2015), 1.3 (next-event time advance).
 */
import { STEADY_HORIZON_SECONDS } from '../resolve';
import type { Fault, SimulationOptions, SimulationResult } from './options';
import { Run } from './run';
import type { DepthPoint } from './timeline';

export type { DepthPoint, Fault, SimulationOptions, SimulationResult };
export { STEADY_HORIZON_SECONDS };

/**
 * Runs one simulation.
 *
 * @throws nothing; the plan has checked the numbers
 */
export function simulate(options: SimulationOptions): SimulationResult {
  return new Run(options).run();
}
