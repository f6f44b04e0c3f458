/**
 * The package as a user gets it: built with jsii, packed as an npm tarball and as a Python wheel, and each installed into
 * an empty folder, the tarball beside the oldest peers that it allows. `npm run test:package`; too slow for `npm test`.
 */
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { transformSync } from 'esbuild';
import { type Assembly, apiPages } from '../../docs/api';
import { ALLOWED, assemblyAt, breaks, lastTag, typeProblems, withOneMethodMore, withoutReason } from './judges';
import { bindings, GO_MODULE, goApp, has, javaApp } from './languages';

const ROOT = join(__dirname, '..', '..');
const MINUTES = 60_000;
/** The command line that loads `BackpressureValidation`; its own release, of any version that has validations. */
const CDK8S_CLI = '2.207.60';
/** With every case on every engine: 0.8 MB of it are two programs for Cloud Run with their clients. */
const MOST_PACKED_BYTES = 5_000_000;
/** What an install may add to an app that has its own CDK. */
const MOST_INSTALLED_BYTES = 16_000_000;
/** Programs of which the package has a Dockerfile and the compressed code. */
const IMAGES = ['replica-guard-dynamodb', 'sender-tasks', 'webhook-receiver', 'webhook-receiver-kafka'];
/** Functions of which it has only the zip that Lambda is given. */
const ZIPPED = [
  'coalescer',
  'etl-keeper',
  'kafka-quotas',
  'rabbitmq-topology',
  'rebuild',
  'redrive',
  'sender',
  'sender-breaker',
  'share-snapshot',
  'ttl-table',
];

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'backpressure-package-'));
const checkout = join(folder, 'checkout');
const user = join(folder, 'user');
const pythonUser = join(folder, 'python-user');
let tarball = '';
let packed: string[] = [];

function run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): string {
  const options: ExecFileSyncOptionsWithStringEncoding = {
    cwd,
    encoding: 'utf8',
    timeout: 10 * MINUTES,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CDK_VALIDATION: 'false', ...env },
  };
  return execFileSync(command, args, options);
}

function node(args: string[], env?: NodeJS.ProcessEnv): string {
  return run(process.execPath, args, user, env);
}

/** A copy, so that the build leaves this checkout's `dist` alone. */
function copySources(): void {
  const files = run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], ROOT).split('\0');
  for (const file of files.filter((name) => name !== '' && existsSync(join(ROOT, name)))) {
    cpSync(join(ROOT, file), join(checkout, file));
  }
  copyModules(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
}

/** Not a link to the folder: behind one, npm packs what is bundled without what that needs itself. */
function copyModules(from: string, to: string): void {
  try {
    // Hard links, where both are on one file system: there are hundreds of megabytes.
    run('cp', ['-al', from, to], ROOT);
  } catch {
    rmSync(to, { recursive: true, force: true });
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  }
}

function pack(): void {
  // What runs and tests leave behind must not be packed.
  for (const left of ['local/ministack.log', 'report/index.html', 'test/jest.json']) {
    mkdirSync(dirname(join(checkout, 'dist', left)), { recursive: true });
    writeFileSync(join(checkout, 'dist', left), '');
  }
  run('npm', ['run', '--silent', 'package'], checkout);
  // What `npm pack` in a fresh clone does first: without it the package has no code.
  expect(manifest.scripts.prepack).toBe('npm run -s build');
  const [{ filename, files }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts'], checkout));
  tarball = join(checkout, filename);
  packed = files.map(({ path }: { path: string }) => path);
}

function install(): void {
  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), JSON.stringify({ name: 'user', private: true }));
  const oldest = Object.entries<string>(manifest.peerDependencies).map(
    ([name, range]) => `${name}@${range.replace('^', '')}`,
  );
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error'];
  run('npm', ['install', ...quiet, tarball, ...oldest], user);
}

function compile(name: string, code: string): string {
  writeFileSync(join(user, `${name}.ts`), code);
  const compilerOptions = {
    module: 'node16',
    target: 'es2022',
    lib: ['es2022', 'dom'],
    strict: true,
    skipLibCheck: true,
    types: [],
  };
  writeFileSync(join(user, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [`${name}.ts`] }));
  node([join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', user]);
  return join(user, `${name}.js`);
}

beforeAll(() => {
  copySources();
  pack();
  install();
}, 15 * MINUTES);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the tarball', () => {
  test('holds what is promised: constructs, bundles, command line, assembly', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        '.jsii',
        'LICENSE',
        'NOTICE',
        'README.md',
        'dist/bin/backpressure.js',
        'dist/lib/index.d.ts',
        'dist/lib/index.js',
        'dist/lib/THIRD-PARTY-NOTICES.txt',
        ...ZIPPED.map((name) => `dist/runtime/${name}/code.zip`),
        ...['replica-guard', 'sender-container'].map((name) => `dist/runtime/${name}/index.js.br`),
        ...IMAGES.flatMap((name) => [`dist/runtime/${name}/Dockerfile`, `dist/runtime/${name}/index.js.br`]),
        'dist/runtime/scheduled-run/index.js',
        'dist/runtime/stream-worker/index.js',
        'dist/runtime/stream/index.js',
        'dist/runtime/webhook/index.js',
        'node_modules/commander/package.json',
      ]),
    );
  });

  test('holds nothing else: no test, no benchmark, no local run, nothing that a run left behind', () => {
    const allowed = /^(dist\/(lib|runtime|bin\/(backpressure\.|(cli|page)\/))|node_modules\/commander\/|[^/]+$)/;
    expect(packed.filter((path) => !allowed.test(path))).toEqual([]);
    expect(packed.filter((path) => /\.ts$/.test(path) && !/\.d\.ts$|^node_modules/.test(path))).toEqual([]);
  });

  test('holds each comment once: in the types, which editors read', () => {
    const compiled = packed.filter((path) => /^dist\/lib\/(aws|k8s|gcp|flow)\/.*\.js$/.test(path));
    expect(compiled.length).toBeGreaterThan(300);
    const commented = (path: string) => /^\s*(\/\*\*|\* )/m.test(readFileSync(join(checkout, path), 'utf8'));
    expect(compiled.filter(commented)).toEqual([]);
    expect(commented('dist/lib/aws/queue/queue-worker.d.ts')).toBe(true);
  });

  test('holds no code of the reference environments and none of the build', () => {
    expect(
      packed.filter((path) => /order-(intake|worker)|runtime\/notifications|runtime\/(build|notices)\./.test(path)),
    ).toEqual([]);
  });

  test('every bundle with code of others has their licences beside it, and every bundled package its own', () => {
    const bundles = packed
      .filter((path) => /^dist\/runtime\/[^/]+\/(index\.js(\.br)?|code\.zip)$/.test(path))
      .map(dirname);
    // These are this project's own code alone.
    const own = [
      'gate',
      'gate-proxy',
      'gc-exporter',
      'kafka-webhook',
      'log-exporter',
      'maintenance-status',
      'pubsub-webhook',
      'pubsub-worker',
      'rebuild',
      'replica-writer',
      'share-snapshot',
      'stream',
    ].map((name) => `dist/runtime/${name}`);
    const noticed = bundles.filter((path) => packed.includes(`${path}/THIRD-PARTY-NOTICES.txt`));
    expect(noticed.sort()).toEqual(bundles.filter((path) => !own.includes(path)).sort());
    const folders = new Set(packed.flatMap((path) => /^node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
    const licensed = packed.filter((path) => /\/licen[cs]e[^/]*$/i.test(path)).map(dirname);
    expect([...folders].filter((path) => !licensed.includes(path))).toEqual([]);
  });

  test('has the code of a function once, as the zip that is deployed', () => {
    expect(packed.filter((path) => ZIPPED.some((name) => path === `dist/runtime/${name}/index.js`))).toEqual([]);
  });

  test('stays small', () => {
    expect(statSync(tarball).size).toBeLessThan(MOST_PACKED_BYTES);
  });

  test('the judge of packages finds nothing', () => {
    const publint = join(ROOT, 'node_modules', 'publint', 'src', 'cli.js');
    expect(node([publint, 'run', tarball, '--strict'])).toMatch(/All good/);
  });

  test(
    'types resolve as code does for every entry point, in Node and in bundlers',
    () => {
      const names = Object.keys(manifest.exports);
      // Nothing can be done about these. An assembly is data with a suffix that TypeScript does not resolve, and tools
      // of jsii read it as a file. The resolution called node10 reads no `exports`, so it finds the root and files alone.
      const assembly = ['bundler', 'node10', 'node16-cjs', 'node16-esm'].map((mode) => `NoResolution ./.jsii ${mode}`);
      const subpaths = names.filter((name) => !['.', './package.json', './.jsii'].includes(name));
      expect(typeProblems(run, tarball, empty('judge'))).toEqual(
        [...assembly, ...subpaths.map((name) => `NoResolution ${name} node10`)].sort(),
      );
    },
    5 * MINUTES,
  );

  test('the registry would take it', () => {
    const answer = JSON.parse(run('npm', ['publish', '--dry-run', '--json', '--ignore-scripts', tarball], folder));
    // npm 11 answers by name.
    const { id, entryCount } = answer[manifest.name] ?? answer;
    expect([id, entryCount]).toEqual([`${manifest.name}@${manifest.version}`, packed.length]);
  });

  test('every entry point, type and command of package.json is in it', () => {
    const targets = (value: unknown): string[] =>
      typeof value === 'string' ? [value] : Object.values(value as object).flatMap(targets);
    const named = [manifest.main, manifest.types, ...targets(manifest.exports), ...targets(manifest.bin)];
    expect(named.map((path) => path.replace(/^\.\//, '')).filter((path) => !packed.includes(path))).toEqual([]);
  });

  test('every file that one of the library requires is in it: of the programs only what constructs share', () => {
    const code = packed.filter((path) => /^dist\/(lib|bin)\/.*\.js$/.test(path));
    const missing = code.flatMap((path) =>
      [...readFileSync(join(checkout, path), 'utf8').matchAll(/require\("(\.[^"]+)"\)/g)]
        .map(([, required]) => join(dirname(path), required))
        .filter((file) => !['', '.js', '.json', '/index.js'].some((end) => packed.includes(file + end))),
    );
    expect(missing).toEqual([]);
  });
});

describe('the assembly', () => {
  test('knows constructs and plans, and no case: their string unions are not for every language', () => {
    const { types } = JSON.parse(readFileSync(join(checkout, '.jsii'), 'utf8'));
    expect(Object.keys(types)).toEqual(
      expect.arrayContaining(['backpressure-constructs.aws.RedriveQueue', 'backpressure-constructs.Plan']),
    );
    const files = Object.values<{ locationInModule: { filename: string } }>(types).map(
      ({ locationInModule }) => locationInModule.filename,
    );
    expect(files.filter((file) => !/^lib\/(aws|ci|flow|k8s)\//.test(file))).toEqual([]);
  });

  test('docs/api is what `npm run docs` writes from it', () => {
    const wanted = apiPages(JSON.parse(readFileSync(join(checkout, '.jsii'), 'utf8')) as Assembly);
    const stale = wanted.filter(({ path, text }) => readFileSync(join(ROOT, path), 'utf8') !== text);
    expect(stale.map(({ path }) => path)).toEqual([]);
    const names = readdirSync(join(ROOT, 'docs', 'api')).map((name) => `docs/api/${name}`);
    expect(names.sort()).toEqual(wanted.map(({ path }) => path).sort());
  });
});

describe('the public API', () => {
  const { tag, reason } = lastTag(run);

  test('a removed method is found, and is let through by its key alone', () => {
    const before = withOneMethodMore(checkout, folder, `${manifest.name}.aws.RedriveQueue`);
    const key = `removed:${manifest.name}.aws.RedriveQueue.gone`;
    expect(breaks(run, before, checkout)).toEqual([expect.stringContaining(key)]);
    const allowed = join(before, 'allowed.txt');
    writeFileSync(allowed, `# Nobody called it.\n${key}\n`);
    expect(breaks(run, before, checkout, allowed)).toEqual([]);
  }, 60_000);

  test('every break that is allowed has its reason', () => {
    expect(withoutReason(`# Nobody called it.\nremoved:a\nremoved:b\n`)).toEqual(['removed:b']);
    expect(withoutReason(readFileSync(ALLOWED, 'utf8'))).toEqual([]);
  });

  (tag ? test : test.skip)(
    tag ? `breaks nothing since ${tag}` : `nothing to compare with: ${reason}`,
    () => {
      const before = empty('last-release');
      assemblyAt(run, tag as string, checkout, before);
      expect(breaks(run, before, checkout)).toEqual([]);
    },
    10 * MINUTES,
  );
});

describe('installed beside the oldest peers', () => {
  test("the README's ten lines compile and synthesize", () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const snippet = /^## Ten lines for AWS\s+```ts\n(.*?)^```$/ms.exec(readme)?.[1] ?? '';
    const outdir = join(user, 'cdk.out');
    const explained = node([compile('app', snippet)], { CDK_OUTDIR: outdir });
    expect(explained).toContain('visibilityTimeoutSeconds');
    const { Resources } = JSON.parse(readFileSync(join(outdir, 'Shop.template.json'), 'utf8'));
    const types = Object.values<{ Type: string }>(Resources).map(({ Type }) => Type);
    expect(types.filter((type) => type === 'AWS::SQS::Queue')).toHaveLength(3);
    const assets = readdirSync(outdir).filter((name) => name.startsWith('asset.'));
    expect(assets.filter((name) => name.endsWith('.zip'))).toHaveLength(1);
  });

  test('ten lines with the Kubernetes QueueWorker compile and synthesize', () => {
    const script = compile(
      'k8s',
      `import { App, Chart } from 'cdk8s';
import { QueueTrigger, QueueWorker } from 'backpressure-constructs/k8s';
const app = new App({ outdir: 'k8s.out' });
new QueueWorker(new Chart(app, 'shop', { namespace: 'shop' }), 'Orders', {
  workload: { steadyPerSecond: 20, peakPerSecond: 111, peakSeconds: 1800, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
  trigger: QueueTrigger.redisStream({ host: 'redis', stream: 'orders', consumerGroup: 'workers' }),
  image: 'shop/orders:1.4.2',
});
app.synth();`,
    );
    node([script]);
    expect(readFileSync(join(user, 'k8s.out', 'shop.k8s.yaml'), 'utf8')).toContain('kind: ScaledObject');
  });

  test('a program that the package has in Brotli is in the manifest as in a checkout', () => {
    const source = `const { App, Chart } = require('cdk8s');
const { k8s } = require('backpressure-constructs');
const app = new App({ outdir: 'sender.out' });
new k8s.RateLimitedSender(new Chart(app, 'mailing', { namespace: 'mailing' }), 'Sender', {
  workload: { campaignMessages: 500000, callSeconds: 0.15, undeliverableRatio: 0.015 },
  limit: { perSecond: 100, perDay: 600000 },
  objective: { completeSeconds: 7200 },
  provider: k8s.SenderProvider.smtp({ connection: { secretName: 'smtp', key: 'url' } }),
  from: 'Shop <shop@example.com>',
  redis: { host: 'redis.redis', namespace: 'redis', password: { secretName: 'redis', key: 'password' } },
});
app.synth();`;
    node(['-e', source]);
    const code = readFileSync(join(checkout, 'dist', 'runtime', 'sender-container', 'index.js'));
    const packedCode = gzipSync(code, { level: 9 }).toString('base64');
    expect(readFileSync(join(user, 'sender.out', 'mailing.k8s.yaml'), 'utf8')).toContain(packedCode);
  });

  test('every entry point loads and has types', () => {
    const script = compile(
      'entries',
      `import { RedriveQueue } from 'backpressure-constructs/aws';
import { CASES } from 'backpressure-constructs/cases';
import { planQueue } from 'backpressure-constructs/flow';
import { expectNoFindings } from 'backpressure-constructs/rules';
import { QueueWorker } from 'backpressure-constructs/k8s';
import { webhookConsumer } from 'backpressure-constructs/webhook';
expectNoFindings([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }]);
const plan = planQueue('Jobs', { workload: { steadyPerSecond: 1, serviceSeconds: 1 }, objective: { latencySeconds: 60 } });
console.log(RedriveQueue.name, QueueWorker.name, CASES.length, plan.value('maxInstances') > 0, typeof webhookConsumer(async () => {}));`,
    );
    const answer = node([script], { AWS_REGION: 'us-east-1' });
    expect(answer.trim()).toBe('RedriveQueue QueueWorker 20 true function');
  });

  test('an ES module imports the root by names', () => {
    writeFileSync(
      join(user, 'names.mjs'),
      `import { aws, k8s, QueuePlan, CapacityError, InvalidInputError } from '${manifest.name}';
console.log(aws.RedriveQueue.name, k8s.QueueWorker.name, ...[QueuePlan, CapacityError, InvalidInputError].map(({ name }) => name));`,
    );
    expect(node(['names.mjs']).trim()).toBe('RedriveQueue QueueWorker QueuePlan CapacityError InvalidInputError');
  });

  test('the command line runs', () => {
    const command = join(user, 'node_modules', '.bin', 'backpressure');
    expect(run(command, ['--version'], user).trim()).toBe(manifest.version);
    const size = ['size', '--steady', '40', '--peak', '400', '--peak-seconds', '1800', '--service', '0.05'];
    expect(run(command, [...size, '--latency', '90'], user)).toContain('maxInstances');
    const right = join(ROOT, 'docs', 'rules', 'BP-SQS-002', 'right.yaml');
    expect(run(command, ['check', right], user)).toContain('no findings');
  });

  test('a CDK app with BackpressureChecks stops at what they find', () => {
    const script = compile(
      'checks',
      `import { App, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { BackpressureChecks } from 'backpressure-constructs/aws';
const app = new App({ outdir: 'checks.out' });
Validations.of(app).addPlugins(new BackpressureChecks());
const stack = new Stack(app, 'Shop');
new Queue(stack, 'Orders', { deadLetterQueue: { queue: new Queue(stack, 'Parked', { retentionPeriod: Duration.days(1) }), maxReceiveCount: 5 } });
app.synth();`,
    );
    expect(() => node([script])).toThrow(/keeps messages 24 h[\s\S]*Acknowledge with 'Backpressure::BP-SQS-002'/);
  });

  test(
    'the cdk8s command line finds BackpressureValidation and stops at what it finds',
    () => {
      const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error'];
      run('npm', ['install', ...quiet, `cdk8s-cli@${CDK8S_CLI}`], user);
      compile(
        'shop',
        `import { ApiObject, App, Chart } from 'cdk8s';
const app = new App();
const trigger = { type: 'rabbitmq', metadata: { queueName: 'thumbnails', queueLength: '500' } };
new ApiObject(new Chart(app, 'shop'), 'scaler', {
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  spec: { scaleTargetRef: { name: 'thumbnails' }, triggers: [trigger] },
});
app.synth();`,
      );
      const validation = { package: './node_modules/backpressure-constructs', version: manifest.version };
      const validations = [{ ...validation, class: 'BackpressureValidation' }];
      // JSON is YAML too.
      writeFileSync(
        join(user, 'cdk8s.yaml'),
        JSON.stringify({ app: 'node shop.js', language: 'typescript', validations }),
      );
      const command = join(user, 'node_modules', '.bin', 'cdk8s');
      const reports = join(user, 'reports.json');
      const synth = ['synth', '--check-upgrade', 'false', '--validation-reports-output-file', reports];
      expect(() => run(command, synth, user)).toThrow(/Validation failed/);
      expect(readFileSync(reports, 'utf8')).toContain('BP-KEDA-001');
    },
    5 * 60_000,
  );
});

describe('beside the peers of one engine alone', () => {
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error'];
  const app = (name: string, peers: readonly string[]) => {
    const folder = join(dirname(user), name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true }));
    run(
      'npm',
      ['install', ...quiet, tarball, ...peers.map((peer) => `${peer}@${manifest.peerDependencies[peer]}`)],
      folder,
    );
    return (code: string) => run(process.execPath, ['-e', code], folder).trim();
  };
  const refusal = (part: string) =>
    `try { require('backpressure-constructs/${part}') } catch ({ message }) { console.log(message) }`;

  test(
    'a CDK app gets 16 MB and nothing of the other engines, which say what they need',
    () => {
      const inApp = app('cdk', ['aws-cdk-lib', 'constructs']);
      const installed = join(dirname(user), 'cdk', 'node_modules');
      const folders = readdirSync(installed).filter((name) => !name.startsWith('.'));
      expect(folders.sort()).toEqual(['@aws-cdk', 'aws-cdk-lib', 'backpressure-constructs', 'constructs']);
      expect(Number(run('du', ['-sb', join(installed, 'backpressure-constructs')], user).split('\t')[0])).toBeLessThan(
        MOST_INSTALLED_BYTES,
      );
      expect(inApp(`console.log(require('backpressure-constructs').aws.RedriveQueue.name)`)).toBe('RedriveQueue');
      expect(inApp(refusal('k8s'))).toMatch(/k8s needs cdk8s and cdk8s-plus-28 beside it: npm install 'cdk8s@\^/);
      expect(inApp(refusal('gcp'))).toMatch(/gcp needs @pulumi\/pulumi and @pulumi\/gcp beside it: npm install '/);
      writeFileSync(
        join(dirname(user), 'cdk', 'module.mjs'),
        `import { aws, k8s } from 'backpressure-constructs';
try { new k8s.QueueWorker() } catch ({ message }) { console.log(aws.RedriveQueue.name, message) }`,
      );
      expect(inApp(`import('./module.mjs')`)).toMatch(
        /^RedriveQueue backpressure-constructs\/k8s needs cdk8s and cdk8s-plus-28 beside it: npm install 'cdk8s@\^/,
      );
      const caught = `const { InvalidInputError, aws } = require('backpressure-constructs'); const { App, Stack } = require('aws-cdk-lib');
        try { new aws.RedriveQueue(new Stack(new App(), 'S'), 'Q', {}) } catch (error) { console.log(error instanceof InvalidInputError) }`;
      expect(inApp(caught)).toBe('true');
    },
    5 * MINUTES,
  );

  test(
    'a cdk8s app has nothing of CDK',
    () => {
      const inApp = app('cdk8s', ['cdk8s', 'cdk8s-plus-28', 'constructs']);
      expect(existsSync(join(dirname(user), 'cdk8s', 'node_modules', 'aws-cdk-lib'))).toBe(false);
      expect(inApp(`console.log(require('backpressure-constructs').k8s.QueueWorker.name)`)).toBe('QueueWorker');
      expect(inApp(refusal('aws'))).toMatch(/aws needs aws-cdk-lib beside it: npm install 'aws-cdk-lib@\^/);
    },
    5 * MINUTES,
  );
});

describe('the Python wheel, in an empty virtual environment', () => {
  const python = join(pythonUser, 'venv', 'bin', 'python');

  beforeAll(() => {
    mkdirSync(pythonUser);
    run('python3', ['-m', 'venv', join(pythonUser, 'venv')], pythonUser);
    const wheels = join(checkout, 'dist', 'package', 'python');
    const wheel = readdirSync(wheels).find((name) => name.endsWith('.whl')) as string;
    run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', join(wheels, wheel)], pythonUser);
  }, 15 * MINUTES);

  function synthesize(name: string, code: string): string {
    writeFileSync(join(pythonUser, `${name}.py`), code);
    return run(python, [`${name}.py`], pythonUser, { JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION: '1' });
  }

  test(
    'ten lines with RedriveQueue synthesize',
    () => {
      const printed = synthesize(
        'queue',
        `from aws_cdk import App, Stack
from backpressure_constructs import Objective, Workload
from backpressure_constructs.aws import RedriveQueue

app = App(outdir="cdk.out")
orders = RedriveQueue(Stack(app, "Shop"), "Orders",
    workload=Workload(steady_per_second=40, peak_per_second=400, peak_seconds=1800, service_seconds=0.05),
    objective=Objective(latency_seconds=90))
app.synth()
print(orders.plan.explain())
`,
      );
      expect(printed).toContain('visibilityTimeoutSeconds');
      const template = readFileSync(join(pythonUser, 'cdk.out', 'Shop.template.json'), 'utf8');
      expect(template).toContain('AWS::SQS::Queue');
    },
    5 * MINUTES,
  );

  test(
    'ten lines with the Kubernetes QueueWorker synthesize',
    () => {
      synthesize(
        'worker',
        `from cdk8s import App, Chart
from backpressure_constructs import Objective, Workload
from backpressure_constructs.k8s import QueueTrigger, QueueWorker

app = App(outdir="k8s.out")
QueueWorker(Chart(app, "shop", namespace="shop"), "Orders",
    workload=Workload(steady_per_second=20, peak_per_second=111, peak_seconds=1800, service_seconds=0.05),
    objective=Objective(latency_seconds=90),
    trigger=QueueTrigger.redis_stream(host="redis", stream="orders", consumer_group="workers"),
    image="shop/orders:1.4.2")
app.synth()
`,
      );
      expect(readFileSync(join(pythonUser, 'k8s.out', 'shop.k8s.yaml'), 'utf8')).toContain('kind: ScaledObject');
    },
    5 * MINUTES,
  );

  test.each(pagesInTwoLanguages())(
    'docs/constructs/%s plans the same in Python as in TypeScript',
    (page, typescript, inPython) => {
      // Strings alone: how an object is printed differs by language.
      const strings = `console.log = (...all) => process.stdout.write(all.filter((one) => typeof one === 'string').join('\\n') + '\\n');
console.table = () => {};`;
      const { code } = transformSync(typescript, { loader: 'ts', format: 'cjs', target: 'es2022' });
      writeFileSync(join(user, 'page.js'), `${strings}\n${code}`);
      const planned = node(['page.js']).trimEnd();
      expect(synthesize(page.replace(/\W/g, '_'), inPython).slice(0, planned.length)).toBe(planned);
    },
    5 * MINUTES,
  );
});

/** Each page of a construct with its first snippet in both languages. */
function pagesInTwoLanguages(): [string, string, string][] {
  const folder = join(ROOT, 'docs', 'constructs');
  return readdirSync(folder).flatMap((name): [string, string, string][] => {
    const text = readFileSync(join(folder, name), 'utf8');
    const [typescript, inPython] = ['ts', 'python'].map(
      (language) => new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(text)?.[1],
    );
    return typescript && inPython ? [[name, typescript, inPython]] : [];
  });
}

/** A folder of its own for an app in another language. */
function empty(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

(has('mvn') && has('javac') ? describe : describe.skip)('Java', () => {
  test(
    'ten lines with RedriveQueue compile and synthesize',
    () => {
      const app = empty('java-user');
      const printed = javaApp(
        run,
        bindings(run, checkout, empty('java-bindings'), 'java'),
        app,
        `import io.github.backpressureconstructs.*;
import io.github.backpressureconstructs.aws.RedriveQueue;
import software.amazon.awscdk.*;

public class Shop {
  public static void main(String[] args) {
    App app = new App(AppProps.builder().outdir("cdk.out").build());
    RedriveQueue orders = RedriveQueue.Builder.create(new Stack(app, "Shop"), "Orders")
        .workload(Workload.builder().steadyPerSecond(40).serviceSeconds(0.05).build())
        .objective(Objective.builder().latencySeconds(90).build())
        .build();
    app.synth();
    System.out.println(orders.getPlan().explain());
  }
}
`,
      );
      expect(printed).toContain('visibilityTimeoutSeconds');
      expect(readFileSync(join(app, 'cdk.out', 'Shop.template.json'), 'utf8')).toContain('AWS::SQS::Queue');
    },
    10 * MINUTES,
  );
});

(has('go', 'version') ? describe : describe.skip)('Go', () => {
  test(
    'ten lines with RedriveQueue compile and synthesize',
    () => {
      const app = empty('go-user');
      const printed = goApp(
        run,
        bindings(run, checkout, empty('go-bindings'), 'go'),
        app,
        `package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	bp "${GO_MODULE}"
	"${GO_MODULE}/aws"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String("cdk.out")})
	orders := aws.NewRedriveQueue(awscdk.NewStack(app, jsii.String("Shop"), nil), jsii.String("Orders"), &aws.RedriveQueueProps{
		Workload:  &bp.Workload{SteadyPerSecond: jsii.Number(40), ServiceSeconds: jsii.Number(0.05)},
		Objective: &bp.Objective{LatencySeconds: jsii.Number(90)},
	})
	app.Synth(nil)
	fmt.Println(*orders.Plan().Explain(bp.ExplainFormat_TEXT))
}
`,
      );
      expect(printed).toContain('visibilityTimeoutSeconds');
      expect(readFileSync(join(app, 'cdk.out', 'Shop.template.json'), 'utf8')).toContain('AWS::SQS::Queue');
    },
    10 * MINUTES,
  );
});

test(
  '.NET is generated; no compiler for it is at hand, so that it is not compiled',
  () => {
    const [code] = bindings(run, checkout, empty('dotnet-bindings'), 'dotnet');
    const files = readdirSync(code, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /RedriveQueue\.cs$|\.csproj$/.test(name))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/BackpressureConstructs\.csproj$/),
        expect.stringMatching(/RedriveQueue\.cs$/),
      ]),
    );
  },
  5 * MINUTES,
);
