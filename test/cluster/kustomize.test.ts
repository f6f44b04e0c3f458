/** What `check` makes of a kustomization is what kustomize builds. kubectl has kustomize in it; no server is asked. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kustomized } from '../../lib/rules/kubernetes/read/kustomize';
import { parseDocuments } from '../../lib/rules/read';
import { HAS_CLUSTER, kubectl } from './kubernetes';

const FOLDERS = join(__dirname, '..', 'rules', 'field', 'kubernetes', 'one-base-twice');

type Body = Record<string, unknown>;

function byName(bodies: readonly Body[]): Body[] {
  const name = ({ kind, metadata }: Body) => `${kind} ${(metadata as { name?: string }).name}`;
  return [...bodies].sort((one, other) => (name(one) < name(other) ? -1 : 1));
}

/** The objects of the last folder, when these are all there is. */
function builtHere(folders: readonly string[]): Body[] {
  const manifests = folders.flatMap((folder) =>
    readdirSync(join(FOLDERS, folder)).flatMap((name) => {
      const file = join(FOLDERS, folder, name);
      return parseDocuments(file, readFileSync(file, 'utf8')).map((body) => ({ file, body, source: body }));
    }),
  );
  const { built, rest } = kustomized(manifests);
  expect(rest).toEqual([]);
  expect(built.map(({ file, unread }) => ({ file, unread }))).toEqual([
    { file: join(FOLDERS, folders.at(-1)!, 'kustomization.yaml'), unread: [] },
  ]);
  return built[0].manifests.map(({ body }) => body);
}

(HAS_CLUSTER ? describe : describe.skip)('kustomize build', () => {
  test.each([
    ['maps of literals and labels for all', ['base']],
    ['a suffix, and labels that selectors have', ['base', 'blue']],
    ['a suffix, labels of templates, and a patch', ['base', 'green']],
    ['one base twice, with a prefix, a namespace, and a patch by a name of before', ['base', 'blue', 'green', 'both']],
  ])('%s', async (_, folders) => {
    const theirs = parseDocuments('build.yaml', await kubectl(['kustomize', join(FOLDERS, folders.at(-1)!)]));
    expect(byName(builtHere(folders))).toEqual(byName(theirs));
  });
});
