import { readFileSync } from 'node:fs';
import type { IPolicyValidationContext, IPolicyValidationPlugin, PolicyValidationPluginReport } from 'aws-cdk-lib';
import type { Level } from '../rules/check';
import { loadRules } from '../rules/load';
import { nestedTemplates } from '../rules/nested-templates';

/** Severity of a rule's findings. */
export enum RuleLevel {
  /** Fails synthesis. */
  ERROR = 'error',
  /** Is reported; synthesis passes. */
  WARNING = 'warning',
  /** The rule does not run. */
  OFF = 'off',
}

/** Stands in for a rule id when a template is over a limit; it cannot be acknowledged. */
const UNREADABLE = 'unreadable';

/** Props of `BackpressureChecks`. */
export interface BackpressureChecksProps {
  /**
   * Severities other than the rules' own, by rule id, as in `{ 'BP-LOGS-001': RuleLevel.OFF }`.
   *
   * @default - every rule at its own severity; docs/rules.md lists them
   */
  readonly severities?: { readonly [ruleId: string]: RuleLevel };
}

/**
 * Runs the rules of docs/rules.md on every template of an app and reports through CDK's own report.
 *
 * ```ts
 * Validations.of(app).addPlugins(new BackpressureChecks());
 * ```
 *
 * A finding is acknowledged as CDK's own are, on the construct or on one above it:
 * `Validations.of(queue).acknowledge({ id: 'Backpressure::BP-SQS-001', reason: '…' })`. An unacknowledged finding at
 * level error fails synthesis, and so does a template that could not be judged. A value that is known only at
 * deployment, a parameter for instance, is never a finding.
 */
export class BackpressureChecks implements IPolicyValidationPlugin {
  /** The prefix of a rule's id in an acknowledgement. */
  public readonly name = 'Backpressure';

  /** Ids of all rules. */
  public readonly ruleIds?: string[];

  private readonly severities: Record<string, Level>;

  /**
   * @param props severities that differ from the rules' own
   * @throws InvalidInputError when a severity names no rule
   */
  constructor(props: BackpressureChecksProps = {}) {
    const { RULES, validateSeverities } = loadRules();
    validateSeverities(props.severities ?? {});
    this.ruleIds = RULES.map(({ id }) => id);
    this.severities = { ...props.severities };
  }

  /** Called by CDK when the templates are written. */
  public validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const { judgeEach, readEach } = loadRules();
    const files = [...context.templatePaths, ...nestedTemplates(context.templatePaths)];
    const reading = readEach(files.map((file) => ({ file, text: readFileSync(file, 'utf8') })));
    const { findings, failures } = judgeEach(reading, { severities: this.severities });
    return {
      success: failures.length === 0 && findings.every(({ severity }) => severity !== 'error'),
      violations: [
        ...findings.map(({ ruleId, severity, file, resource, path, message, fix }) => ({
          ruleName: ruleId,
          severity,
          description: message,
          fix,
          violatingResources: [{ resourceLogicalId: resource, templatePath: file, locations: [path] }],
        })),
        ...failures.map(({ ruleId, file, message }) => ({
          ruleName: ruleId ?? UNREADABLE,
          severity: 'error',
          description: message,
          violatingResources: [{ resourceLogicalId: '', templatePath: file, locations: [] }],
        })),
      ],
    };
  }
}
