/** One measurement in a process of its own: `child.ts <side> <pairs>` prints the CPU seconds of one synthesis. */
import { type Side, synthesize } from './build';

const WARM_UP_PAIRS = 10;

const [side, pairs] = process.argv.slice(2);
synthesize(side as Side, WARM_UP_PAIRS);
console.log(synthesize(side as Side, Number(pairs)).seconds);
