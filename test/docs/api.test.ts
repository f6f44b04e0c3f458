/** The pages of the API: what the generator makes of an assembly. `test/package` holds the real ones to the real assembly. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Assembly, apiPages, assemblyOf } from '../../docs/api';

const FOLDER = join(__dirname, '..', '..', 'docs', 'api');

const assembly: Assembly = {
  name: 'lib',
  submodules: { 'lib.aws': {} },
  types: {
    'lib.Load': {
      fqn: 'lib.Load',
      name: 'Load',
      kind: 'interface',
      datatype: true,
      docs: { summary: 'What arrives.' },
      properties: [
        { name: 'peak', optional: true, type: { primitive: 'number' }, docs: { summary: 'Peak.', default: '- none' } },
        {
          name: 'rate',
          type: { primitive: 'number' },
          docs: { summary: 'Rate a second.', remarks: 'Above 0;\na | b.' },
        },
      ],
    },
    'lib.aws.QueueProps': {
      fqn: 'lib.aws.QueueProps',
      name: 'QueueProps',
      namespace: 'aws',
      kind: 'interface',
      datatype: true,
      interfaces: ['lib.Load'],
      properties: [
        {
          name: 'topics',
          type: { collection: { kind: 'array', elementtype: { fqn: 'cdk.Topic' } } },
          docs: { summary: 'Where to.' },
        },
      ],
    },
    'lib.aws.Queue': {
      fqn: 'lib.aws.Queue',
      name: 'Queue',
      namespace: 'aws',
      kind: 'class',
      base: 'constructs.Construct',
      docs: { summary: 'A queue.', remarks: 'So:\n```ts\nnew Queue();\n```' },
      initializer: {
        name: 'Queue',
        parameters: [{ name: 'props', type: { fqn: 'lib.aws.QueueProps' } }],
        docs: { custom: { throws: 'CapacityError when it is too small' } },
      },
      properties: [{ name: 'load', type: { fqn: 'lib.Load' }, docs: { summary: 'The load.' } }],
      methods: [
        { name: 'hidden', protected: true },
        { name: 'metric', returns: { type: { primitive: 'string' } }, docs: { summary: 'A metric.' } },
      ],
    },
  },
};

describe('the generator', () => {
  const [root, aws] = apiPages(assembly);

  test('makes one page for the root and one for each submodule', () => {
    expect([root.path, aws.path]).toEqual(['docs/api/root.md', 'docs/api/aws.md']);
  });

  test('gives a prop its type, its range on one line and its default, required ones first', () => {
    expect(root.text).toContain(
      '| `rate` | number | Rate a second. Above 0; a \\| b. | required |\n| `peak?` | number | Peak. | none |\n',
    );
  });

  test('gives a struct the props of the structs that it extends', () => {
    expect(aws.text).toContain('| `topics` | list of `cdk.Topic` | Where to. | required |\n| `rate` | number |');
  });

  test('links types of this page and of other pages, and says what a constructor throws', () => {
    expect(aws.text).toContain('Queue(`props`: [QueueProps](#queueprops)). Throws CapacityError when it is too small.');
    expect(aws.text).toContain('| `load` | [Load](root.md#load) | The load. |');
  });

  test('has the public methods alone, and an example inside its sentence', () => {
    expect(aws.text).toContain('- `metric`(): string. A metric.');
    expect(aws.text).not.toContain('hidden');
    expect(aws.text).toContain('A queue. So: `new Queue();`');
  });
});

describe('an assembly', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-api-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is read unless it is missing or older than a source', () => {
    mkdirSync(join(folder, 'lib', 'aws'), { recursive: true });
    const source = join(folder, 'lib', 'aws', 'queue.ts');
    writeFileSync(source, '');
    expect(assemblyOf(folder)).toContain('there is no assembly');
    writeFileSync(join(folder, '.jsii'), JSON.stringify(assembly));
    utimesSync(source, 1000, 1000);
    expect(assemblyOf(folder)).toEqual(assembly);
    utimesSync(join(folder, '.jsii'), 999, 999);
    expect(assemblyOf(folder)).toContain('older than lib/aws/queue.ts');
  });
});

describe('the pages that are committed', () => {
  const pages = new Map(readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]));
  const headings = (name: string) => [...(pages.get(name) ?? '').matchAll(/^## (\w+)$/gm)].map(([, title]) => title);

  test('have one heading for each anchor', () => {
    for (const name of pages.keys()) {
      const anchors = headings(name).map((title) => title.toLowerCase());
      expect([name, anchors.length - new Set(anchors).size]).toEqual([name, 0]);
    }
  });

  test('link only to what is there', () => {
    const broken = [...pages].flatMap(([name, text]) =>
      [...text.matchAll(/\]\(([\w.]*)#(\w+)\)/g)]
        .filter(([, page, anchor]) => !headings(page || name).some((title) => title.toLowerCase() === anchor))
        .map(([link]) => `${name}: ${link}`),
    );
    expect(broken).toEqual([]);
  });
});
