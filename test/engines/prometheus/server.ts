/** A Prometheus of the test's own, which scrapes as a plan says. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePorts } from '../../support/ports';
import { until } from '../../support/until';

/** Prometheus 3 as `install` builds it. */
const BUILT = join(homedir(), '.cache', 'backpressure', 'prometheus', 'prometheus');

/** The programs that are there, by major version. */
export function prometheuses(): { readonly 2?: string; readonly 3?: string } {
  const version = (program: string) => {
    const { stdout, stderr } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    return /version (\d+)\./.exec(`${stdout}${stderr}`)?.[1];
  };
  return {
    ...(version('prometheus') === '2' && { 2: 'prometheus' }),
    // A build of the module does not know its version.
    ...(existsSync(BUILT) && { 3: BUILT }),
  };
}

/** One server. */
export class PrometheusServer {
  private readonly folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  private constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
    folder: string,
  ) {
    rmSync(this.folder, { recursive: true });
    this.folder = folder;
  }

  /** Starts one with these scrape configurations and groups of rules, and waits until it answers. */
  public static async start(
    program: string,
    scrapeConfigs: readonly object[],
    groups: readonly object[] = [],
  ): Promise<PrometheusServer> {
    const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
    const [port] = await freePorts(1);
    writeFileSync(join(folder, 'rules.yml'), stringify({ groups }));
    writeFileSync(
      join(folder, 'prometheus.yml'),
      stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: ['rules.yml'],
        scrape_configs: scrapeConfigs,
      }),
    );
    const child = spawn(
      program,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    const server = new PrometheusServer(child, `http://127.0.0.1:${port}`, folder);
    await until('Prometheus is ready', async () => {
      if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}`);
      return fetch(`${server.url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    return server;
  }

  /** The one value of an expression; 0 when there is no series. */
  public async value(expression: string): Promise<number> {
    const response = await fetch(`${this.url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expression }),
    });
    const { data, error } = (await response.json()) as {
      data?: { result: { value: [number, string] }[] };
      error?: string;
    };
    if (data === undefined) throw new Error(`${expression}: ${error}`);
    return Number(data.result[0]?.value[1] ?? 0);
  }

  public async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
