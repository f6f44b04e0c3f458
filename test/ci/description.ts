/** One description with everything that the writers know. */

import type { WriterOptions } from '../../lib/ci/options';
import type { CiPipeline } from '../../lib/flow/ci/pipelines';

export const OPTIONS: WriterOptions = { runner: 'pool', timeoutMinutes: 40, header: 'Written by a test.' };

export const SHOP: CiPipeline = {
  name: 'shop',
  comment: 'The shop and its deployment.',
  paths: ['src/**', 'package.json'],
  required: true,
  mergeQueue: true,
  jobs: [
    {
      name: 'test',
      comment: 'Two versions are supported.',
      image: 'node:24',
      matrix: { node: ['22', '24'], shard: ['a', 'b'] },
      steps: [
        {
          uses: 'actions/checkout@v5',
          inputs: { 'fetch-depth': '0' },
          inputComments: { 'fetch-depth': 'The version is counted from the last tag.' },
        },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
        { uses: 'actions/setup-node@v5', inputs: { 'node-version': '${{ matrix.node }}' } },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the same.
        { comment: 'One shard each.', run: 'npm ci\nnpm test -- --shard="${{ matrix.shard }}"' },
      ],
    },
    {
      name: 'deploy',
      needs: ['test'],
      deploysTo: 'production',
      image: 'node:24',
      timeoutMinutes: 20,
      permissions: { contents: 'read', 'id-token': 'write' },
      steps: [
        { uses: 'actions/checkout@v5' },
        { name: 'deploy', environment: { STAGE: 'production' }, run: 'npx cdk deploy --all' },
      ],
    },
  ],
};

export const NIGHTLY: CiPipeline = {
  name: 'images',
  pullRequests: false,
  branches: [],
  tags: ['v*'],
  jobs: [{ name: 'push', deploysTo: 'registry', steps: [{ run: 'make push' }] }],
};

export const PLAIN: CiPipeline = {
  name: 'lint',
  paths: ['src/**'],
  jobs: [{ name: 'lint', steps: [{ uses: 'actions/checkout@v5' }, { run: 'make lint' }] }],
};
