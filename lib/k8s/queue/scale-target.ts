import type { Check } from '../../flow/errors';
import { FLAG, type Kinds, mapOf, needed, struct, TEXT } from '../../flow/kinds';
import { dnsSubdomain, labelChecks, textCheck } from '../names';

/**
 * A workload that is there already, in the namespace of the chart: a Deployment, a StatefulSet, an Argo Rollout, or whatever
 * else has a `scale` subresource.
 */
export interface ScaleTarget {
  /**
   * Name of the object.
   */
  readonly name: string;

  /**
   * Kind of the object, such as `StatefulSet` or `Rollout`.
   *
   * @default Deployment
   */
  readonly kind?: string;

  /**
   * Group and version of its API, such as `argoproj.io/v1alpha1`.
   *
   * @default apps/v1
   */
  readonly apiVersion?: string;

  /**
   * Labels that select its pods and no others. For `disruptionBudget` and `networkPolicy`.
   *
   * @default - its pods are not selected
   */
  readonly podLabels?: { [label: string]: string };

  /**
   * Whether its pods get a PodDisruptionBudget. Not if they have one: a pod with two cannot be evicted.
   *
   * @default false
   */
  readonly disruptionBudget?: boolean;

  /**
   * Whether its pods get a NetworkPolicy with DNS and the queue. Where they have none so far, whatever else they connect to is
   * blocked.
   *
   * @default false
   */
  readonly networkPolicy?: boolean;
}

/** The kind of the prop. */
export const SCALE_TARGET = struct<ScaleTarget>({
  name: needed(TEXT),
  kind: TEXT,
  apiVersion: TEXT,
  podLabels: mapOf(TEXT),
  disruptionBudget: FLAG,
  networkPolicy: FLAG,
} satisfies Kinds<ScaleTarget>);

const APPS = 'apps/v1';
const OF_APPS = ['Deployment', 'StatefulSet'];

/** The checks of its fields. */
export function targetChecks(target: ScaleTarget | undefined): Check[] {
  if (target === undefined) return [];
  const { name, kind = 'Deployment', apiVersion, podLabels } = target;
  const selects = Object.keys(podLabels ?? {}).length > 0;
  return [
    dnsSubdomain('target.name', name),
    textCheck(
      'target.kind',
      target.kind,
      (text) => /^[A-Z][A-Za-z0-9]{0,62}$/.test(text),
      'a kind such as StatefulSet',
    ),
    textCheck(
      'target.apiVersion',
      apiVersion,
      (text) => /^[a-z0-9]([-a-z0-9.]{0,250}[a-z0-9])?\/v\d+((alpha|beta)\d+)?$/.test(text),
      'a group and a version such as argoproj.io/v1alpha1',
    ),
    {
      refused: apiVersion === undefined && !OF_APPS.includes(kind),
      message: `target.apiVersion must be given for a ${kind}: apps/v1 has only ${OF_APPS.join(' and ')} to scale`,
    },
    {
      refused: apiVersion === APPS && !OF_APPS.includes(kind),
      message: `target.kind must be one of ${OF_APPS.join(', ')} in apps/v1, got '${kind}'`,
    },
    ...labelChecks('target.podLabels', podLabels),
    ...(['disruptionBudget', 'networkPolicy'] as const).map((choice) => ({
      refused: target[choice] === true && !selects,
      message: `target.${choice} needs target.podLabels, which select its pods, got none`,
    })),
  ];
}
