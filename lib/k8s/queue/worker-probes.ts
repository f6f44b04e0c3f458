import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { type Check, wholeNumber } from '../../flow/errors';
import { type Kinds, listOf, NUMBER, needed, sound, TEXT } from '../../flow/kinds';
import { given, type Knob } from '../../flow/plan';
import { DURATION } from '../kinds';
import { textCheck } from '../names';
import type { ProbeBinding } from './probe-binding';

/** Port on which a worker answers probes. */
const HEALTH_PORT = 8080;

/**
 * How often a worker is probed.
 */
export interface ProbeTimes {
  /**
   * From one probe to the next. Whole seconds, 1 s to an hour.
   *
   * @default Duration.seconds(10)
   */
  readonly period?: Duration;

  /**
   * How long a probe waits for its answer. Whole seconds, 1 s up to the period.
   *
   * @default - 1 s, the default of Kubernetes
   */
  readonly timeout?: Duration;

  /**
   * Failures in a row before a container that has not started is restarted. 1 or more, and together with `period` no shorter than the
   * planned start of a pod.
   *
   * @default - derived: twice the start of a pod, at least 30
   */
  readonly startupFailures?: number;

  /**
   * Failures in a row before a container is restarted. 1 or more.
   *
   * @default 6
   */
  readonly livenessFailures?: number;

  /**
   * Failures in a row before a container counts as not ready. 1 or more.
   *
   * @default 3
   */
  readonly readinessFailures?: number;
}

/**
 * Probes over HTTP.
 */
export interface HttpProbesProps extends ProbeTimes {
  /**
   * Path that the worker answers with a status of 200 to 399 while it is well, such as `/actuator/health`.
   *
   * @default /healthz
   */
  readonly path?: string;

  /**
   * Port on which it answers; the worker reads it from `HEALTH_PORT`. 1 to 65,535.
   *
   * @default 8080
   */
  readonly port?: number;
}

/**
 * Probes by a command in the container.
 */
export interface CommandProbesProps extends ProbeTimes {
  /**
   * Command with its arguments; it ends with 0 while the worker is well. It is started for every probe, so give a `timeout`
   * that it keeps under load.
   */
  readonly command: string[];
}

const TIMES: Kinds<ProbeTimes> = {
  period: DURATION,
  timeout: DURATION,
  startupFailures: NUMBER,
  livenessFailures: NUMBER,
  readinessFailures: NUMBER,
};

/**
 * How Kubernetes finds out that a worker hangs. Pick one of the three.
 */
export class WorkerProbes {
  /** Over HTTP; `GET /healthz` on port 8080 unless said otherwise. */
  public static http(props: HttpProbesProps = {}): WorkerProbes {
    const { props: usable, checks } = sound(props, { ...TIMES, path: TEXT, port: NUMBER }, 'probes');
    const { path = '/healthz', port = HEALTH_PORT } = usable;
    return new WorkerProbes({
      ...timed(usable),
      checks: [
        ...checks,
        ...timeChecks(usable),
        textCheck('probes.path', usable.path, (text) => /^\/[\x21-\x7e]*$/.test(text), 'a path such as /healthz'),
        wholeNumber('probes.port', usable.port, 1, 65_535),
      ],
      probe: (options) => kplus.Probe.fromHttpGet(path, { port, ...options }),
      port,
    });
  }

  /** By a command in the container, for a worker without a server: Celery, Sidekiq. */
  public static command(props: CommandProbesProps): WorkerProbes {
    const { props: usable, checks } = sound(props, { ...TIMES, command: needed(listOf(TEXT)) }, 'probes');
    const { command = [] } = usable;
    return new WorkerProbes({
      ...timed(usable),
      checks: [
        ...checks,
        ...timeChecks(usable),
        ...command.map((one) =>
          textCheck('probes.command', one, (text) => !text.includes('\0'), 'text without a zero byte'),
        ),
        { refused: usable.command?.length === 0, message: 'probes.command must not be empty, got []' },
      ],
      probe: (options) => kplus.Probe.fromCommand(command, options),
    });
  }

  /**
   * None: a worker that hangs keeps its pod, and only the alerts on its backlog tell.
   *
   * @param reason why, for those who read the manifest and the plan
   */
  public static none(reason: string): WorkerProbes {
    return new WorkerProbes({
      knobs: [],
      reason,
      checks: [
        {
          refused: typeof reason !== 'string' || reason.trim() === '',
          message: "probes.none needs its reason, such as 'a sidecar watches it'",
        },
      ],
    });
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _binding: ProbeBinding,
  ) {}
}

function seconds(duration: Duration | undefined): number | undefined {
  return duration?.toSeconds({ integral: false });
}

function timeChecks({ period, timeout, startupFailures, livenessFailures, readinessFailures }: ProbeTimes): Check[] {
  const periodSeconds = seconds(period) ?? 10;
  return [
    wholeNumber('probes.period in seconds', seconds(period), 1, 3600),
    wholeNumber('probes.timeout in seconds', seconds(timeout), 1, periodSeconds >= 1 ? periodSeconds : 3600),
    wholeNumber('probes.startupFailures', startupFailures, 1, 10_000),
    wholeNumber('probes.livenessFailures', livenessFailures, 1, 10_000),
    wholeNumber('probes.readinessFailures', readinessFailures, 1, 10_000),
  ];
}

/** The knobs that are given in place of the plan's. */
function timed(times: ProbeTimes): { readonly knobs: Knob[] } {
  const values: readonly (readonly [string, number | undefined, string])[] = [
    ['probePeriodSeconds', seconds(times.period), 's'],
    ['probeTimeoutSeconds', seconds(times.timeout), 's'],
    ['startupProbeFailures', times.startupFailures, 'probes'],
    ['livenessProbeFailures', times.livenessFailures, 'probes'],
    ['readinessProbeFailures', times.readinessFailures, 'probes'],
  ];
  return { knobs: values.flatMap(([name, value, unit]) => (value === undefined ? [] : [given(name, value, unit)])) };
}
