/** Cloud Run, "Quotas and limits": requests at once in an instance, instances of a revision with 1 vCPU. */
export const CLOUD_RUN_LIMITS = { concurrency: 1000, instances: 1000 } as const;
