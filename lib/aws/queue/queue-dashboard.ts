/**
 * The dashboard of a queue: alarms, queue, dead letters, quarantine, redriver, by cdk-monitoring-constructs. Its graph
 * of the time to drain is replaced: it is negative when more arrives than is finished, and missing when nothing moves.
 */
import { Aws, Names } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  type Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  Row,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import {
  DefaultDashboardFactory,
  DefaultGraphWidgetHeight,
  HalfWidth,
  MonitoringFacade,
  SqsQueueMonitoring,
  SqsQueueMonitoringWithDlq,
  TimeAxisSecondsFromZero,
} from 'cdk-monitoring-constructs';
import type { Construct } from 'constructs';
import type { QueueAlarms } from './queue-alarms';

/** What the dashboard shows. */
export interface QueueDashboardProps {
  /** Name of the queue for people. */
  readonly subject: string;
  readonly queue: IQueue;
  readonly deadLetterQueue: IQueue;
  readonly quarantineQueue: IQueue;
  readonly redriver?: LambdaFunction;
  readonly alarms: QueueAlarms;
  /** The expression that the alarm on the time to drain watches. */
  readonly timeToDrain: IMetric;
}

/** Makes the dashboard inside `scope`. */
export function createQueueDashboard(scope: Construct, props: QueueDashboardProps): Dashboard | undefined {
  const { subject, queue, deadLetterQueue, quarantineQueue, redriver, alarms, timeToDrain } = props;
  // Dashboard names must be unique in the account and region, as stack names are.
  const dashboardNamePrefix = `${Aws.STACK_NAME}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`;
  const dashboardFactory = new DefaultDashboardFactory(scope, 'Dashboards', { dashboardNamePrefix });
  // Widgets only: the alarms exist already.
  const monitoring = new MonitoringFacade(scope, 'Monitoring', {
    dashboardFactory,
    alarmFactoryDefaults: { alarmNamePrefix: subject, actionsEnabled: false },
  });
  const served = { queue, deadLetterQueue, humanReadableName: `${subject} and its dead letters` };
  const parked = { queue: quarantineQueue, humanReadableName: `${subject} quarantine` };
  monitoring
    .addWidget(new AlarmStatusWidget({ title: 'Alarms', alarms: alarms.all, width: 24, height: 3 }))
    .addSegment(new ServedQueue(monitoring, served, timeToDrain))
    .addSegment(new ParkedQueue(monitoring, parked));
  if (redriver) {
    monitoring.monitorLambdaFunction({ lambdaFunction: redriver, humanReadableName: `${subject} redriver` });
  }
  return dashboardFactory.dashboard;
}

/** A queue with a consumer, with our time to drain. */
class ServedQueue extends SqsQueueMonitoringWithDlq {
  constructor(
    monitoring: MonitoringFacade,
    props: ConstructorParameters<typeof SqsQueueMonitoringWithDlq>[1],
    private readonly timeToDrain: IMetric,
  ) {
    super(monitoring, props);
  }

  public override createTimeToDrainWidget(width: number, height: number): GraphWidget {
    const left = [this.timeToDrain];
    return new GraphWidget({ width, height, title: 'Time to drain', left, leftYAxis: TimeAxisSecondsFromZero });
  }
}

/** A queue without a consumer: it has no rate of consumption, hence no time to drain. */
class ParkedQueue extends SqsQueueMonitoring {
  public override widgets(): IWidget[] {
    return [
      this.createTitleWidget(),
      new Row(
        this.createMessageCountWidget(HalfWidth, DefaultGraphWidgetHeight),
        this.createMessageAgeWidget(HalfWidth, DefaultGraphWidgetHeight),
      ),
    ];
  }
}
