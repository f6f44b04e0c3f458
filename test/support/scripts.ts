/** Manifests without the text of bundled scripts, which changes with every dependency and says nothing here. */
import type { Manifest } from './manifest';

/** Longer than any configuration that a person reads. */
const LONGEST_READ = 20_000;

/** The same manifests, long texts in ConfigMaps replaced by a mark. */
export function withoutScripts(manifests: readonly Manifest[]): Manifest[] {
  return manifests.map((manifest) => {
    if (manifest.kind !== 'ConfigMap') return manifest;
    const data = Object.fromEntries(
      Object.entries<string>(manifest.data).map(([name, text]) => [
        name,
        text.length > LONGEST_READ ? '<script>' : text,
      ]),
    );
    return { ...manifest, data };
  });
}
