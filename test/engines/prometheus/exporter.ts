/** A target that exposes what a source of a workload says, with values that grow with each scrape. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type MetricFamily, MetricKind, type MetricSource } from '../../../lib/flow/metrics/workload';

/** Answers scrapes of several targets, one for each path: `/0`, `/1` … */
export class Exporter {
  private readonly server: Server;
  /** Scrapes that were answered. */
  public scrapes = 0;

  constructor(private readonly source: MetricSource) {
    this.server = createServer((_request, response) => {
      this.scrapes += 1;
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      // The same values for every target and scrape: what is summed is then known exactly.
      response.end(this.source.families.map(exposition).join(''));
    });
  }

  public async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** The text format of one family; each bucket has one value more than the one before. */
function exposition({ name, kind, labelSets = 1, buckets = [] }: MetricFamily): string {
  const lines = [`# TYPE ${name} ${kind}`];
  for (let set = 0; set < labelSets; set += 1) {
    if (kind !== MetricKind.HISTOGRAM) {
      lines.push(`${name}{set="${set}"} ${set + 1}`);
      continue;
    }
    lines.push(...buckets.map((bound, index) => `${name}_bucket{set="${set}",le="${bound}"} ${index + 1}`));
    lines.push(`${name}_bucket{set="${set}",le="+Inf"} ${buckets.length}`);
    lines.push(`${name}_sum{set="${set}"} ${buckets.reduce((sum, bound) => sum + bound, 0)}`);
    lines.push(`${name}_count{set="${set}"} ${buckets.length}`);
  }
  return `${lines.join('\n')}\n`;
}
