/** The example of a construct's page, run, with each construct that it makes and the props it was given. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as cdk from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { blocksOf, load, recorder, runBlock } from '../snippet';

/** Anything of an example: its props and children differ by construct. */
// biome-ignore lint/suspicious/noExplicitAny: read by the name of the construct, and a missing field is a failing page
export type Untyped = any;

/** A construct of this library that the example makes. */
export interface Made {
  /** The class, such as `RedriveQueue`. */
  readonly name: string;
  readonly props: Untyped;
  /** The construct. On Google Cloud it is not made, because that needs the engine of Pulumi. */
  readonly construct: Untyped;
}

/** What the example makes. */
export interface Example {
  readonly made: readonly Made[];
  /** Resources of the constructs above, without those that the example brings along. */
  readonly resources: readonly cdk.CfnResource[];
  readonly manifests: readonly Untyped[];
}

/** Runs the first block of a page. */
export function exampleOf(text: string): Example {
  const [block] = blocksOf(text);
  const made: Made[] = [];
  const outdir = mkdtempSync(join(tmpdir(), 'backpressure-cost-'));
  const { apps, charts, modules } = recorder(outdir);
  const record = (name: string, props: Untyped, construct: Untyped) => made.push({ name, props, construct });
  try {
    runBlock(block.code, {
      ...modules,
      'backpressure-constructs': engines(record),
      get 'backpressure-constructs/gcp'() {
        return recorded(load('backpressure-constructs/gcp'), record, false);
      },
      '@pulumi/pulumi': { Config: STUB },
    });
    const ours = new Set<IConstruct>(made.map(({ construct }) => construct));
    const resources = apps
      .flatMap((app) => app.node.findAll())
      .filter((node) => cdk.CfnResource.isCfnResource(node) && node.node.scopes.some((scope) => ours.has(scope)));
    const manifests = charts.flatMap((app) => app.charts).flatMap((chart) => chart.toJson());
    return { made, resources: resources as cdk.CfnResource[], manifests };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

type Record = (name: string, props: Untyped, construct: Untyped) => void;

/** What the package exports; the classes of each engine note what they are made with. */
function engines(record: Record): object {
  const library = load('backpressure-constructs') as Untyped;
  // Enums and structs stay as they are.
  return Object.create(library, {
    aws: { get: () => recorded(library.aws, record, true), enumerable: true },
    k8s: { get: () => recorded(library.k8s, record, true), enumerable: true },
  });
}

/** A module whose classes note what they are made with. */
function recorded(module: Untyped, record: Record, make: boolean): object {
  const wrapped = (name: string, target: Untyped) =>
    new Proxy(target, {
      construct: (_, args) => {
        // A construct of AWS or Kubernetes has its scope before its id; a component of Pulumi has its name alone.
        const construct = make ? Reflect.construct(target, args) : STUB;
        record(name, args.at(make ? 2 : 1), construct);
        return construct;
      },
    });
  return Object.fromEntries(
    Object.keys(module).map((name) => [
      name,
      typeof module[name] === 'function' ? wrapped(name, module[name]) : module[name],
    ]),
  );
}

/** Answers every member with itself: what the lines after a component's constructor ask of it. */
const STUB: Untyped = new Proxy(class {} as Untyped, {
  get: () => STUB,
  apply: () => STUB,
  construct: () => STUB,
});
