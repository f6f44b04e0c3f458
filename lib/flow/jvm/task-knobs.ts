/** The knobs of a Fargate task with a JVM, and of its alarms, which go by metrics of CloudWatch. */
import { CLOUDWATCH_LONGEST_SECONDS, chosenKnob } from '../alarms';
import { type Knob, unlessGiven } from '../plan';
import { alarmHoldSeconds } from './alarms';
import { type Behaviour, MIB, OTHER_BYTES, type Sizes } from './sizing';
import { EXPORTER_BYTES, taskMemoryBytes, UNITS_PER_PROCESSOR } from './task';
import type { JvmQuestion } from './workload';

const OWN = 'this library, docs/constructs/jvm-service.md';
/** The shortest period of a standard alarm, and the step in which Container Insights publishes. */
const METRIC_SECONDS = 60;
const DOWN_SECONDS = 300;

/** What a task is made of, and how its metrics are compared. */
export function jvmTaskKnobs(question: JvmQuestion, sizes: Sizes, { intervalSeconds }: Behaviour): Knob[] {
  const { cpu, memoryBytes } = sizes;
  // Checked before: a plan whose task has no size is refused.
  const task = taskMemoryBytes(sizes, question.taskMemoryBytes)!;
  const hold = Math.min(
    CLOUDWATCH_LONGEST_SECONDS,
    METRIC_SECONDS * Math.ceil(alarmHoldSeconds(intervalSeconds) / METRIC_SECONDS),
  );
  return [
    {
      name: 'taskCpuUnits',
      value: UNITS_PER_PROCESSOR * cpu,
      unit: 'units',
      formula: '1,024 × processors',
      inputs: { cpu },
      source: 'Fargate developer guide, Task CPU and memory',
    },
    chosenKnob(
      'exporterMemoryBytes',
      EXPORTER_BYTES,
      'bytes',
      'a program of Node.js that reads a log, with a heap of 32 MiB',
      OWN,
    ),
    {
      name: 'taskMemoryBytes',
      value: task,
      unit: 'bytes',
      ...unlessGiven(
        question.taskMemoryBytes,
        'the smallest size of a task in which the container of the JVM and the exporter find room',
        { memoryBytes, exporterMemoryBytes: EXPORTER_BYTES, cpu },
      ),
      source: 'Fargate developer guide, Task CPU and memory',
    },
    {
      name: 'jvmMemoryBytes',
      value: task - EXPORTER_BYTES,
      unit: 'bytes',
      formula: 'task − exporter: what is paid for and not planned is not taken away',
      inputs: { taskMemoryBytes: task, exporterMemoryBytes: EXPORTER_BYTES },
      source: OWN,
    },
    chosenKnob('metricSeconds', METRIC_SECONDS, 's', 'the exporter writes its metrics once a minute', OWN),
    {
      name: 'alarmTaskMebibytes',
      value: (memoryBytes + EXPORTER_BYTES - OTHER_BYTES / 2) / MIB,
      unit: 'MiB',
      formula:
        'container as planned + exporter − 32 MiB: every part is as large as planned, and the reserve is half used',
      inputs: { memoryBytes, exporterMemoryBytes: EXPORTER_BYTES, reserveBytes: OTHER_BYTES },
      source: 'Amazon ECS, Container Insights, MemoryUtilized',
    },
    {
      name: 'alarmPeriodSeconds',
      value: hold,
      unit: 's',
      formula: 'the time that a condition holds, in whole minutes, a day at most',
      inputs: { alarmHoldSeconds: alarmHoldSeconds(intervalSeconds) },
      source: 'Amazon CloudWatch API reference, PutMetricAlarm',
    },
    {
      name: 'alarmHoldPeriods',
      value: hold / METRIC_SECONDS,
      unit: 'periods',
      formula: 'the same in minutes',
      inputs: { alarmPeriodSeconds: hold, metricSeconds: METRIC_SECONDS },
      source: OWN,
    },
    chosenKnob('alarmLogs', 1, 'logs', 'the exporter of each task reads one', OWN),
    chosenKnob(
      'alarmDownPeriods',
      DOWN_SECONDS / METRIC_SECONDS,
      'periods',
      'five minutes: a task that starts has no log yet',
      OWN,
    ),
  ];
}
