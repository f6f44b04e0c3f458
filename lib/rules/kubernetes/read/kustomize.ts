/**
 * What kustomize makes of a folder: resources, patches and the namespace of an overlay. What is not built is said.
 */

import { posix } from 'node:path';
import { parseEmbedded } from '../../parse';
import { patternOf } from '../../patterns';
import { list } from '../../raw';
import { isMapping, scalarText } from '../../resolved';
import { labelledBy, mapsMadeBy, namedBy } from './kustomize-fields';
import { merged, patched } from './patches';

/** One manifest of a file, and as it stands there. */
export interface Written {
  readonly file: string;
  readonly body: Body;
  /** The manifest as it is written; a patched one is another object. */
  readonly source: Body;
  /** Names that it had before a prefix or suffix. Default: none. */
  readonly formerly?: readonly string[];
}

type Body = Record<string, unknown>;

/** What one kustomization makes. */
export interface Built {
  /** Its file. */
  readonly file: string;
  readonly manifests: readonly Written[];
  /** What was not built, in words. */
  readonly unread: readonly string[];
}

/** The kustomizations that no other one uses, built, and the manifests that none of them has. */
export interface Kustomized {
  readonly built: readonly Built[];
  readonly rest: readonly Written[];
}

/** Whether a file is named as kustomize wants it. */
export function isKustomizationFile(file: string): boolean {
  return /(^|[\\/])kustomization\.ya?ml$/.test(file);
}

/** Whether it is a kustomization of kustomize, and none of Flux. */
export function isKustomization(file: string, body: Body): boolean {
  const group = scalarText(body.apiVersion ?? '');
  if (group.startsWith('kustomize.config.k8s.io/')) return true;
  return isKustomizationFile(file) && body.apiVersion === undefined;
}

/** Builds every kustomization among some manifests. */
export function kustomized(manifests: readonly Written[]): Kustomized {
  const own = manifests.filter(({ file, body }) => isKustomization(file, body));
  if (own.length === 0) return { built: [], rest: manifests };
  const builder = new Builder(manifests, own);
  const used = new Set(own.flatMap((one) => builder.foldersOf(one)));
  const roots = own.filter(({ file, body }) => !used.has(posix.dirname(slashed(file))) && body.kind !== 'Component');
  const built = roots.map((root) => builder.build(root));
  // A circle has no root. Kustomize refuses it; its parts are judged all the same.
  for (const one of own) if (!builder.applied.has(one) && one.body.kind !== 'Component') built.push(builder.build(one));
  const taken = builder.taken;
  return { built, rest: manifests.filter((one) => !taken.has(slashed(one.file)) && !own.includes(one)) };
}

const slashed = (file: string) => file.replace(/\\/g, '/');

class Builder {
  /** The files that some kustomization has. */
  public readonly taken = new Set<string>();
  /** The kustomizations that were built, alone or as a part. */
  public readonly applied = new Set<Written>();
  private readonly byFile = new Map<string, Written[]>();
  private readonly byFolder: ReadonlyMap<string, Written>;

  constructor(manifests: readonly Written[], kustomizations: readonly Written[]) {
    for (const one of manifests) {
      const file = slashed(one.file);
      this.byFile.set(file, [...(this.byFile.get(file) ?? []), one]);
    }
    this.byFolder = new Map(kustomizations.map((one) => [posix.dirname(slashed(one.file)), one]));
    for (const one of kustomizations) this.take(one);
  }

  /** The folders of the kustomizations that this one uses. */
  public foldersOf({ file, body }: Written): string[] {
    return [...list(body.resources), ...list(body.bases), ...list(body.components)]
      .map((reference) => at(file, reference))
      .filter((path) => this.byFolder.has(path));
  }

  public build(one: Written): Built {
    const unread: string[] = [];
    return { file: one.file, manifests: this.apply(one, [], unread, new Set()), unread };
  }

  /** Remembers every file that a kustomization names, also those of bases that are built elsewhere. */
  private take({ file, body }: Written): void {
    const patches = [...list(body.patches), ...list(body.patchesJson6902)].map((patch) =>
      isMapping(patch) ? patch.path : undefined,
    );
    for (const reference of [...list(body.resources), ...list(body.patchesStrategicMerge), ...patches])
      if (typeof reference === 'string') this.taken.add(at(file, reference));
  }

  private apply(one: Written, before: readonly Written[], unread: string[], above: ReadonlySet<Written>): Written[] {
    if (above.has(one)) return [...before];
    this.applied.add(one);
    const { file, body } = one;
    const within = new Set([...above, one]);
    const all = [...before];
    for (const reference of [...list(body.resources), ...list(body.bases)]) {
      const path = at(file, reference);
      const base = this.byFolder.get(path);
      if (base) all.push(...this.apply(base, [], unread, within));
      else if (this.byFile.has(path)) all.push(...this.byFile.get(path)!);
      else unread.push(`${scalarText(reference)} of ${file}, which is not among the files`);
    }
    let made = all;
    for (const reference of list(body.components)) {
      const component = this.byFolder.get(at(file, reference));
      if (component) made = this.apply(component, made, unread, within);
      else unread.push(`the component ${scalarText(reference)} of ${file}, which is not among the files`);
    }
    made = [...made, ...mapsMadeBy(body).map((map) => ({ file, body: map, source: body }))];
    for (const key of ['helmCharts', 'replacements', 'transformers', 'generators'])
      if (list(body[key]).length > 0) unread.push(`${key} of ${file}; run kustomize build, and check what it prints`);
    for (const patch of this.patchesOf(one)) made = made.map((each) => patchedBy(each, patch));
    const { namespace } = body;
    if (typeof namespace === 'string') made = made.map((each) => inNamespace(each, namespace));
    return namedBy(body, made).map((each) => ({ ...each, body: labelledBy(body, each.body) }));
  }

  private patchesOf({ file, body }: Written): Patch[] {
    const files = (reference: unknown): unknown[] =>
      typeof reference === 'string' ? (this.byFile.get(at(file, reference)) ?? []).map((one) => one.body) : [];
    const merges = list(body.patchesStrategicMerge).flatMap((reference) =>
      typeof reference === 'string' && reference.includes('\n') ? parsedPatch(reference) : files(reference),
    );
    const others = [...list(body.patches), ...list(body.patchesJson6902)].filter(isMapping).flatMap((patch) => {
      const changes = typeof patch.patch === 'string' ? parsedPatch(patch.patch) : files(patch.path);
      return changes.map((change) => ({ target: patch.target, change }));
    });
    return [...merges.map((change) => ({ target: undefined, change })), ...others];
  }
}

interface Patch {
  /** What it is for; undefined when the patch names it itself. */
  readonly target: unknown;
  readonly change: unknown;
}

function patchedBy(written: Written, { target, change }: Patch): Written {
  const selector = isMapping(target) ? target : identityOf(change);
  const names = [undefined, ...(written.formerly ?? [])];
  if (!selector || !names.some((former) => isSelected(written.body, selector, former))) return written;
  const body = Array.isArray(change) ? patched(written.body, change) : merged(written.body, change);
  return isMapping(body) ? { ...written, body } : written;
}

function identityOf(change: unknown): Body | undefined {
  if (!isMapping(change) || !isMapping(change.metadata)) return undefined;
  return { kind: change.kind, name: change.metadata.name };
}

/** Names of a selector are expressions that have to match as a whole; they may be those of before a prefix. */
function isSelected(body: Body, { kind, name, namespace, labelSelector }: Body, former?: string): boolean {
  const metadata = isMapping(body.metadata) ? body.metadata : {};
  const fits = (wanted: unknown, given: unknown) =>
    wanted === undefined ||
    wanted === given ||
    (typeof wanted === 'string' &&
      typeof given === 'string' &&
      patternOf(`^${wanted}$`)?.test(given.slice(0, 255)) === true);
  return (
    fits(kind, body.kind) &&
    fits(name, former ?? metadata.name) &&
    fits(namespace, metadata.namespace) &&
    hasLabels(isMapping(metadata.labels) ? metadata.labels : {}, labelSelector)
  );
}

/** Whether labels meet a selector of equalities; one of another form selects nothing here. */
function hasLabels(labels: Body, selector: unknown): boolean {
  if (selector === undefined) return true;
  return scalarText(selector)
    .split(',')
    .every((part) => {
      const [key, value] = part.split(/==?/).map((text) => text.trim());
      return value !== undefined && labels[key] === value;
    });
}

/** Kinds that are in no namespace. */
const CLUSTER_KINDS =
  /^(Namespace|Node|PersistentVolume|ClusterRole\w*|CustomResourceDefinition|PriorityClass|StorageClass)$/;

function inNamespace(written: Written, namespace: string): Written {
  const { body } = written;
  if (CLUSTER_KINDS.test(scalarText(body.kind))) return written;
  const metadata = isMapping(body.metadata) ? body.metadata : {};
  return { ...written, body: { ...body, metadata: { ...metadata, namespace } } };
}

function at(file: string, reference: unknown): string {
  return posix.normalize(posix.join(posix.dirname(slashed(file)), scalarText(reference))).replace(/\/$/, '');
}

function parsedPatch(text: string): unknown[] {
  const parsed = parseEmbedded(text);
  return parsed === undefined ? [] : [parsed];
}
