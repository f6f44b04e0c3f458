import { App } from 'cdk8s';
import type { IValidation } from 'constructs';
import type { Level } from '../rules/check';
import { loadRules } from '../rules/load';

/** Props of `BackpressureChecks`. */
export interface BackpressureChecksProps {
  /**
   * Severities other than the rules' own, by rule id: `error`, `warning` or `off`.
   *
   * @default - every rule at its own severity; docs/rules.md lists them
   */
  readonly severities?: { readonly [ruleId: string]: string };
}

/**
 * Runs the rules of docs/rules.md on every chart of an app when it is synthesized, through cdk8s' own validation.
 *
 * ```ts
 * BackpressureChecks.addTo(app);
 * ```
 *
 * A finding at level error fails synthesis, and so does a chart that could not be judged; warnings are written to
 * stderr. A manifest accepts a finding by an annotation whose key is `backpressure-constructs/` and the rule's id, and
 * whose value is the reason.
 */
export class BackpressureChecks implements IValidation {
  /**
   * Adds the checks to an app.
   *
   * @param app whose charts are checked, all of them together
   * @param props severities that differ from the rules' own
   * @throws InvalidInputError when a severity names no rule
   */
  public static addTo(app: App, props: BackpressureChecksProps = {}): void {
    app.node.addValidation(new BackpressureChecks(app, props));
  }

  private readonly severities: Record<string, Level>;

  private constructor(
    private readonly app: App,
    props: BackpressureChecksProps,
  ) {
    loadRules().validateSeverities(props.severities ?? {});
    this.severities = { ...props.severities } as Record<string, Level>;
  }

  /** Called by cdk8s before anything is written; what it returns fails synthesis. */
  public validate(): string[] {
    const { describe, failureText, judgeEach, readingOf } = loadRules();
    // Not chart.toJson(), which would validate first.
    const sources = this.app.charts.map((chart) => ({
      file: chart.node.path,
      parsed: chart.apiObjects.map((object) => object.toJson()),
    }));
    const reading = readingOf(sources.filter(({ parsed }) => parsed.length > 0));
    const { findings, failures } = judgeEach(reading, { severities: this.severities });
    const [errors, warnings] = [true, false].map((bad) =>
      findings
        .filter(({ severity }) => (severity === 'error') === bad)
        .map((finding) => `${finding.file}: ${describe(finding)}`),
    );
    for (const warning of warnings) process.stderr.write(`${warning}\n`);
    return [...errors, ...failures.map(failureText)];
  }
}
