import type * as yaml from '@pulumi/kubernetes/yaml/v2';
import * as pulumi from '@pulumi/pulumi';
import type { Chart } from 'cdk8s';
import { needPeers } from '../peers';
import { componentName } from './component-name';

/**
 * Passes a cdk8s chart, such as those of `backpressure-constructs/k8s`, to Pulumi: every object of the chart, and
 * of the charts within it, becomes a resource of Pulumi's Kubernetes provider, with its diff, waiting and deletion.
 *
 * A chart that contains a Secret, itself or in a chart within it, is marked secret as a whole, so that the state holds no
 * value in plain text.
 *
 * @param name name of the group; every object's resource is prefixed with it
 * @param chart any chart; it is synthesized in this call, so it must be complete
 * @param opts `provider` says which cluster. Default: the one of the current kubeconfig
 * @throws InvalidInputError when the name is empty
 */
export function fromChart(name: string, chart: Chart, opts?: pulumi.ComponentResourceOptions): yaml.ConfigGroup {
  // Here and not above: who has no chart has no need of this provider.
  needPeers('gcp.fromChart');
  const { ConfigGroup } = require('@pulumi/kubernetes/yaml/v2') as typeof yaml;
  const objects: { kind?: string }[] = [];
  for (const one of chartsIn(chart)) objects.push(...one.toJson());
  const secret = objects.some(({ kind }) => kind === 'Secret');
  return new ConfigGroup(componentName('fromChart', name), { objs: secret ? pulumi.secret(objects) : objects }, opts);
}

/** The chart, and those within it: each synthesizes only the objects of which it is the closest chart. */
function chartsIn(chart: Chart): Chart[] {
  // What cdk8s knows a chart by; without an import that would load it.
  const mark = Symbol.for('cdk8s.Chart');
  return chart.node.findAll().filter((one): one is Chart => mark in one);
}
