/**
 * `npm run images`: asks each registry of `lib/k8s/images.json` for the present digests of the tags, and prints
 * differences. With `--write` the digests are written there and into the receiver's Dockerfile. A newer tag is written
 * by hand first.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { digestOf, parseReference, RegistryError, referenceText } from './registry';

const ROOT = join(__dirname, '..', '..');

interface ImagesFile {
  checked: string;
  /** Address of a registry, if it differs from its name in references. */
  readonly registries: Record<string, string>;
  readonly images: Record<string, string>;
  readonly sources: Record<string, string>;
}

interface Options {
  readonly file: string;
  readonly dockerfile: string;
  readonly write: boolean;
}

const program = new Command('npm run images --')
  .option('--file <path>', 'file of the references', join(ROOT, 'lib', 'k8s', 'images.json'))
  .option('--dockerfile <path>', 'Dockerfile on the image node', join(ROOT, 'lib/runtime/webhook-receiver/Dockerfile'))
  .option('--write', 'write the digests', false);

async function main(): Promise<number> {
  const { file, dockerfile, write } = program.parse().opts<Options>();
  const given = JSON.parse(readFileSync(file, 'utf8')) as ImagesFile;
  const day = new Date().toISOString().slice(0, 10);
  let failed = 0;
  for (const [name, text] of Object.entries(given.images)) {
    try {
      const image = parseReference(text);
      const digest = await digestOf(image, given.registries[image.registry]);
      console.log(difference(name, image.tag, image.digest, digest));
      given.images[name] = referenceText({ ...image, digest });
      given.sources[name] = `digest as ${image.registry} gave it on ${day}`;
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      failed += 1;
      console.error(`${name}: ${error.message}; its digest stays as it is`);
    }
  }
  if (write && failed < Object.keys(given.images).length) {
    given.checked = day;
    writeFileSync(file, `${JSON.stringify(given, null, 2)}\n`);
    const base = readFileSync(dockerfile, 'utf8').replace(/^FROM \S+/m, `FROM ${given.images.node}`);
    writeFileSync(dockerfile, base);
  }
  return failed > 0 ? 1 : 0;
}

function difference(name: string, tag: string, before: string | undefined, now: string): string {
  if (before === now) return `${name}:${tag} unchanged`;
  return `${name}:${tag}\n- ${before ?? 'no digest'}\n+ ${now}`;
}

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
