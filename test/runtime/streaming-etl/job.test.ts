/** The tests of the job in its own language: the parts that know nothing of Spark. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findPython } from '../../../bin/local/python';

test('the parts of the job without Spark keep their claims', async () => {
  const { status, stderr } = spawnSync(await findPython(), ['-B', join(__dirname, 'job_test.py')], {
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/^Ran (1[89]|[2-9]\d) tests/m);
  expect([status, stderr]).toEqual([0, expect.stringContaining('OK')]);
});
