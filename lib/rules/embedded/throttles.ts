import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** `rate`, `self.rate`, `this._rate`. */
const RATE = '(?:self\\._?|this\\.[_#]?)?(?:rate|refill_?rate|refillRate)';

/** Rules about what is to hold work back: buckets, pools, breakers. */
export const EMBEDDED_THROTTLE_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-BUCKET-001',
    title: 'A token bucket that holds its rate instead of its burst',
    why: 'The burst that was allowed is cut to one second of the rate, or a small one raised to it; and below one token a second the bucket never holds a whole one, so that nothing is ever sent.',
    source: 'Token bucket: tokens = min(burst, tokens + Δt × rate); RFC 2697, section 3',
    severity: 'error',
    cases: [7],
    signs: [
      {
        pattern: new RegExp(
          `tokens\\s*=\\s*(?:Math\\.)?min\\(\\s*(?:${RATE}\\s*,|[^\\n]{0,300},\\s{0,9}${RATE}\\s*\\)\\s*;?\\s*$)`,
          'm',
        ),
        needs: /\bburst\b|\bcapacity\b/i,
        message: () =>
          'tokens are clamped to the rate: the burst is ignored, and below 1/s there is never a whole token',
        fix: 'clamp to the burst: min(burst, tokens + elapsed × rate)',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-BUCKET-002',
    title: 'A token bucket that is refilled in lumps',
    why: 'All of a second is let through at its beginning, and nothing at its end. Two lumps at the edge of a window are twice the limit for whoever counts in windows of his own.',
    source: 'RFC 2697, section 3: tokens are added one at a time, at the rate',
    severity: 'warning',
    cases: [4],
    signs: [
      {
        pattern:
          /setInterval\(\s*(?:async\s*)?(?:function\b|\(?\w*\)?\s*=>)(?:(?!setInterval)[\s\S]){0,300}?tokens[\s\S]{0,200}?\}?\s{0,99},\s{0,99}(\d{4,20})\s{0,99}\)/,
        message: (match) =>
          `tokens are added every ${Number(match[1]) / 1000} s: the whole of it is spent at once, and nothing until the next`,
        fix: 'refill when a token is asked for, from the time that has passed: min(burst, tokens + elapsed × rate)',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-MYSQL-003',
    title: 'A throttle that only ever gets tighter',
    why: 'Each look at a replica that lags halves the rate again, and nothing raises it. After a few minutes nothing is written, and it stays so when the replica has long caught up.',
    source: 'Chiu & Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance" (1989): AIMD',
    severity: 'error',
    cases: [8],
    signs: [
      {
        pattern: /\.reduce\(\s*(0?\.\d+)\s*\)|\b(?:rate|limit|permits)\w*\s*\*=\s*(0?\.\d+)/i,
        needs: /lag|behind|delay/i,
        excuse: /\b(?:increase|recover|restore|raise|grow|relax)\w*|\+=/i,
        message: (match) =>
          `the rate is multiplied by ${match[1] ?? match[2]} while the replica lags, and nothing raises it again`,
        fix: 'add a fixed step whenever the lag is below its bound (additive increase, multiplicative decrease)',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-POOL-001',
    title: 'A full pool answers with an error of the server',
    why: 'AbortPolicy throws, and what nobody catches is a 500: callers take it for a fault and try again at once, which is the last thing that a full pool needs.',
    source: 'Java, ThreadPoolExecutor.AbortPolicy: throws RejectedExecutionException; RFC 9110, 503 and Retry-After',
    severity: 'error',
    cases: [12],
    signs: [
      {
        pattern: /new\s+(?:ThreadPoolExecutor\.)?AbortPolicy\(\)/,
        excuse: /RejectedExecutionException/,
        message: () =>
          'AbortPolicy throws RejectedExecutionException, which is mapped nowhere: callers see 500 and try again',
        fix: 'catch RejectedExecutionException and answer 503 with Retry-After',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-POOL-002',
    title: 'A circuit breaker that waits for ever',
    why: 'A breaker counts calls that end. A dependency that does not answer ends none: every thread waits in it, and the breaker stays closed.',
    source: 'Resilience4j, CircuitBreaker and TimeLimiter',
    severity: 'error',
    cases: [12],
    signs: [
      {
        pattern: /\bCircuitBreaker(?:Registry)?\.of(?:Defaults)?\(/,
        excuse: /TimeLimiter|\.orTimeout\(|completeOnTimeout|(?:read|call|request|connect|response|socket)_?Timeout/i,
        message: () => 'a CircuitBreaker and no time-out: a call that never returns is never counted',
        fix: 'put a TimeLimiter, or the time-out of the client, below it: shorter than what the caller waits',
      },
    ],
  }),
];
