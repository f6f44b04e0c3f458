/**
 * What a guard answers. `GET /throttle?writer=<name>` for writers, `HEAD /throttle` for programs that know only yes and no (the
 * check of gh-ost's `--throttle-http`), `/metrics` for Prometheus, `/healthz` for probes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Guard, GuardView } from './guard';
import { leastShareOf, shareOf, statusOf } from './signal';
import type { Writers } from './writers';

/** How it answers. */
export interface ServeOptions {
  /** Name of the guard, a label of its metrics. */
  readonly guard: string;
  /** Seconds after which a writer that was refused asks again. */
  readonly retryAfterSeconds: number;
  /** A guard that has not ticked for so long is not healthy. */
  readonly stalledMillis: number;
}

/** Targets are paths; what is before them is of no account. */
const BASE = 'http://guard';
/** Longest name of a writer. */
const LONGEST_NAME = 100;

/** The server; it does not listen yet. */
export function guardServer(guard: Guard, writers: Writers, options: ServeOptions): Server {
  return createServer((request, response) => answer(guard, writers, options, request, response));
}

function answer(
  guard: Guard,
  writers: Writers,
  { guard: name, retryAfterSeconds, stalledMillis }: ServeOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const target = request.url ?? '/';
  // Such as `//`, which begins an authority and has none: an error here would end the program.
  if (!URL.canParse(target, BASE)) return void response.writeHead(400).end();
  const url = new URL(target, BASE);
  if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405).end();
  switch (url.pathname) {
    case '/healthz': {
      const isHealthy = guard.idleMillis < stalledMillis;
      return void response.writeHead(isHealthy ? 200 : 503).end(isHealthy ? 'ok\n' : 'stalled\n');
    }
    case '/metrics':
      return void response.setHeader('content-type', 'text/plain; version=0.0.4').end(metricsText(name, guard.view));
    case '/throttle': {
      const writer = url.searchParams.get('writer');
      if (writer) writers.see(writer.slice(0, LONGEST_NAME), Date.now());
      const { signal, ageSeconds } = guard.view;
      const status = statusOf(signal);
      if (status !== 200) response.setHeader('retry-after', String(Math.max(1, Math.ceil(retryAfterSeconds))));
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      // Node sends no body in answer to HEAD.
      const shares = { sharePerSecond: shareOf(signal), leastSharePerSecond: leastShareOf(signal) };
      return void response.end(`${JSON.stringify({ ...signal, ageSeconds, ...shares })}\n`);
    }
    default:
      return void response.writeHead(404).end();
  }
}

/** What Prometheus reads. A lag that is unknown has no series: 0 would look well. */
export function metricsText(guard: string, { signal, state, heartbeatAgeSeconds, stopped }: GuardView): string {
  const lags = Object.entries(signal.lags).filter((pair): pair is [string, number] => pair[1] !== null);
  const lines = [
    gauge('unknown', guard, signal.mode === 'unknown' ? 1 : 0),
    gauge('throttled', guard, signal.mode === 'throttled' ? 1 : 0),
    gauge('rate_per_second', guard, state.ratePerSecond),
    gauge('bulk_per_second', guard, signal.bulkPerSecond),
    gauge('writers', guard, signal.writers),
    gauge('heartbeat_age_seconds', guard, heartbeatAgeSeconds),
    perReplica('lag_seconds', guard, lags),
    perReplica(
      'stopped',
      guard,
      Object.keys(signal.lags).map((name) => [name, stopped.includes(name) ? 1 : 0]),
    ),
  ];
  return lines.join('');
}

function gauge(name: string, guard: string, value: number): string {
  return `# TYPE replica_guard_${name} gauge\nreplica_guard_${name}{guard="${guard}"} ${value}\n`;
}

function perReplica(name: string, guard: string, values: readonly [string, number][]): string {
  const lines = values.map(([one, value]) => `replica_guard_${name}{guard="${guard}",replica="${one}"} ${value}\n`);
  return `# TYPE replica_guard_${name} gauge\n${lines.join('')}`;
}
