/** Manifests in tests of rules: an object in one line, and what is found in several. */
import { check } from '../../../lib/rules/check';
import { Manifests } from '../../../lib/rules/kubernetes/read/manifests';
import type { Finding } from '../../../lib/rules/rule';

type Body = Record<string, unknown>;

/** What is so, in which manifests, and the ids of what is found there. */
export type Claim = readonly [claim: string, bodies: readonly Body[], ids: readonly string[]];

/** An object of this kind. */
export function object(apiVersion: string, kind: string, name: string, rest: Body, metadata: Body = {}): Body {
  return { apiVersion, kind, metadata: { name, ...metadata }, ...rest };
}

/** A Deployment with one container. */
export function deployment(name: string, container: Body, pod: Body = {}, annotations: Body = {}): Body {
  const template = { spec: { ...pod, containers: [{ name: 'main', resources: LIMITED, ...container }] } };
  return object('apps/v1', 'Deployment', name, { spec: { template } }, { annotations });
}

/** A ScaledObject of the Deployment of the same name, with a fallback. */
export function scaledObject(name: string, spec: Body, annotations: Body = {}): Body {
  const fallback = { failureThreshold: 3, replicas: 2 };
  return object(
    'keda.sh/v1alpha1',
    'ScaledObject',
    name,
    { spec: { scaleTargetRef: { name }, fallback, ...spec } },
    { annotations },
  );
}

/** A CronJob with the deadlines that every one should have. */
export function cronJob(name: string, schedule: string, spec: Body = {}, job: Body = {}, metadata: Body = {}): Body {
  const template = { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '2', memory: '1Gi' } } }] } };
  const jobTemplate = { spec: { activeDeadlineSeconds: 50, template, ...job } };
  const deadlines = { startingDeadlineSeconds: 60, concurrencyPolicy: 'Forbid' };
  return object('batch/v1', 'CronJob', name, { spec: { schedule, ...deadlines, jobTemplate, ...spec } }, metadata);
}

const LIMITED = { limits: { memory: '256Mi' } };

/** Everything that the rules find in manifests that are applied together. */
export function findingsIn(...bodies: readonly Body[]): Finding[] {
  return check([new Manifests(bodies.map((body) => ({ file: 'test.yaml', body })))]);
}

/** The ids of what is found, each once. */
export function idsIn(...bodies: readonly Body[]): string[] {
  return [...new Set(findingsIn(...bodies).map(({ ruleId }) => ruleId))].sort();
}
