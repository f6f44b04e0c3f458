/**
 * Times the load, or the time of a run, that is planned for, unless the objective says otherwise: at full size slots are
 * busy 80 % of the time at most, the share at which the wait is four times as sensitive to the load as at half of it.
 */
export const DEFAULT_HEADROOM = 1.25;
