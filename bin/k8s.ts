/** The cdk8s app with the Kubernetes reference environments: one YAML each, under dist/k8s. */
import { App, YamlOutputType } from 'cdk8s';
import { REFERENCE_CHARTS } from '../charts/reference';

const app = new App({
  outdir: process.argv[2] ?? 'dist/k8s',
  outputFileExtension: '.yaml',
  yamlOutputType: YamlOutputType.FILE_PER_CHART,
});
for (const [id, ReferenceChart] of Object.entries(REFERENCE_CHARTS)) new ReferenceChart(app, id);
app.synth();
