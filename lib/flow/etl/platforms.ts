/** What runs a Spark stream: its sizes, its limits, and how long a restart takes. One row a platform. */

/** Names of the platforms, as a question gives them. */
export type EtlPlatformName = 'emr-serverless' | 'glue' | 'spark-operator';

/** The facts of one platform. */
export interface EtlPlatformFacts {
  /** As it stands in sentences. */
  readonly title: string;
  /** Cores that an executor may have, in ascending order. */
  readonly executorCores: readonly number[];
  /** Executors of so many cores that a job has at most. */
  readonly mostExecutors: (executorCores: number) => number;
  /** Cores of the driver. */
  readonly driverCores: number;
  /** Seconds from the end of one driver to the first batch of the next. */
  readonly restartSeconds: number;
  /** What a user should know beside the numbers. */
  readonly remark?: string;
  /** Where the numbers are from. */
  readonly source: string;
}

/** The platforms. Restarts are assumptions: measure yours and give `restartSeconds`. */
export const ETL_PLATFORMS: Readonly<Record<EtlPlatformName, EtlPlatformFacts>> = {
  'emr-serverless': {
    title: 'EMR Serverless',
    executorCores: [1, 2, 4, 8, 16],
    mostExecutors: () => 1000,
    driverCores: 1,
    restartSeconds: 120,
    source:
      'Amazon EMR Serverless user guide, Worker configurations; the most executors and the restart are assumptions, and the quota of an account is 16 vCPUs until it is raised',
  },
  glue: {
    title: 'AWS Glue streaming',
    executorCores: [4, 8],
    // One worker is the driver.
    mostExecutors: (executorCores) => (executorCores === 4 ? 298 : 148),
    driverCores: 4,
    restartSeconds: 120,
    remark: 'AWS Glue restarts a streaming job once a week, in its maintenance window.',
    source:
      'AWS Glue developer guide, worker types G.1X (299 workers at most) and G.2X (149), one of them the driver; the restart is an assumption',
  },
  'spark-operator': {
    title: 'the Spark operator',
    executorCores: [1, 2, 4, 8, 16],
    mostExecutors: () => 1000,
    driverCores: 1,
    restartSeconds: 60,
    source: 'Spark operator, SparkApplication v1beta2; the most executors and the restart are assumptions',
  },
};

/** What carries records to a managed landing. */
export type LandingSourceName = 'msk-express' | 'msk-standard' | 'msk-serverless' | 'kinesis-on-demand';

/** The sources that have a managed landing. */
export const LANDING_SOURCES: Readonly<Record<LandingSourceName, { readonly title: string; readonly lands: boolean }>> =
  {
    'msk-express': { title: 'Express brokers of Amazon MSK', lands: true },
    'msk-standard': { title: 'Standard brokers of Amazon MSK', lands: false },
    'msk-serverless': { title: 'Amazon MSK Serverless', lands: false },
    'kinesis-on-demand': { title: 'an on-demand stream of Amazon Kinesis', lands: true },
  };

/** Amazon MSK developer guide, Data delivery: freshness of 5 to 15 minutes. */
export const LANDING_LEAST_SECONDS = 300;
export const LANDING_MOST_SECONDS = 900;
/** The same page: 5 minutes need so many uncompressed bytes a second; less data needs in proportion more time. */
export const LANDING_BYTES_PER_SECOND = 2_400_000;
/** The same page: the most that a delivery takes. */
export const LANDING_MOST_BYTES_PER_SECOND = 10e9;
