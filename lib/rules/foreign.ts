/**
 * Files of other tools that become templates or manifests only when the tool has rendered them: what to do first.
 */
import { isMapping } from './resolved';

const CHECK = 'npx backpressure check -';

/** What to run before a text can be checked; undefined when it is no language that is known here. */
export function renderFirst(file: string, text: string): string | undefined {
  if (text.startsWith('PK\u0003\u0004'))
    return `a binary plan of Terraform, or another archive; print the plan first: terraform show -json <plan> | ${CHECK}`;
  if (/^\s*\{"@level":/.test(text))
    return `the log of a command of Terraform; check the plan itself: terraform show -json <plan> | ${CHECK}`;
  if (/^\s*\{"(sequence|timestamp)":\d+,[^\n]*"\w+Event":/.test(text))
    return `the events of a command of Pulumi; check the preview as a whole, without PULUMI_ENABLE_STREAMING_JSON_PREVIEW: pulumi preview --json --show-sames | ${CHECK}`;
  if (/^[^\s{[][^\n]*\n(?:[^{\n][^\n]*\n|\n){0,20}\{\s{0,20}"(format_version|config|steps|version)":/.test(text))
    return `a plan or a preview with other lines before it; write only the JSON: terraform show -json <plan> | ${CHECK}, pulumi preview --json --show-sames 2>/dev/null | ${CHECK}`;
  if (/\.tf(\.json)?$/.test(file) || /^(resource|module|provider)\s+"/m.test(text))
    return `Terraform's language; check its plan: terraform show -json <plan> | ${CHECK}`;
  if (/^[ \t]*#@/m.test(text)) return `a ytt template; render first: ytt -f <folder> | ${CHECK}`;
  // After a dollar it is an expression of GitHub's.
  if (/(?<!\$)\{\{-?\s*[.$\w"(/]/.test(text)) return `a Helm template; render first: helm template <chart> | ${CHECK}`;
  if (/\{%-?\s*\w+/.test(text)) return `a Jinja template; render it first, and pipe it into ${CHECK}`;
  return undefined;
}

/** What a template, a manifest or a configuration that rules know has in some line. */
const MARKS =
  /(^|[\s{,"'])(apiVersion|kind|Resources|AWSTemplateFormatVersion|Transform|format_version|scrape_configs|jobs|groups|pipeline|filebeat)["']?\s*:/;

/** Whether a text in the language of another tool may become a document. */
export function mayBeDocument(text: string): boolean {
  return (
    MARKS.test(text) || /\{\{[^}\n]*(?:\.(?:Values|Release|Chart|Capabilities|Files)\b|\b(?:include|tpl)\b)/.test(text)
  );
}

/** The same for what parses and is no document of ours. */
export function renderFirstOf(documents: readonly unknown[]): string | undefined {
  const [document] = documents;
  if (!isMapping(document)) return undefined;
  if (typeof document.lineage === 'string' && typeof document.serial === 'number' && Array.isArray(document.resources))
    return `the state of Terraform as it keeps it; print it first: terraform show -json | ${CHECK}`;
  if (typeof document.format_version === 'string' && (isMapping(document.provider_schemas) || 'valid' in document))
    return `what another command of Terraform writes; check a plan: terraform show -json <plan> | ${CHECK}`;
  if (isConfiguration(document))
    return `a configuration of Terraform, as cdktf writes it; check its plan: terraform show -json <plan> | ${CHECK}`;
  if (
    document.service !== undefined &&
    isMapping(document.provider) &&
    ('functions' in document || 'resources' in document)
  )
    return 'a configuration of the Serverless Framework; render first: sls package, then check .serverless';
  if (document.name !== undefined && document.runtime !== undefined && 'config' in document)
    return `a Pulumi program; check its preview: pulumi preview --json --show-sames | ${CHECK}`;
  return undefined;
}

/** Whether it is Terraform's language in JSON: resources by type and name. */
function isConfiguration(document: Record<string, unknown>): boolean {
  if (!isMapping(document.resource) && !isMapping(document.module)) return false;
  const blocks = ['terraform', 'provider', 'variable', 'output', 'data', 'resource', 'module', 'locals', 'moved'];
  return Object.keys(document).every((key) => key === '//' || blocks.includes(key));
}
