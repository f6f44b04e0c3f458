/**
 * Which manifests are deployed together. What is deployed apart, to another cluster or from another overlay, is judged
 * apart: it neither competes for a target nor for a minute.
 */
import { posix } from 'node:path';
import { grouped } from '../../../flow/grouped';
import { isMapping, scalarText } from '../../resolved';
import { kustomized, type Written } from './kustomize';

/** Manifests that are applied together. */
export interface Applied {
  readonly manifests: readonly Written[];
  /** What was not read, in words. */
  readonly unread: readonly string[];
}

/** Folders that hold one folder for each cluster, environment or tenant. */
const COLLECTIONS =
  /^(env(ironment)?s?|clusters?|overlays?|regions?|stages?|cells|tenants|accounts|sites|fleets?|instances)$/i;

/** Names of one environment, alone or at an end of a name: `prod`, `api-staging`, `dev2`. */
const ENVIRONMENT =
  /(^|[-_.])(dev|develop|development|test|testing|qa|uat|int|integration|stage|staging|stg|pre-?prod|prod|production|prd|live|sandbox|demo|preview|local)\d*($|[-_.])/i;

/** The groups of some manifests that are applied together. */
export function applied(manifests: readonly Written[]): Applied[] {
  const { built, rest } = kustomized(withoutOwned(manifests));
  const groups = built.map((one) => ({ manifests: lastOfEach(one.manifests), unread: one.unread }));
  const others = split(rest).map((each) => ({ manifests: lastOfEach(each), unread: [] }));
  return [...groups, ...others].filter(({ manifests: some, unread }) => some.length + unread.length > 0);
}

/** A folder: the manifests of its own files, and its folders. */
interface Folder {
  readonly own: Written[];
  readonly below: Map<string, Folder>;
}

/** Splits manifests by folder wherever two folders have one object, or are one environment each. */
function split(manifests: readonly Written[]): (readonly Written[])[] {
  const root: Folder = { own: [], below: new Map() };
  for (const one of manifests) {
    let folder = root;
    const way = posix.dirname(one.file.replace(/\\/g, '/')).split('/');
    for (const name of way) {
      const next = folder.below.get(name) ?? { own: [], below: new Map() };
      folder.below.set(name, next);
      folder = next;
    }
    folder.own.push(one);
  }
  return groupsOf('', root);
}

/** The groups of a folder; each has what stands above it, since that is applied with all of them. */
function groupsOf(name: string, { own, below }: Folder): (readonly Written[])[] {
  const files = variantsOf(own);
  const parts = [...below].map(([child, folder]) => ({ child, groups: groupsOf(child, folder) }));
  const collection = COLLECTIONS.test(name) && parts.length > 1;
  const environments = parts.filter(({ child }) => collection || ENVIRONMENT.test(child));
  const inOneOfMany = environments.length > 1 ? environments : [];
  const others = parts.filter((part) => !inOneOfMany.includes(part));
  const shared = combined(others.map(({ groups }) => groups));
  const together = cross(files, shared);
  if (inOneOfMany.length === 0) return together;
  return inOneOfMany.flatMap(({ groups }) => cross(together, groups));
}

/** The most groups of one run: overlays of overlays would multiply without end. */
const MOST_GROUPS = 200;

/** Joins the groups of folders that do not contradict each other; those that do stay apart. */
function combined(folders: readonly (readonly (readonly Written[])[])[]): (readonly Written[])[] {
  const sets: { ids: Set<string>; groups: (readonly Written[])[] }[] = [];
  for (const groups of folders) {
    const ids = new Set(groups.flat().flatMap((one) => identity(one) ?? []));
    // One with several groups is an application in several environments; it joins none.
    const fitting =
      groups.length > 1
        ? undefined
        : sets.find((set) => set.groups.length === 1 && ![...ids].some((id) => set.ids.has(id)));
    if (!fitting) sets.push({ ids, groups: [...groups] });
    else {
      fitting.groups[0] = [...fitting.groups[0], ...groups[0]];
      for (const id of ids) fitting.ids.add(id);
    }
  }
  return sets.flatMap(({ groups }) => groups).slice(0, MOST_GROUPS);
}

/** Every group of the one with every group of the other. */
function cross(first: (readonly Written[])[], second: (readonly Written[])[]): (readonly Written[])[] {
  if (second.length === 0) return first;
  if (first.length === 0) return second;
  return first.flatMap((one) => second.map((other) => [...one, ...other])).slice(0, MOST_GROUPS);
}

/** The files of one folder: those that have an object which another one has too are variants, the rest goes with each. */
function variantsOf(own: readonly Written[]): (readonly Written[])[] {
  if (own.length === 0) return [];
  const byFile = [...grouped(own.map((one) => [one.file, one] as const)).values()];
  const owners = grouped(
    byFile.flatMap((file) => [...new Set(file.flatMap((one) => identity(one) ?? []))].map((id) => [id, file] as const)),
  );
  const variants = byFile.filter((file) => file.some((one) => (owners.get(identity(one) ?? '') ?? []).length > 1));
  if (variants.length === 0) return [own];
  const rest = byFile.filter((file) => !variants.includes(file)).flat();
  return combined(variants.map((file) => [file])).map((variant) => [...rest, ...variant]);
}

/** What makes two manifests one object; undefined for one without a name. */
function identity({ body }: Written): string | undefined {
  const metadata = isMapping(body.metadata) ? body.metadata : {};
  if (typeof metadata.name !== 'string' || metadata.name.includes('{{')) return undefined;
  const group = scalarText(body.apiVersion).replace(/(^|\/)[^/]*$/, '');
  return `${group}/${body.kind} ${scalarText(metadata.namespace ?? '')} ${metadata.name}`;
}

/** Of two manifests of one object, the one that is applied last. */
function lastOfEach(manifests: readonly Written[]): readonly Written[] {
  const last = new Map(manifests.map((one) => [identity(one) ?? one, one]));
  return manifests.filter((one) => last.get(identity(one) ?? one) === one);
}

/** Kinds that a controller makes of another object. */
const MADE = ['ReplicaSet', 'Pod', 'Job', 'ControllerRevision', 'ReplicationController'];

/** Without the ReplicaSets, Pods and Jobs that a controller has made: their owner is judged, or the first of them. */
function withoutOwned(manifests: readonly Written[]): readonly Written[] {
  const names = new Set(manifests.map(({ body }) => `${body.kind} ${nameIn(body)}`));
  const seen = new Set<string>();
  return manifests.filter(({ body }) => {
    const metadata = isMapping(body.metadata) ? body.metadata : {};
    const owner = Array.isArray(metadata.ownerReferences) ? metadata.ownerReferences.find(isMapping) : undefined;
    if (!owner || !MADE.includes(scalarText(body.kind))) return true;
    const namespace = scalarText(metadata.namespace ?? '');
    const key = `${scalarText(owner.kind)} ${namespace}/${scalarText(owner.name)}`;
    if (names.has(key) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function nameIn(body: Record<string, unknown>): string {
  const metadata = isMapping(body.metadata) ? body.metadata : {};
  return `${scalarText(metadata.namespace ?? '')}/${scalarText(metadata.name)}`;
}
