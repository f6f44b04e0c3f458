/** The price of a runner. */
import prices from '../prices.json';

const MINUTES_PER_HOUR = 60;

/** US dollars for an hour of one build, at the list prices of `prices.json`; undefined for what has no price there. */
export function codeBuildHourCost(computeType: string, environmentType: string): number | undefined {
  const { smallMinute, mediumMinute, largeMinute } = prices.codebuild;
  if (environmentType !== 'LINUX_CONTAINER') return undefined;
  const minute = new Map([
    ['BUILD_GENERAL1_SMALL', smallMinute.value],
    ['BUILD_GENERAL1_MEDIUM', mediumMinute.value],
    ['BUILD_GENERAL1_LARGE', largeMinute.value],
  ]).get(computeType);
  return minute === undefined ? undefined : MINUTES_PER_HOUR * minute;
}
