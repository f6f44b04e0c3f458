/**
 * The alerts of the shares of batch pricing; those of its images and its events are those of the charts order-processing and
 * data-retention. A share of 38 cores, a bound of 100 cores or 50 pods, a promise of 4200 s for
 * jobs of 600 s.
 */
import { ApiObject, Testing } from 'cdk8s';
import { BatchPricingChart } from '../../../charts/batch-pricing';
import { testAlerts } from './rules';

const usage = (tenant: string) =>
  `kueue_cluster_queue_resource_usage{cohort="batch",cluster_queue="batch-${tenant}",flavor="batch",resource="cpu"}`;
const nominal = (tenant: string) =>
  `kueue_cluster_queue_nominal_quota{cohort="batch",cluster_queue="batch-${tenant}",flavor="batch",resource="cpu"}`;
const pending = (tenant: string) => `kueue_pending_workloads{cluster_queue="batch-${tenant}",status="active"}`;
const pods = 'kube_resourcequota{namespace="batch-fraud",resourcequota="upper-bound",resource="pods",type="used"}';
const status = 'kueue_cluster_queue_status{cluster_queue="batch-risk",status="active"}';
const waits = (le: string) => `kueue_admission_wait_time_seconds_bucket{cluster_queue="batch-fraud",le="${le}"}`;
const shares = { [nominal('risk')]: '38x120', [nominal('billing')]: '38x120' };
const lent = { ...shares, [usage('risk')]: '10x120', [usage('billing')]: '90x120' };

const { shares: rating } = new BatchPricingChart(Testing.app(), 'batch-pricing');

testAlerts('batch-pricing', {
  manifests: rating.node
    .findAll()
    .filter((one): one is ApiObject => one instanceof ApiObject)
    .map((object) => object.toJson()),
  neighbour: new BatchPricingChart(Testing.app(), 'batch-pricing', { namespace: 'other', cohort: 'other' }),
  cases: [
    {
      alert: 'TenantWaitsWhileOthersBorrow',
      when: 'risk waits below its share for half the promise and billing borrows',
      series: { ...lent, [pending('risk')]: '3x120' },
      atMinute: 40,
      fires: true,
    },
    {
      alert: 'TenantWaitsWhileOthersBorrow',
      when: 'it has waited for less',
      series: { ...lent, [pending('risk')]: '3x120' },
      atMinute: 30,
      fires: false,
    },
    {
      alert: 'TenantWaitsWhileOthersBorrow',
      when: 'it waits above its share, as the flood does',
      series: { ...lent, [pending('billing')]: '300x120' },
      atMinute: 60,
      fires: false,
    },
    {
      alert: 'TenantWaitsWhileOthersBorrow',
      when: 'nobody borrows',
      series: { ...shares, [usage('risk')]: '10x120', [usage('billing')]: '38x120', [pending('risk')]: '3x120' },
      atMinute: 60,
      fires: false,
    },
    {
      alert: 'TenantJobsLate',
      when: 'jobs wait for more than the 3600 s that the promise leaves',
      series: { [waits('2560')]: '0+1x60', [waits('5120')]: '0+10x60', [waits('+Inf')]: '0+10x60' },
      atMinute: 20,
      fires: true,
    },
    {
      alert: 'TenantJobsLate',
      when: 'they wait for less',
      series: { [waits('2560')]: '0+10x60', [waits('5120')]: '0+10x60', [waits('+Inf')]: '0+10x60' },
      atMinute: 20,
      fires: false,
    },
    {
      alert: 'TenantQueueInactive',
      when: 'a queue admits nothing',
      series: { [status]: '0x20' },
      atMinute: 10,
      fires: true,
    },
    { alert: 'TenantQueueInactive', when: 'it does', series: { [status]: '1x20' }, atMinute: 10, fires: false },
    {
      alert: 'TenantAroundTheQueue',
      when: 'more pods run than the queue admits, before the quota refuses any',
      series: { [pods]: '51x30' },
      atMinute: 15,
      fires: true,
    },
    {
      alert: 'TenantAroundTheQueue',
      when: 'as many run as it admits',
      series: { [pods]: '50x30' },
      atMinute: 15,
      fires: false,
    },
    {
      alert: 'TenantAtItsBound',
      when: 'a tenant runs all that it may',
      series: { [usage('billing')]: '100x60' },
      atMinute: 15,
      fires: true,
    },
    {
      alert: 'TenantAtItsBound',
      when: 'it borrows less',
      series: { [usage('billing')]: '98x60' },
      atMinute: 15,
      fires: false,
    },
  ],
});
