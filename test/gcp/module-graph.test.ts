/** Whoever uses aws or k8s has no Pulumi installed: what they import must not load it, by whatever way. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** What users import, and what our own code runs as. */
const WITHOUT_PULUMI = [
  'lib/index.ts',
  'lib/aws/index.ts',
  'lib/k8s/index.ts',
  'lib/flow/all.ts',
  'lib/cases/index.ts',
  'lib/runtime/webhook/consumer.ts',
  'lib/runtime/pubsub-webhook/consumer.ts',
  'bin/cli/program.ts',
].filter((file) => existsSync(join(ROOT, file)));

/** Files that importing one file loads, in a process of its own. Everything lazy inside it is made to load as well. */
function loadedBy(file: string): string[] {
  const script = `
    const loaded = new Set();
    const Module = require('node:module');
    const load = Module._load;
    Module._load = function (request, parent, isMain) {
      try { loaded.add(Module._resolveFilename(request, parent)); } catch { loaded.add(request); }
      return load.call(this, request, parent, isMain);
    };
    const reach = (value, depth) => {
      if (depth > 0 && value && typeof value === 'object') for (const key of Object.keys(value)) reach(value[key], depth - 1);
    };
    reach(require(${JSON.stringify(join(ROOT, file))}), 2);
    console.log(JSON.stringify([...loaded]));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', '-e', script], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, CDK_VALIDATION: 'false' },
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

const pulumiOf = (files: readonly string[]) => files.filter((file) => /@pulumi|@google-cloud|lib[\\/]gcp/.test(file));

test.each(WITHOUT_PULUMI)(
  '%s loads neither Pulumi nor a client of Google',
  (file) => {
    const files = loadedBy(file);
    expect(files.length).toBeGreaterThan(2);
    expect(pulumiOf(files)).toEqual([]);
  },
  60_000,
);

test('lib/gcp does, so a load would be seen', () => {
  expect(pulumiOf(loadedBy('lib/gcp/queue/redrive-queue.ts'))).toEqual(
    expect.arrayContaining([expect.stringContaining('@pulumi')]),
  );
}, 60_000);
