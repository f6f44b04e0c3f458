/** Our own workflows, as the library writes them: `npm run docs` writes the files, and a test goes red when one is stale. */
import { githubWorkflows } from '../lib/ci/github';
import type { CiPipeline, CiStep } from '../lib/flow/ci/pipelines';

const CHECKOUT = 'actions/checkout@v5';
const checkout: CiStep = { uses: CHECKOUT, inputs: { 'persist-credentials': 'false' } };
const wholeHistory: CiStep = {
  uses: CHECKOUT,
  inputs: { 'persist-credentials': 'false', 'fetch-depth': '0' },
  inputComments: { 'fetch-depth': 'The public API is compared with the last tag.' },
};
const python: CiStep = { uses: 'actions/setup-python@v6', inputs: { 'python-version': '3.12' } };
const node = (version: string, cached = true): CiStep => ({
  uses: 'actions/setup-node@v5',
  inputs: { 'node-version': version, ...(cached ? { cache: 'npm' } : {}) },
});
const run = (command: string): CiStep => ({ run: command });

const INSTALL = run('npm ci --no-audit --no-fund');

/** What runs for this repository. */
export const OWN_PIPELINES: readonly CiPipeline[] = [
  {
    name: 'test',
    jobs: [
      {
        name: 'test',
        timeoutMinutes: 60,
        matrix: { node: ['20', '22', '24'] },
        steps: [
          checkout,
          // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
          node('${{ matrix.node }}'),
          python,
          INSTALL,
          run('npm run lint'),
          run('npm run docs -- --check'),
          run('npm test'),
        ],
      },
      {
        name: 'package',
        timeoutMinutes: 40,
        steps: [wholeHistory, node('20'), python, INSTALL, run('npm run test:package'), run('npm run test:patterns')],
      },
    ],
  },
  {
    name: 'release',
    pullRequests: false,
    branches: [],
    tags: ['v*'],
    jobs: [
      {
        name: 'npm',
        timeoutMinutes: 60,
        deploysTo: 'release',
        comment: "The registry takes the workflow's own identity, and says in the package where it was built.",
        permissions: { contents: 'read', 'id-token': 'write' },
        steps: [
          wholeHistory,
          node('24', false),
          python,
          INSTALL,
          {
            name: 'the tag is the version',
            // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
            environment: { TAG: '${{ github.ref_name }}' },
            run: 'test "$TAG" = "v$(node -p "require(\'./package.json\').version")"',
          },
          run('npm run test:package'),
          run('npm run package'),
          run('npm publish --dry-run --provenance --access public dist/package/js/*.tgz'),
          run('npm publish --provenance --access public dist/package/js/*.tgz'),
          { uses: 'actions/upload-artifact@v4', inputs: { name: 'python', path: 'dist/package/python' } },
        ],
      },
      {
        name: 'pypi',
        needs: ['npm'],
        timeoutMinutes: 15,
        deploysTo: 'release',
        permissions: { 'id-token': 'write' },
        steps: [
          { uses: 'actions/download-artifact@v5', inputs: { name: 'python', path: 'dist' } },
          { uses: 'pypa/gh-action-pypi-publish@release/v1' },
        ],
      },
    ],
  },
];

/** Each file by its path. */
export function ownWorkflows(): Record<string, string> {
  return githubWorkflows(OWN_PIPELINES, {
    runner: 'ubuntu-24.04',
    // Each job says its own.
    timeoutMinutes: 60,
    header: 'Written by `npm run docs` from docs/workflows.ts. Change the pipelines there, not this file.',
  });
}
