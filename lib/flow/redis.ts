/** The port of Redis and Valkey. */
export const REDIS_PORT = 6379;
