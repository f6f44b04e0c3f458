/** What the API of a webhook buffer costs beside its queue, at the list prices of `prices.json`. */
import { figure } from '../figures';
import { MONTH_HOURS } from '../prices';
import data from '../prices.json';

/** US dollars, at the list prices of the first tier. */
export const API_PRICES = {
  requestsPerMillion: data.apiGateway.restPerMillion.value,
  webAclMonth: data.waf.webAclMonth.value,
  ruleMonth: data.waf.ruleMonth.value,
  inspectedPerMillion: data.waf.requestsPerMillion.value,
};

/** US dollars for each of so many requests a second. */
export interface ApiCost {
  /** A month of the API. */
  readonly api: number;
  /** A month of a web ACL with one rule, beside that. */
  readonly firewall: number;
}

/** What a month costs at a steady rate. */
export function apiMonthlyCost(perSecond: number): ApiCost {
  const millions = (perSecond * MONTH_HOURS * 3600) / 1e6;
  const { requestsPerMillion, webAclMonth, ruleMonth, inspectedPerMillion } = API_PRICES;
  return {
    api: millions * requestsPerMillion,
    firewall: webAclMonth + ruleMonth + millions * inspectedPerMillion,
  };
}

/** What an hour of a flood at the throttle costs. */
export function floodHourCost(throttlePerSecond: number, inspected: boolean): number {
  const { requestsPerMillion, inspectedPerMillion } = API_PRICES;
  return ((throttlePerSecond * 3600) / 1e6) * (requestsPerMillion + (inspected ? inspectedPerMillion : 0));
}

/** The costs as a plan says them. */
export function apiCostRemark(
  steadyPerSecond: number,
  throttlePerSecond: number,
  firewall: 'made' | 'given' | 'none',
): string {
  const month = apiMonthlyCost(steadyPerSecond);
  const usd = (value: number) => `${figure(Number(value.toPrecision(3)))} USD`;
  const inspected = firewall !== 'none';
  const acl = inspected
    ? `, the web ACL ${usd(month.firewall)} more${firewall === 'given' ? ' with one rule' : ''}`
    : '';
  return `at the steady rate the API costs ${usd(month.api)} a month${acl}; an hour of a flood at the throttle costs ${usd(floodHourCost(throttlePerSecond, inspected))}, without the queue`;
}
