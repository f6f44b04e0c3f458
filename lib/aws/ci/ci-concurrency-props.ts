import { type Duration, Token } from 'aws-cdk-lib';
import type { ComputeType, IBuildImage } from 'aws-cdk-lib/aws-codebuild';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { codeBuildHourCost } from '../../flow/ci/cost';
import { withImage } from '../../flow/ci/pipeline-checks';
import type { CiPipeline } from '../../flow/ci/pipelines';
import type { CiObjective, CiQuestion, CiWorkload } from '../../flow/ci/workload';
import { type Check, oneOf, shown } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, TEXT } from '../../flow/kinds';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { DURATION, LOG_GROUP, TOPIC } from '../kinds';
import { resolvedSeconds, wholeSeconds } from '../tokens';

/**
 * What runners in CodeBuild are sized from.
 */
export interface CiConcurrencyProps {
  /**
   * What is pushed, merged and deployed in the busiest hour.
   */
  readonly workload: CiWorkload;

  /**
   * How long a job may wait for its runner.
   */
  readonly objective: CiObjective;

  /**
   * Builds of this size that the account may run at once in this region: the quota "concurrently running builds". For many
   * sizes it is 1 until you ask for more. A whole number, 0 to 10,000.
   */
  readonly quota: number;

  /**
   * Name of the project, which jobs ask for by `runs-on`. 2 to 150 letters, digits, `-` and `_`.
   */
  readonly projectName: string;

  /**
   * Owner of the repository on GitHub: letters, digits and `-`.
   */
  readonly owner: string;

  /**
   * Name of the repository.
   */
  readonly repository: string;

  /**
   * ARN of a connection of CodeConnections to GitHub.
   *
   * @default - the credentials of the source that the account has for GitHub
   */
  readonly connectionArn?: string;

  /**
   * The pipelines whose workflows are written; see `files`. The workload has to count what they start: merges and deployments
   * have to be given where they run for them, and `jobsPerRun` follows from them where it is left out.
   *
   * @default - no files, and the workload alone is counted
   */
  readonly pipelines?: CiPipeline[];

  /**
   * Builds that the plan counts with. A whole number, 1 to 10,000. It is checked against the workload and `quota`, and limits
   * nothing: above a limit of the project CodeBuild refuses builds instead of queueing them, so none is set. What limits the
   * builds is the quota of the account.
   *
   * @default - derived
   */
  readonly maxRunners?: number;

  /**
   * How long a build takes to start, as `ProvisioningDuration` reports it. Whole seconds, up to a day.
   *
   * @default Duration.seconds(60)
   */
  readonly runnerStart?: Duration;

  /**
   * Whether a newer push to a pull request cancels the run of the older one, in the plan and in the workflows that are written.
   *
   * @default true
   */
  readonly cancelOutdated?: boolean;

  /**
   * Whether runs start only for the `paths` of their pipeline, in the plan and in the workflows that are written.
   *
   * @default true
   */
  readonly filterPaths?: boolean;

  /**
   * Size of a build.
   *
   * @default ComputeType.SMALL
   */
  readonly computeType?: ComputeType;

  /**
   * Image of a build.
   *
   * @default LinuxBuildImage.STANDARD_7_0
   */
  readonly buildImage?: IBuildImage;

  /**
   * Where the builds write their logs.
   *
   * @default - a log group that is kept for a month and deleted with the stack
   */
  readonly logGroup?: ILogGroup;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms exist without an action
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;
}

export const CI_KINDS: Kinds<CiConcurrencyProps> = {
  workload: CHECKED,
  objective: CHECKED,
  quota: CHECKED,
  projectName: TEXT,
  owner: TEXT,
  repository: TEXT,
  connectionArn: TEXT,
  pipelines: CHECKED,
  maxRunners: CHECKED,
  runnerStart: DURATION,
  cancelOutdated: FLAG,
  filterPaths: FLAG,
  computeType: TEXT,
  buildImage: having(['imageId', 'defaultComputeType'], 'an image of CodeBuild: LinuxBuildImage.STANDARD_7_0'),
  logGroup: LOG_GROUP,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

/** What the plan is asked. */
export function ciQuestion(props: CiConcurrencyProps): CiQuestion {
  const { workload, objective, quota, maxRunners, runnerStart, cancelOutdated, filterPaths } = props;
  const { computeType, buildImage, pipelines } = props;
  return {
    workload,
    objective,
    platform: 'codebuild',
    quota,
    maxRunners,
    runnerStartSeconds: resolvedSeconds(runnerStart),
    cancelOutdated,
    filterPaths,
    pipelines,
    runnerHourCost: codeBuildHourCost(computeType ?? 'BUILD_GENERAL1_SMALL', buildImage?.type ?? 'LINUX_CONTAINER'),
  };
}

/** Checks of texts and of pipelines. */
export function ciInputChecks(props: CiConcurrencyProps): Check[] {
  const { projectName, owner, repository, connectionArn, pipelines } = props;
  const needed = { projectName, owner, repository };
  const text = (name: string, value: string | undefined, form: RegExp, words: string): Check => ({
    refused: value !== undefined && !form.test(value),
    message: `${name} must be ${words}, got ${shown(value)}`,
  });
  return [
    ...Object.entries(needed).map(([name, value]) => ({ refused: value === undefined, message: `${name} is missing` })),
    text('projectName', projectName, /^[A-Za-z0-9][\w-]{1,149}$/, '2 to 150 letters, digits, - and _'),
    text('owner', owner, /^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/, 'letters, digits and -'),
    text('repository', repository, /^[\w.-]{1,100}$/, 'letters, digits, ., - and _'),
    {
      refused:
        connectionArn !== undefined &&
        !Token.isUnresolved(connectionArn) &&
        !/^arn:[\w-]+:code(connections|star-connections):/.test(connectionArn),
      message: `connectionArn must be the ARN of a connection, got ${shown(connectionArn)}`,
    },
    oneOf('computeType', props.computeType, COMPUTE_TYPES),
    wholeSeconds('runnerStart', props.runnerStart, 0, 86_400),
    {
      refused: withImage(pipelines),
      message: 'pipelines must have no image on a job: these runners have no Docker; use setup actions, or buildImage',
    },
  ];
}

/** Sizes of a build. Source: AWS CodeBuild API reference, `computeType`; those of Lambda run no runner for hours. */
const COMPUTE_TYPES = ['SMALL', 'MEDIUM', 'LARGE', 'XLARGE', 'X2_LARGE'].map((size) =>
  size === 'X2_LARGE' ? 'BUILD_GENERAL1_2XLARGE' : `BUILD_GENERAL1_${size}`,
);
