/** The settings without which Spark reads no Delta table. Delta Lake, Quick start, Set up Apache Spark with Delta Lake. */
export const DELTA_SESSION: Readonly<Record<string, string>> = {
  'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
  'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
};
