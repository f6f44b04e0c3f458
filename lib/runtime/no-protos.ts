/** What Google's clients load and never use. */
import type { Plugin } from 'esbuild';

/**
 * `google-gax` hands on the messages of three services as code; the clients that use them read the same as JSON. It is a sixth of a
 * bundle. A program that takes one of them nevertheless fails when it is loaded, and says why.
 */
export const NO_PROTOS: Plugin = {
  name: 'no-protos',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]google-gax[\\/]build[\\/]protos[\\/](iam_service|locations|operations)\.js$/ }, () => ({
      contents: `module.exports = { get google() { throw new Error('left out of this bundle: lib/runtime/no-protos.ts'); } };`,
    }));
  },
};
