/** What a kustomization sets in every object that it has: name prefixes and suffixes, labels, maps that it generates. */
import { own } from '../../own';
import { list, mapping } from '../../raw';
import { isMapping, scalarText } from '../../resolved';

type Body = Record<string, unknown>;

/** Keys under which an object is named by a mapping with its `name`. */
const REFERENCES = [
  'scaleTargetRef',
  'authenticationRef',
  'targetRef',
  'configMapRef',
  'configMapKeyRef',
  'configMap',
  'secretRef',
  'secretKeyRef',
];

/** Keys under which an object is named by a text. */
const NAME_FIELDS = ['secretName', 'claimName', 'serviceAccountName', 'serviceName', 'deploymentName'];

/** Kinds whose names kustomize leaves as they are. */
const NOT_RENAMED = ['Namespace', 'CustomResourceDefinition', 'APIService'];

/** The templates of each kind, which are given the labels too. */
const TEMPLATES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Deployment: [['spec', 'template']],
  StatefulSet: [['spec', 'template']],
  DaemonSet: [['spec', 'template']],
  ReplicaSet: [['spec', 'template']],
  Job: [['spec', 'template']],
  CronJob: [
    ['spec', 'jobTemplate'],
    ['spec', 'jobTemplate', 'spec', 'template'],
  ],
};

/** Kinds whose selector is given them; a Job's is the controller's. */
const SELECTING = /^(Deployment|StatefulSet|DaemonSet|ReplicaSet)$/;

/** An object, and the names that it had before a prefix or suffix; patches and references may still use them. */
interface Named {
  readonly body: Body;
  readonly formerly?: readonly string[];
}

/** With `namePrefix` and `nameSuffix`, in names and in what refers to them. */
export function namedBy<T extends Named>({ namePrefix, nameSuffix }: Body, objects: readonly T[]): readonly T[] {
  const [before, after] = [scalarText(namePrefix ?? ''), scalarText(nameSuffix ?? '')];
  if (before === '' && after === '') return objects;
  const names = new Map<unknown, string>();
  for (const { body, formerly = [] } of objects) {
    const name = nameIn(body);
    if (name === undefined || NOT_RENAMED.includes(scalarText(body.kind))) continue;
    for (const each of [...formerly, name]) names.set(each, `${before}${name}${after}`);
  }
  const fresh = (name: unknown) => names.get(name) ?? name;
  return objects.map((object) => {
    const body = withReferences(object.body, fresh) as Body;
    const name = nameIn(body);
    if (name === undefined || NOT_RENAMED.includes(scalarText(body.kind))) return { ...object, body };
    const metadata = { ...mapping(body.metadata), name: fresh(name) };
    return { ...object, body: { ...body, metadata }, formerly: [...(object.formerly ?? []), name] };
  });
}

/** With `commonLabels`, and `labels` where they say how far they go. */
export function labelledBy(kustomization: Body, body: Body): Body {
  const common = { pairs: kustomization.commonLabels, includeSelectors: true };
  return [common, ...list(kustomization.labels).map(mapping)]
    .filter(({ pairs }) => isMapping(pairs))
    .reduce<Body>((labelled, label: Body) => labelledWith(labelled, label), body);
}

/** The ConfigMaps that are made of literals; one made of files has what those files have, which are read themselves. */
export function mapsMadeBy({ configMapGenerator, namespace }: Body): Body[] {
  return list(configMapGenerator)
    .filter(isMapping)
    .filter(({ behavior }) => behavior === undefined || behavior === 'create')
    .map((generator) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: generator.name, ...(namespace === undefined ? {} : { namespace }) },
      data: Object.fromEntries(list(generator.literals).map((literal) => pairOf(scalarText(literal)))),
    }));
}

/** `KEY=value`, whose value kustomize takes without the quotes around it. */
function pairOf(literal: string): [string, string] {
  const at = literal.indexOf('=');
  if (at < 0) return [literal, ''];
  return [literal.slice(0, at), literal.slice(at + 1).replace(/^(["'])(.*)\1$/, '$2')];
}

function withReferences(value: unknown, fresh: (name: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => withReferences(each, fresh));
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      if (NAME_FIELDS.includes(key)) return [key, fresh(each)];
      const inside = withReferences(each, fresh);
      return [key, REFERENCES.includes(key) && isMapping(inside) ? { ...inside, name: fresh(inside.name) } : inside];
    }),
  );
}

function labelledWith(body: Body, { pairs, includeSelectors, includeTemplates }: Body): Body {
  const labels = mapping(pairs);
  const labelled = withLabels(body, labels);
  const kind = scalarText(body.kind);
  const selects = includeSelectors === true;
  if (!selects && includeTemplates !== true) return labelled;
  const templates = (own(TEMPLATES, kind) ?? []).reduce(
    (each, way) => changedAt(each, way, (at) => withLabels(at, labels)),
    labelled,
  );
  if (!selects || !SELECTING.test(kind)) return templates;
  return changedAt(templates, ['spec'], (spec) => {
    const selector = mapping(spec.selector);
    return { ...spec, selector: { ...selector, matchLabels: { ...mapping(selector.matchLabels), ...labels } } };
  });
}

/** The object with the mapping at the end of a way changed; as it is when there is none. */
function changedAt(object: Body, [key, ...way]: readonly string[], change: (at: Body) => Body): Body {
  const at = object[key];
  if (!isMapping(at)) return object;
  return { ...object, [key]: way.length === 0 ? change(at) : changedAt(at, way, change) };
}

function withLabels(object: Body, labels: Body): Body {
  const metadata = mapping(object.metadata);
  return { ...object, metadata: { ...metadata, labels: { ...mapping(metadata.labels), ...labels } } };
}

function nameIn({ metadata }: Body): string | undefined {
  return isMapping(metadata) && typeof metadata.name === 'string' ? metadata.name : undefined;
}
