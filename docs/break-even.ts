import { sizeText } from '../lib/flow/figures';
import { pricesRead, pricesRegion } from '../lib/flow/prices';
import { breakEvenObjectBytes, lifetimeCost } from '../lib/flow/storage/cost';
import { S3 } from '../lib/flow/storage/stores';
import type { StorageTransition } from '../lib/flow/storage/workload';

const KB = 1024;
const SIZES = [4, 16, 64, 128, 256, 512, 1024, 16 * 1024].map((kb) => kb * KB);
const DAYS = 365;
const OBJECTS = 1e6;

const [ia, glacier] = S3.considered;
const from128 = (t: StorageTransition): StorageTransition => ({ ...t, minimumObjectBytes: 128 * KB });
const policies: [string, StorageTransition[]][] = [
  ['Standard', []],
  ['IA 30', [ia]],
  ['Glacier 180', [glacier]],
  ['IA 30 + Glacier 180', [ia, glacier]],
  ['the same, bucket of before 9/2024', [from128(ia), glacier]],
  ['the same, newer bucket', [from128(ia), from128(glacier)]],
  ['Intelligent-Tiering', [{ storageClass: 'INTELLIGENT_TIERING', afterDays: 0 }]],
];

/** US dollars for a million objects over a year, by size and policy, as a markdown table: the cheapest is bold. */
export function breakEvenTable(): string {
  const header = ['object', ...policies.map(([name]) => name)];
  const rows = SIZES.map((bytes) => {
    const costs = policies.map(([, moves]) => OBJECTS * lifetimeCost(bytes, DAYS, moves));
    const least = Math.min(...costs);
    return [sizeText(bytes), ...costs.map((cost) => (cost === least ? `**${dollars(cost)}**` : dollars(cost)))];
  });
  const breakEvens = policies.slice(1).map(([, moves]) => sizeText(breakEvenObjectBytes(DAYS, moves)));
  return [
    [...header],
    header.map((_, i) => (i === 0 ? '---' : '---:')),
    ...rows,
    ['pays from', '', ...breakEvens.map((text, i) => (i < 3 || i === 5 ? text : ''))],
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .concat(
      '',
      `US dollars for a million objects kept ${DAYS} days and never read, without uploads; list prices of ${pricesRegion}, read ${pricesRead}. Bold: the cheapest.`,
    )
    .join('\n');
}

function dollars(value: number): string {
  return value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en-US');
}
