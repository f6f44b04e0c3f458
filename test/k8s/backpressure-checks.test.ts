import { ApiObject, App, Chart } from 'cdk8s';
import { BackpressureChecks } from '../../lib/k8s/backpressure-checks';

function appWith(trigger: object, annotations: Record<string, string> = {}): App {
  const app = new App();
  const chart = new Chart(app, 'thumbnails');
  new ApiObject(chart, 'scaler', {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name: 'thumbnails', annotations },
    spec: {
      scaleTargetRef: { name: 'thumbnails' },
      fallback: { failureThreshold: 3, replicas: 4 },
      triggers: [{ type: 'rabbitmq', authenticationRef: { name: 'broker' }, metadata: trigger }],
    },
  });
  return app;
}

const WRONG = { queueName: 'thumbnails', queueLength: '500' };

test('a finding fails synthesis and names the chart, the rule and the fix', () => {
  const app = appWith(WRONG);
  BackpressureChecks.addTo(app);
  expect(() => app.synthYaml()).toThrow(
    /thumbnails: error BP-KEDA-001 ScaledObject\/thumbnails spec\.triggers\[0\]\.metadata\.queueLength\n {2}queueLength 500 .*\n {2}fix: write mode/,
  );
});

test('a chart without findings is written', () => {
  const app = appWith({ queueName: 'thumbnails', mode: 'QueueLength', value: '80' });
  BackpressureChecks.addTo(app);
  expect(app.node.validate()).toEqual([]);
});

test('lowered to a warning it is said on stderr and lets synthesis pass', () => {
  const spoken = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const app = appWith(WRONG);
    BackpressureChecks.addTo(app, { severities: { 'BP-KEDA-001': 'warning' } });
    expect(app.node.validate()).toEqual([]);
    expect(spoken.mock.calls.flat().join('')).toMatch(/warning BP-KEDA-001/);
  } finally {
    spoken.mockRestore();
  }
});

test('an annotation with a reason accepts it, one without does not', () => {
  const accepted = appWith(WRONG, { 'backpressure-constructs/BP-KEDA-001': 'Batch: nobody waits.' });
  BackpressureChecks.addTo(accepted);
  expect(accepted.node.validate()).toEqual([]);

  const silent = appWith(WRONG, { 'backpressure-constructs/BP-KEDA-001': '' });
  BackpressureChecks.addTo(silent);
  expect(silent.node.validate()).toHaveLength(1);
});

test('a severity for a rule that is none is refused at once', () => {
  expect(() => BackpressureChecks.addTo(new App(), { severities: { 'BP-NO-001': 'off' } })).toThrow(/BP-NO-001/);
});
