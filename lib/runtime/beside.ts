/** What stands once in the package, beside the bundles that take it from there. */
import type { Plugin } from 'esbuild';

/**
 * What users import takes other things that users import from beside itself. Functions and programs do not: they are deployed
 * alone.
 *
 * @param entryPoint file that is bundled
 */
export function besides(entryPoint: string): Plugin[] {
  return entryPoint.endsWith('consumer.ts') ? [CONSUMERS] : [];
}

const CONSUMERS: Plugin = {
  name: 'consumers',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/[\w-]+\/consumer$/ }, ({ path }) => ({
      path: path.replace(/consumer$/, 'index.js'),
      external: true,
    }));
  },
};
