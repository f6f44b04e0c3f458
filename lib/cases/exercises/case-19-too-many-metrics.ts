import { type CaseExercises, sized } from './exercise';

export const TOO_MANY_METRICS_EXERCISES: CaseExercises = {
  number: 19,
  basic: {
    task: 'A monitor is scraped less often than queries look back, and a recorded name does not say what was aggregated. Mend both.',
    rules: ['BP-PROM-001', 'BP-PROM-003'],
  },
  advanced: sized('metrics', {
    task: 'Ten thousand pods expose two thousand series each, most of them buckets of histograms, and families that no dashboard and no alert uses are dropped. Choose whether histograms are stored as native ones, with queries to match, and how often a pod is scraped, so that fewer than 8 million series are active and no query looks back in vain. A scrape costs work: at least 15 s lie between two.',
    engine: 'k8s',
    answers: {
      nativeHistograms: '1 for native histograms, 0 for classic ones',
      intervalSeconds: 'seconds from one scrape to the next',
    },
    bounds: { intervalSeconds: { atLeast: 15 } },
    asked: (scenario, { nativeHistograms, intervalSeconds }) => {
      const k8s = scenario.on.k8s!;
      const classic = nativeHistograms === 0;
      const uses = k8s.uses?.map(({ file, expression }) => ({
        file,
        expression: classic ? expression.replace(/_duration_seconds\b/g, '_duration_seconds_bucket') : expression,
      }));
      const asked = { ...k8s, uses, nativeHistograms: !classic, intervalSeconds };
      return { ...scenario, on: { ...scenario.on, k8s: asked } };
    },
  }),
  project: {
    task: 'Build the scraping of a platform: monitors with a limit of samples and of labels, a rule that records what everybody asks for, and alerts on the number of series and on a scrape that is refused.',
    resources: { 'monitoring.coreos.com/PodMonitor': 1, 'monitoring.coreos.com/PrometheusRule': 1 },
    shows: [
      {
        claim: 'a monitor has a limit of samples and of labels',
        types: ['monitoring.coreos.com/PodMonitor', 'monitoring.coreos.com/ServiceMonitor'],
        lines: [/^spec\.sampleLimit: [1-9]/, /^spec\.labelLimit: [1-9]/, /[eE]ndpoints\[0\]\.interval: \S/],
      },
      {
        claim: 'a rule records what everybody asks for, and says what it aggregates',
        types: ['monitoring.coreos.com/PrometheusRule'],
        lines: [/\.record: \w+:\w+/],
      },
    ],
    alerts: { 'the number of series': /series/i, 'a scrape that is refused': /reject|refus|limit/i },
  },
};
