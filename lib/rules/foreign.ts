/**
 * Files of other tools that become templates or manifests only when the tool has rendered them: what to do first.
 */
import { isMapping } from './resolved';

const CHECK = 'npx backpressure check -';

/** What to run before a text can be checked; undefined when it is no language that is known here. */
export function renderFirst(file: string, text: string): string | undefined {
  if (/\.tf(\.json)?$/.test(file) || /^(resource|module|provider)\s+"/m.test(text))
    return `Terraform's language; check its plan: terraform show -json <plan> | ${CHECK}`;
  if (/^[ \t]*#@/m.test(text)) return `a ytt template; render first: ytt -f <folder> | ${CHECK}`;
  if (/\{\{-?\s*[.$\w"(/]/.test(text)) return `a Helm template; render first: helm template <chart> | ${CHECK}`;
  if (/\{%-?\s*\w+/.test(text)) return `a Jinja template; render it first, and pipe it into ${CHECK}`;
  return undefined;
}

/** The same for what parses and is no document of ours. */
export function renderFirstOf(documents: readonly unknown[]): string | undefined {
  const [document] = documents;
  if (!isMapping(document)) return undefined;
  if (
    document.service !== undefined &&
    isMapping(document.provider) &&
    ('functions' in document || 'resources' in document)
  )
    return 'a configuration of the Serverless Framework; render first: sls package, then check .serverless';
  if (document.name !== undefined && document.runtime !== undefined && 'config' in document) return 'a Pulumi program';
  return undefined;
}
