import type { Rule } from '../rule';
import { embeddedRule, withoutComments } from './trap';

/** The bounded queue of a pool. */
const QUEUE_OF_POOL = /\bnew\s+(?:Array|Linked)BlockingQueue\s*<[^<>]{0,99}>\s*\(\s*(\d{1,9})\s*\)/;

/** `rate`, `self.rate`, `this._rate`. */
const RATE = '(?:self\\._?|this\\.[_#]?)?(?:rate|refill_?rate|refillRate)';

/** Rules about throttles: buckets, pools, breakers. */
export const EMBEDDED_THROTTLE_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-BUCKET-001',
    title: 'A token bucket that is clamped to its rate instead of its burst',
    why: 'The burst becomes one second of the rate; and below one token a second the bucket never holds a whole token, so no request is ever sent.',
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
    title: 'A token bucket that is refilled once per interval',
    why: 'All tokens of a second are used at its beginning, and none are left at its end. Two refills at the edge of a window are twice the limit for a receiver that counts in other windows.',
    source: 'RFC 2697, section 3: tokens are added one at a time, at the rate',
    severity: 'warning',
    cases: [4],
    signs: [
      {
        pattern:
          /setInterval\(\s*(?:async\s*)?(?:function\b|\(?\w*\)?\s*=>)(?:(?!setInterval)[\s\S]){0,300}?tokens[\s\S]{0,200}?\}?\s{0,99},\s{0,99}(\d{4,20})\s{0,99}\)/,
        message: (match) =>
          `tokens are added every ${Number(match[1]) / 1000} s: all are spent at once, and none are left until the next refill`,
        fix: 'refill when a token is asked for, from the time that has passed: min(burst, tokens + elapsed × rate)',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-MYSQL-003',
    title: 'A throttle that only ever gets tighter',
    why: 'Each check of a lagging replica halves the rate, and nothing raises it. After a few minutes nothing is written, even when the replica has caught up.',
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
    title: 'A full pool answers with a server error',
    why: 'AbortPolicy throws, and an uncaught exception is a 500: callers take it for a fault and retry at once, which overloads the full pool further.',
    source: 'Java, ThreadPoolExecutor.AbortPolicy: throws RejectedExecutionException; RFC 9110, 503 and Retry-After',
    severity: 'error',
    cases: [12],
    signs: [
      {
        pattern: /new\s+(?:ThreadPoolExecutor\.)?AbortPolicy\(\)/,
        excuse: /RejectedExecutionException/,
        message: () =>
          'AbortPolicy throws RejectedExecutionException, which is mapped nowhere: callers see 500 and retry',
        fix: 'catch RejectedExecutionException and answer 503 with Retry-After',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-POOL-002',
    title: 'A circuit breaker without a time-out',
    why: 'A breaker counts calls that end. A dependency that does not answer ends no call: every thread waits, and the breaker stays closed.',
    source: 'Resilience4j, CircuitBreaker and TimeLimiter',
    severity: 'error',
    cases: [12],
    signs: [
      {
        pattern: /\bCircuitBreaker(?:Registry)?\.of(?:Defaults)?\(/,
        excuse: /TimeLimiter|\.orTimeout\(|completeOnTimeout|(?:read|call|request|connect|response|socket)_?Timeout/i,
        message: () => 'a CircuitBreaker and no time-out: a call that never returns is never counted',
        fix: "put a TimeLimiter, or the time-out of the client, below it: shorter than the caller's time-out",
      },
    ],
  }),
  embeddedRule({
    id: 'BP-POOL-003',
    title: 'A queue that takes longer to work off than its callers wait',
    why: 'The last request in the queue begins after all before it. When that is later than its time-out, the pool works on requests whose callers have gone, and the more of them wait, the less of its work is of use.',
    source:
      'Little: wait = queue × service ÷ threads; measured on a ThreadPoolExecutor of Java 17, docs/cases/unbounded-thread-pool.md',
    severity: 'warning',
    cases: [12],
    signs: [
      {
        pattern: QUEUE_OF_POOL,
        where: ({ text }) => {
          const pool = poolOf(withoutComments(text));
          return pool !== undefined && pool.queue > (pool.threads * pool.timeoutSeconds) / pool.serviceSeconds;
        },
        message: ([, queue]) => `the last of ${queue} waiting requests begins after its time-out`,
        fix: 'bound the queue by threads ÷ service × (time-out − P99 of the service), and refuse the rest with 503 and Retry-After',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-POOL-004',
    title: 'Requests wait in a queue without a bound',
    why: 'An executor of newFixedThreadPool, and a LinkedBlockingQueue without a capacity, takes every request. Under overload the queue grows until memory ends, and each request waits for all before it, long after its caller has gone.',
    source: 'Java, Executors.newFixedThreadPool: "a shared unbounded queue"; LinkedBlockingQueue(): Integer.MAX_VALUE',
    severity: 'error',
    cases: [12],
    signs: [
      {
        pattern:
          /\bnew(?:FixedThreadPool|SingleThreadExecutor)\(|\bnew\s+LinkedBlockingQueue\s*<[^<>]{0,99}>\s*\(\s*\)/,
        needs:
          /\bHttp(?:Server|Exchange|Servlet\w*)\b|@(?:Get|Post|Put|Patch|Delete|Request)Mapping\b|@RestController\b|@Path\(|\bServerBuilder\b|\bsuspend\w*AsyncResponse\b|\bstartAsync\(/,
        excuse: /\bSemaphore\b|\btryAcquire\(|\bBulkhead\b|\bRateLimiter\b|\bgetQueue\(\)\.size\(\)/,
        message: ([pool]) =>
          `${pool.includes('Queue') ? 'a LinkedBlockingQueue without a capacity' : `${pool.replace('(', '')}, whose queue has no bound,`} takes every request`,
        fix: 'new ThreadPoolExecutor(threads, threads, 0, SECONDS, new ArrayBlockingQueue<>(bound)), and answer 503 with Retry-After where it rejects',
      },
    ],
  }),
];

/** Numbers of a pool. */
interface Pool {
  readonly threads: number;
  readonly queue: number;
  readonly timeoutSeconds: number;
  readonly serviceSeconds: number;
}

/** The pool that a text has all four numbers of. */
function poolOf(text: string): Pool | undefined {
  const threads = Number(/\bnew\s+ThreadPoolExecutor\(\s*\d{1,6}\s*,\s*(\d{1,6})/.exec(text)?.[1]);
  const queue = Number(QUEUE_OF_POOL.exec(text)?.[1]);
  const timeoutSeconds = secondsOf(text, '(?:request|caller|client|call)?_?time_?out');
  const serviceSeconds = secondsOf(text, 'service(?:_?time)?');
  if (!(threads > 0 && queue > 0 && timeoutSeconds !== undefined && serviceSeconds !== undefined)) return undefined;
  return { threads, queue, timeoutSeconds, serviceSeconds };
}

/** The seconds of a constant whose name ends in its unit, such as `TIMEOUT_MILLIS = 400`. */
function secondsOf(text: string, name: string): number | undefined {
  const pattern = new RegExp(`\\b${name}_?(millis|ms|seconds)\\s{0,9}=\\s{0,9}(\\d{1,9}(?:\\.\\d{1,9})?)`, 'i');
  const [, unit, value] = pattern.exec(text) ?? [];
  if (value === undefined) return undefined;
  return Number(value) / (/^s/i.test(unit) ? 1 : 1000) || undefined;
}
