/** How containers of Fargate write to CloudWatch Logs. */
import { Size } from 'aws-cdk-lib';
import { AwsLogDriverMode, type LogDriver, LogDrivers } from 'aws-cdk-lib/aws-ecs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';

/**
 * Amazon ECS's own default since June 2025, written down so that no setting of the account changes it, and no size of a task has to
 * grow. 10 MiB are tens of thousands of lines.
 */
const BUFFER_MIB = 10;

/**
 * Lines wait in memory while CloudWatch Logs does not take them, and the newest are lost beyond the buffer. The other mode,
 * blocking, loses none, but a container stops at its next line: a consumer of a queue or the guard of a replica would stand still
 * because its log does. What must not be lost is no log line; for lines that must not, there is `LogShipping`.
 */
export function taskLogs(logGroup: ILogGroup, streamPrefix: string): LogDriver {
  return LogDrivers.awsLogs({
    logGroup,
    streamPrefix,
    mode: AwsLogDriverMode.NON_BLOCKING,
    maxBufferSize: Size.mebibytes(BUFFER_MIB),
  });
}
