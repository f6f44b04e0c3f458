/**
 * The rules as a validation plugin of the cdk8s command line, which loads it by the name of its class.
 */
import { readFileSync } from 'node:fs';
import type { CheckOptions } from './check';
import { loadRules } from './load';

/** The part of cdk8s-cli's `ValidationContext` that the plugin uses. */
export interface PluginContext {
  /** Files that `cdk8s synth` wrote. */
  readonly manifests: readonly string[];
  readonly report: {
    addViolation(violation: {
      readonly ruleName: string;
      readonly recommendation: string;
      readonly fix: string;
      readonly violatingResources: readonly {
        readonly resourceName: string;
        readonly locations: readonly string[];
        readonly manifestPath: string;
      }[];
    }): void;
    submit(status: 'success' | 'failure'): void;
  };
}

/**
 * Named in `cdk8s.yaml`, it runs the rules over everything that `cdk8s synth` wrote:
 *
 * ```yaml
 * validations:
 *   - package: ./node_modules/backpressure-constructs
 *     version: 0.1.0
 *     class: BackpressureValidation
 *     properties:
 *       severities: { BP-KEDA-003: off }
 * ```
 *
 * @internal
 */
export class BackpressureValidation {
  constructor(private readonly options: CheckOptions = {}) {
    loadRules().validateSeverities(options.severities ?? {});
  }

  /** Called by the cdk8s command line after synthesis. */
  public async validate({ manifests, report }: PluginContext): Promise<void> {
    const { judgeEach, readEach } = loadRules();
    const reading = readEach(manifests.map((file) => ({ file, text: readFileSync(file, 'utf8') })));
    const { findings, failures } = judgeEach(reading, this.options);
    for (const { ruleId, resource, path, file, message, fix } of findings) {
      report.addViolation({
        ruleName: ruleId,
        recommendation: message,
        fix,
        violatingResources: [{ resourceName: resource.split('/')[1], locations: [path], manifestPath: file }],
      });
    }
    for (const { ruleId = 'unreadable', file, message } of failures) {
      report.addViolation({
        ruleName: ruleId,
        recommendation: message,
        fix: '',
        violatingResources: [{ resourceName: '', locations: [], manifestPath: file }],
      });
    }
    const failed = failures.length > 0 || findings.some(({ severity }) => severity === 'error');
    report.submit(failed ? 'failure' : 'success');
  }
}
