/** Dashboards as rows of data: the alarms of a construct, then sections of graphs, rendered with aws-cloudwatch. */
import { Aws, Names } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Column,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type IMetric,
  PeriodOverride,
  Row,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';

/** One graph: lines over time in one unit. */
export interface MetricGraph {
  readonly title: string;
  /** Unit of the axis, in words. */
  readonly unit: string;
  readonly metrics: readonly IMetric[];
}

/** Graphs about one thing. */
export interface DashboardSection {
  readonly heading: string;
  readonly graphs: readonly MetricGraph[];
}

/** Columns of a dashboard (Amazon CloudWatch user guide, Using dashboards). */
const COLUMNS = 24;
const HEIGHT = 5;
const MOST_IN_A_ROW = 4;

/** Makes a dashboard inside `scope`; its name has the stack's, because names are unique in an account and region. */
export function dashboardOf(
  scope: Construct,
  alarms: readonly IAlarm[],
  sections: readonly DashboardSection[],
): Dashboard {
  return new Dashboard(new Construct(scope, 'Dashboards'), 'Dashboard', {
    dashboardName: `${Aws.STACK_NAME}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`,
    start: '-PT8H',
    // Each graph is drawn with the period of its alarm, at every zoom.
    periodOverride: PeriodOverride.INHERIT,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: COLUMNS, height: 3 })],
      ...sections.map((section) => [sectionOf(section)]),
    ],
  });
}

function sectionOf({ heading, graphs }: DashboardSection): Column {
  const rows: Row[] = [];
  for (let at = 0; at < graphs.length; at += MOST_IN_A_ROW) {
    const row = graphs.slice(at, at + MOST_IN_A_ROW);
    rows.push(new Row(...row.map((graph) => widgetOf(graph, COLUMNS / row.length))));
  }
  return new Column(new TextWidget({ markdown: `### ${heading}`, width: COLUMNS, height: 1 }), ...rows);
}

function widgetOf({ title, unit, metrics }: MetricGraph, width: number): GraphWidget {
  return new GraphWidget({
    title,
    width,
    height: HEIGHT,
    left: [...metrics],
    leftYAxis: { min: 0, label: unit, showUnits: false },
  });
}
