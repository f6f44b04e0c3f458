import fc from 'fast-check';

// Two runs over the same code must end the same way, so a default run draws the same inputs each time. New inputs are
// looked for with LONG=1, or with FC_SEED=<n>; a failure prints its seed.
const { FC_SEED, LONG } = process.env;
if (FC_SEED && !Number.isInteger(Number(FC_SEED))) throw new Error(`FC_SEED must be a whole number, got ${FC_SEED}`);
if (FC_SEED || !LONG) fc.configureGlobal({ seed: Number(FC_SEED || 20261123) });
