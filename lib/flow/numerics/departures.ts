/**
 * Squared coefficient of variation of departures as counted over `seconds`. Many slots together look like a Poisson
 * process (1) over times shorter than a service, and like their services (cv²) over long ones. 1 ÷ (1 + u/2 + 4u²)
 * follows the exact count of constant services, 1 − u for u < 1 and about 1 ÷ 6u after.
 *
 * Source: Cox, Renewal Theory (1962), 6 (superposition of renewal processes).
 */

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, sqrt } = Math;
export function departureVariation(seconds: number, serviceSeconds: number, variation: number): number {
  const long = variation * variation;
  const u = seconds / (serviceSeconds * sqrt(max(1, (1 + long) / 2)));
  return long + (1 - long) / (1 + u / 2 + 4 * u * u);
}
