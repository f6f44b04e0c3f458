/** Stock images are pinned, and `npm run images` brings their digests up to date from a registry. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, parseReference, referenceText } from '../../bin/refresh/registry';
import { stockImage } from '../../lib/k8s/images';
import file from '../../lib/k8s/images.json';
import { freePorts } from '../support/ports';
import { ROOT } from '../support/reference';

jest.setTimeout(60_000);

const DOCKERFILE = join(ROOT, 'lib', 'runtime', 'webhook-receiver', 'Dockerfile');
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const OLD = digest('1');
const NEW = digest('2');

test.each(Object.entries(file.images))('%s has a full version, and a digest or the reason why not', (name, text) => {
  const image = parseReference(text);
  expect(image.tag).toMatch(/^\d+\.\d+\.\d+/);
  const source = file.sources[name as keyof typeof file.sources];
  expect(source).toMatch(image.digest ? /^digest as / : /without one$/);
});

test('the receiver is built on the stock image of Node, by its digest', () => {
  const [, base] = /^FROM (\S+)$/m.exec(readFileSync(DOCKERFILE, 'utf8')) ?? [];
  expect(base).toBe(stockImage('node'));
  expect(base).toMatch(/@sha256:[0-9a-f]{64}$/);
});

test('the image with delta-rs is built on the stock image of Python, with every package by its hash', () => {
  const dockerfile = readFileSync(join(ROOT, 'lib', 'runtime', 'compaction', 'Dockerfile'), 'utf8');
  expect(/^FROM (\S+)$/m.exec(dockerfile)?.[1]).toBe(stockImage('python'));
  expect(dockerfile).toContain('pip install --no-cache-dir --require-hashes -r requirements.txt');
});

describe('a registry', () => {
  const INDEX = 'application/vnd.oci.image.index.v1+json';
  let server: Server;
  let host: string;
  let type = INDEX;
  let answered = NEW;
  let realm = '';

  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '', `http://${host}`);
      if (url.pathname === '/token') {
        const scope = url.searchParams.get('scope') === 'repository:library/node:pull';
        response.end(JSON.stringify(scope ? { token: 'opaque' } : {}));
      } else if (request.headers.authorization !== 'Bearer opaque') {
        const challenge = `Bearer realm="${realm || `http://${host}/token`}",service="registry",scope="repository:library/node:pull"`;
        response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
      } else if (request.method !== 'HEAD' || url.pathname !== '/v2/library/node/manifests/24.0.0') {
        response.writeHead(404).end();
      } else response.writeHead(200, { 'Content-Type': type, 'Docker-Content-Digest': answered }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterEach(() => {
    [type, answered, realm] = [INDEX, NEW, ''];
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const node = () => parseReference(`${host}/library/node:24.0.0@${OLD}`);

  test('gives the digest of a tag to a client that has fetched a token', async () => {
    expect(await digestOf(node())).toBe(NEW);
    // A registry may answer under another name than the one in references.
    expect(await digestOf({ ...node(), registry: 'images.invalid' }, host)).toBe(NEW);
  });

  test.each<[string, () => void, RegExp]>([
    ['no digest', () => (answered = ''), /gives no digest/],
    ['a digest of another kind', () => (answered = 'sha256:12'), /gives no digest/],
    [
      'the manifest of one platform',
      () => (type = 'application/vnd.oci.image.manifest.v1+json'),
      /no index of all platforms/,
    ],
    ['a token service without TLS', () => (realm = 'http://tokens.invalid/token'), /without TLS/],
    ['a sign-in that is no address', () => (realm = 'nowhere'), /unknown kind/],
  ])('that gives %s is refused', async (_, arrange, message) => {
    arrange();
    await expect(digestOf(node())).rejects.toThrow(message);
  });

  test('that lacks the tag is refused with its status', async () => {
    await expect(digestOf({ ...node(), tag: '25' })).rejects.toThrow('answers with status 404');
  });

  /** Runs `npm run images` on files of its own. */
  async function refresh(references: Record<string, string>, ...options: string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'backpressure-images-'));
    const [images, dockerfile] = [join(folder, 'images.json'), join(folder, 'Dockerfile')];
    writeFileSync(images, JSON.stringify({ checked: '', registries: {}, images: references, sources: {} }));
    writeFileSync(dockerfile, '# FROM here\nFROM old:1\nUSER node\n');
    const program = join(ROOT, 'bin', 'refresh', 'images.ts');
    const args = ['--import', 'tsx', program, '--file', images, '--dockerfile', dockerfile, ...options];
    const child = spawn(process.execPath, args, { cwd: ROOT });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    const after = { images: JSON.parse(readFileSync(images, 'utf8')), dockerfile: readFileSync(dockerfile, 'utf8') };
    rmSync(folder, { recursive: true });
    return { status, said, ...after };
  }

  test('what differs is printed, and written when asked for, into the Dockerfile too', async () => {
    const node24 = `${host}/library/node:24.0.0`;
    const printed = await refresh({ node: `${node24}@${OLD}` });
    expect(printed).toMatchObject({ status: 0, said: `node:24.0.0\n- ${OLD}\n+ ${NEW}\n` });
    expect(printed.images.images.node).toBe(`${node24}@${OLD}`);
    const written = await refresh({ node: node24 }, '--write');
    expect(written.said).toBe(`node:24.0.0\n- no digest\n+ ${NEW}\n`);
    expect(written.images.images.node).toBe(`${node24}@${NEW}`);
    expect(written.images.sources.node).toMatch(/^digest as 127\.0\.0\.1:\d+ gave it on \d{4}-\d\d-\d\d$/);
    expect(written.dockerfile).toBe(`# FROM here\nFROM ${node24}@${NEW}\nUSER node\n`);
    expect((await refresh({ node: `${node24}@${NEW}` })).said).toBe('node:24.0.0 unchanged\n');
  });

  test('that cannot be reached is named in one sentence, and what it has stays', async () => {
    const [port] = await freePorts(1);
    const lost = `127.0.0.1:${port}/library/node:24.0.0@${OLD}`;
    const { status, said, images } = await refresh({ node: lost }, '--write');
    expect(status).toBe(1);
    expect(said).toMatch(/^node: 127\.0\.0\.1:\d+ cannot be reached: .*; its digest stays as it is\n$/);
    expect(images.images.node).toBe(lost);
  });
});

test.each(['node:24', 'docker.io/library/node', 'docker.io/library/node:24@sha256:12', ''])(
  "'%s' is no reference that a registry can be asked for",
  (text) => {
    expect(() => parseReference(text)).toThrow('is not registry/repository:tag');
  },
);

test('a reference is written as it was read', () => {
  for (const text of Object.values(file.images)) expect(referenceText(parseReference(text))).toBe(text);
});
