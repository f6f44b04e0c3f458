import { grouped } from '../../../flow/grouped';
import { Document, type EmbeddedText, Resource, Value } from '../../document';
import { oncePer } from '../../once-per';
import { own } from '../../own';
import { madeManifest } from '../../plans/ways';
import { isMapping, type Resolved, UNKNOWN } from '../../resolved';

/** Annotation under which a manifest accepts a finding; the rule's id follows, the reason is its value. */
export const ACKNOWLEDGE = 'backpressure-constructs/';

/** Of the annotations with that prefix, those that accept a finding; others say something about the workload. */
const ACKNOWLEDGED = new RegExp(`^${ACKNOWLEDGE}(BP-[A-Z0-9]+-\\d{3})$`);

/** A text that a tool fills in before it is applied: Helm's `{{ … }}`, envsubst's `${…}`. */
const PLACEHOLDER = /^\s*(\{\{[\s\S]*\}\}|\$\{\w+\})\s*$/;

/** One manifest, and where it came from. */
export interface Manifest {
  readonly file: string;
  readonly body: Record<string, unknown>;
  /** The manifest as it stands in the file, when a patch has changed it. Default: the body. */
  readonly source?: Record<string, unknown>;
}

/** Every item of a list. */
const EACH = '*';

/** The two sorts of pods of a Spark application. */
const SPARK_ROLES = ['driver', 'executor'];

/** Every workload with a pod template, and the way to that template's spec; a list of keys is a way through each. */
const POD_SPECS: Readonly<Record<string, readonly (string | readonly string[])[]>> = {
  Pod: ['spec'],
  'apps/Deployment': ['spec', 'template', 'spec'],
  'apps/StatefulSet': ['spec', 'template', 'spec'],
  'apps/DaemonSet': ['spec', 'template', 'spec'],
  'apps/ReplicaSet': ['spec', 'template', 'spec'],
  'batch/Job': ['spec', 'template', 'spec'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  'keda.sh/ScaledJob': ['spec', 'jobTargetRef', 'template', 'spec'],
  ReplicationController: ['spec', 'template', 'spec'],
  'apps.openshift.io/DeploymentConfig': ['spec', 'template', 'spec'],
  'argoproj.io/Rollout': ['spec', 'template', 'spec'],
  'argoproj.io/Workflow': ['spec', 'templates', EACH],
  'argoproj.io/WorkflowTemplate': ['spec', 'templates', EACH],
  'argoproj.io/CronWorkflow': ['spec', 'workflowSpec', 'templates', EACH],
  'serving.knative.dev/Service': ['spec', 'template', 'spec'],
  'serving.kserve.io/InferenceService': ['spec', 'predictor'],
  'jobset.x-k8s.io/JobSet': ['spec', 'replicatedJobs', EACH, 'template', 'spec', 'template', 'spec'],
  'ray.io/RayCluster': ['spec', 'workerGroupSpecs', EACH, 'template', 'spec'],
  'ray.io/RayJob': ['spec', 'rayClusterSpec', 'workerGroupSpecs', EACH, 'template', 'spec'],
  'ray.io/RayService': ['spec', 'rayClusterConfig', 'workerGroupSpecs', EACH, 'template', 'spec'],
  'elasticsearch.k8s.elastic.co/Elasticsearch': ['spec', 'nodeSets', EACH, 'podTemplate', 'spec'],
  'kibana.k8s.elastic.co/Kibana': ['spec', 'podTemplate', 'spec'],
  'logstash.k8s.elastic.co/Logstash': ['spec', 'podTemplate', 'spec'],
  'sparkoperator.k8s.io/SparkApplication': ['spec', SPARK_ROLES, 'template', 'spec'],
  'sparkoperator.k8s.io/ScheduledSparkApplication': ['spec', 'template', SPARK_ROLES, 'template', 'spec'],
  'enterprisesearch.k8s.elastic.co/EnterpriseSearch': ['spec', 'podTemplate', 'spec'],
};

/** The manifests that are applied together; relations hold across files. */
export class Manifests extends Document {
  public readonly resources: readonly Resource[];
  private embedded?: readonly EmbeddedText[];

  /** The namespace of manifests that name none: the only one that the others name, or `default`. */
  public readonly usualNamespace: string;

  /**
   * @param manifests those that are applied together
   * @param unread what could not be read, in words
   */
  constructor(
    manifests: readonly Manifest[],
    public readonly unread: readonly string[] = [],
  ) {
    super();
    const namespaces = new Set(manifests.flatMap(({ body }) => namespaceIn(body) ?? []));
    this.usualNamespace = namespaces.size === 1 ? [...namespaces][0] : namespaces.has('default') ? 'default' : '';
    this.resources = manifests.map(({ file, body, source = body }) => {
      const metadata = isMapping(body.metadata) ? body.metadata : {};
      const name = [metadata.name, metadata.generateName].find((each) => typeof each === 'string') ?? '(no name)';
      const annotations = Object.entries(isMapping(metadata.annotations) ? metadata.annotations : {});
      const acknowledged = annotations.flatMap(([key, reason]): [string, string][] => {
        const id = ACKNOWLEDGED.exec(key)?.[1];
        // Annotations are texts; a number or a flag in YAML was meant as text.
        const text = typeof reason === 'object' || reason === undefined ? '' : String(reason);
        return id === undefined || text.trim() === '' ? [] : [[id, text]];
      });
      // A file has no places that are kinds and keys.
      const isFile = body.kind === 'File';
      const full = isFile ? name : `${body.kind}/${name}`;
      const plain = { resource: full, wayTo: (path: string) => (isFile ? '' : path) };
      const origin = { ...(madeManifest(source) ?? plain), source };
      return new Resource(this, full, typeOf(body), file, body, new Map(acknowledged), undefined, origin);
    });
  }

  // A value in a manifest is decided, unless it is a placeholder; a place below an undecided one stays undecided.
  public resolve(raw: unknown): Resolved {
    if (raw === UNKNOWN || (typeof raw === 'string' && PLACEHOLDER.test(raw))) return UNKNOWN;
    return raw as Resolved;
  }

  /** The workloads with a pod template: Deployments, Jobs, ScaledJobs and so on. */
  public workloads(): readonly Resource[] {
    return this.ofType(...Object.keys(POD_SPECS));
  }

  /** The pod spec of a workload; of several, the first. */
  public podSpec(workload: Resource): Value {
    // An unknown kind may have its pods anywhere.
    return podSpecs(workload)[0] ?? new Value(workload, UNKNOWN);
  }

  /** The containers of a workload, sidecars among the init containers too, without those that run before it. */
  public containers(workload: Resource): Value[] {
    return podSpecs(workload).flatMap((spec) => [
      ...spec.at('containers').items(),
      // A step of a workflow has one.
      ...spec.at('container').items(),
      ...initContainers(spec).filter((container) => container.at('restartPolicy').text() === 'Always'),
    ]);
  }

  /** All containers of a workload, those that run before the others too. */
  public everyContainer(workload: Resource): Value[] {
    return [...this.containers(workload), ...podSpecs(workload).flatMap(runBefore)];
  }

  /** The resource of this type and name in the namespace of another; undefined when it is not among the manifests. */
  public beside(neighbour: Resource, type: string, name: string | undefined): Resource | undefined {
    if (name === undefined) return undefined;
    return placed(this).get(placeOf(type, namespaceOf(neighbour), name))?.[0];
  }

  public texts(): readonly EmbeddedText[] {
    this.embedded ??= [
      ...this.ofType('ConfigMap', 'File').flatMap((map) =>
        map
          .at('data')
          .entries()
          .flatMap(([name, at]) => {
            const text = at.text();
            return text === undefined ? [] : [{ at, text, name }];
          }),
      ),
      ...this.workloads().flatMap((workload) => this.everyContainer(workload).flatMap(commandOf)),
    ];
    return this.embedded;
  }
}

/** The pod specs of a workload. */
const podSpecs = oncePer((workload: Resource): readonly Value[] => {
  const path = own(POD_SPECS, workload.type) ?? [];
  if (path.length === 0) return [];
  return path.reduce<Value[]>(
    (values, key) =>
      values.flatMap((value) => (key === EACH ? value.items() : [key].flat().map((each) => value.at(each)))),
    [workload.body],
  );
});

function initContainers(spec: Value): Value[] {
  return spec.at('initContainers').items();
}

/** The init containers that end before the others start. */
function runBefore(spec: Value): Value[] {
  return initContainers(spec).filter((container) => container.at('restartPolicy').text() !== 'Always');
}

/** Every manifest by type, namespace and name. */
const placed = oncePer((manifests: Manifests) =>
  grouped(
    manifests.resources.map((resource) => {
      const name = resource.at('metadata', 'name').text();
      return [name === undefined ? undefined : placeOf(resource.type, namespaceOf(resource), name), resource] as const;
    }),
  ),
);

function placeOf(type: string, namespace: string, name: string): string {
  return `${type}\n${namespace}\n${name}`;
}

/** The namespace of a manifest; of one that names none, that of the others, and empty when it is not known. */
export function namespaceOf(resource: Resource): string {
  const written = resource.at('metadata', 'namespace').text();
  return written ?? (resource.document as Manifests).usualNamespace;
}

/** The namespace that is written in a manifest. */
function namespaceIn(body: Record<string, unknown>): string | undefined {
  const namespace = isMapping(body.metadata) ? body.metadata.namespace : undefined;
  return typeof namespace === 'string' && namespace !== '' && !PLACEHOLDER.test(namespace) ? namespace : undefined;
}

/** The manifests of each namespace. */
export function byNamespace(resources: readonly Resource[]): ReadonlyMap<string, readonly Resource[]> {
  return grouped(resources.map((resource) => [namespaceOf(resource), resource] as const));
}

/** Group and kind: `apps/Deployment`, `Pod`. The version does not change what a rule reads. */
function typeOf(body: Record<string, unknown>): string {
  // KEDA 1 had another group; what people wrote for it is read as KEDA 2 would read it.
  const version = String(body.apiVersion).replace(/^keda\.k8s\.io\//, 'keda.sh/');
  return version.includes('/') ? `${version.slice(0, version.lastIndexOf('/'))}/${body.kind}` : String(body.kind);
}

function commandOf(container: Value): EmbeddedText[] {
  const words = [...container.at('command').items(), ...container.at('args').items()];
  const text = words.map((word) => word.text() ?? '').join(' ');
  return text === '' ? [] : [{ at: container.at(container.at('args').present ? 'args' : 'command'), text }];
}
