/**
 * An engine for a Pulumi program that runs in a process of its own: Pulumi's mock monitor behind gRPC, which is how the
 * CLI talks to Pulumi's own Node host. Nothing is deployed; every resource that the program registers is written down.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parse } from 'yaml';
import { idOf, outputs as outputsOf, plain, providerCall, type Registered } from './pulumi';
import type { Untyped } from './stack';

const ROOT = join(__dirname, '..', '..');
const pulumi = createRequire(require.resolve('@pulumi/pulumi'));
const grpc = pulumi('@grpc/grpc-js');
const proto = (name: string) => pulumi(`./proto/${name}`);
const { MockMonitor } = pulumi('./runtime/mocks');

/** What came of a run. */
export interface Run {
  readonly status: number | null;
  readonly resources: readonly Registered[];
  /** Types and names of what stays in the cloud when it leaves the program. */
  readonly retained: readonly string[];
  /** What the program exported. */
  readonly outputs: Record<string, Untyped>;
  /** What the program told the engine, and what it wrote. */
  readonly messages: readonly string[];
}

/** A program and its configuration, by keys without the project's name. */
export interface Program {
  readonly folder: string;
  readonly config: Readonly<Record<string, string>>;
  /** Keys of configuration that are secret. */
  readonly secrets: readonly string[];
}

/** Runs a program as the CLI would: Pulumi's own host, with the main and the options that Pulumi.yaml names. */
export async function runProgram({ folder, config, secrets }: Program): Promise<Run> {
  const project = parse(readFileSync(join(folder, 'Pulumi.yaml'), 'utf8'));
  const resources: Registered[] = [];
  const messages: string[] = [];
  const retained: string[] = [];
  let outputs: Record<string, Untyped> = {};
  const monitor = new MockMonitor({
    newResource: ({ type, name, inputs }: Registered) => {
      resources.push({ type, name, inputs: plain(inputs) });
      const state = outputsOf(type, name, inputs);
      return { id: idOf(type, name, state), state };
    },
    call: ({ token }: { token: string }) => providerCall(token),
  });
  const server = new grpc.Server();
  const { Empty } = pulumi('google-protobuf/google/protobuf/empty_pb.js');
  const features = new (proto('resource_pb').SupportsFeatureResponse)();
  server.addService(proto('resource_grpc_pb').ResourceMonitorService, {
    supportsFeature: ({ request }: Untyped, done: Untyped) => {
      features.setHassupport(!['outputValues', 'transforms', 'invokeTransforms'].includes(request.getId()));
      done(null, features);
    },
    invoke: ({ request }: Untyped, done: Untyped) => monitor.invoke(request, done),
    registerResource: ({ request }: Untyped, done: Untyped) => {
      if (request.getRetainondelete()) retained.push(`${request.getType()} ${request.getName()}`);
      monitor.registerResource(request, done);
    },
    registerResourceOutputs: ({ request }: Untyped, done: Untyped) => {
      if (request.getUrn().includes('::pulumi:pulumi:Stack::')) outputs = plain(request.getOutputs().toJavaScript());
      done(null, new Empty());
    },
    signalAndWaitForShutdown: (_: Untyped, done: Untyped) => done(null, new Empty()),
  });
  let root = '';
  const { GetRootResourceResponse, SetRootResourceResponse } = proto('engine_pb');
  server.addService(proto('engine_grpc_pb').EngineService, {
    log: ({ request }: Untyped, done: Untyped) => {
      // 0 is for debugging.
      if (request.getSeverity() > 0) messages.push(request.getMessage());
      done(null, new Empty());
    },
    getRootResource: (_: Untyped, done: Untyped) => {
      const response = new GetRootResourceResponse();
      response.setUrn(root);
      done(null, response);
    },
    setRootResource: ({ request }: Untyped, done: Untyped) => {
      root = request.getUrn();
      done(null, new SetRootResourceResponse());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error: Error | null, bound: number) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const address = `127.0.0.1:${port}`;
  const host = join(ROOT, 'node_modules', '@pulumi', 'pulumi', 'cmd', 'run', 'index.js');
  const flags = { project: project.name, stack: 'dev', organization: 'shop', monitor: address, engine: address };
  const args = Object.entries({ ...flags, pwd: folder }).map(([key, value]) => `--${key}=${value}`);
  const qualified = (key: string) => `${project.name}:${key}`;
  const { typescript, nodeargs } = project.runtime.options;
  const child = spawn(process.execPath, [...nodeargs.split(' '), host, ...args, project.main], {
    cwd: folder,
    env: {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(
        Object.fromEntries(Object.entries(config).map(([key, value]) => [qualified(key), value])),
      ),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secrets.map(qualified)),
      PULUMI_NODEJS_TYPESCRIPT: String(typescript),
    },
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => messages.push(String(text)));
  const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  server.forceShutdown();
  return { status, resources, retained, outputs, messages };
}
