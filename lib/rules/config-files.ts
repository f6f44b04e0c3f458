/**
 * Configuration that is a file of its own: workflows, log rotation and shipping, Prometheus. Rules read it as they read
 * the same text in a ConfigMap.
 */
import { posix } from 'node:path';
import { isMapping } from './resolved';

/** The kind under which rules find it. */
export const FILE_KIND = 'File';

/** Names of files that are no YAML. */
const PLAIN_NAMES =
  /(^|\/)(logrotate[^/]*\.conf|logrotate\.d\/[^/]+|[^/]*\.(conf|cnf)|server\.properties|redis\.conf|crontab)$/;

/** What a configuration of a known program has at its top. */
const KNOWN: readonly ((config: Record<string, unknown>) => boolean)[] = [
  // GitHub: `on` is read as a flag by older parsers.
  (config) => isMapping(config.jobs) && ('on' in config || 'true' in config),
  (config) => Array.isArray(config.scrape_configs),
  (config) =>
    Array.isArray(config.groups) && config.groups.some((group) => isMapping(group) && Array.isArray(group.rules)),
  (config) => Object.keys(config).some((key) => /^filebeat($|\.)/.test(key)),
  (config) =>
    isMapping(config.pipeline) && (Array.isArray(config.pipeline.inputs) || Array.isArray(config.pipeline.outputs)),
];

/** Whether a file is, by its name, configuration that is no YAML. */
export function isPlainConfig(file: string): boolean {
  return PLAIN_NAMES.test(file.replace(/\\/g, '/'));
}

/** Whether a file with these documents is a configuration that rules know. */
export function isKnownConfig(file: string, documents: readonly unknown[]): boolean {
  const [config, ...more] = documents;
  // A file that pipelines include may have its inputs in a document of its own.
  if (/(^|[\\/.])gitlab-ci\.ya?ml$/.test(file)) return isMapping(config);
  if (!isMapping(config) || more.length > 0) return false;
  return KNOWN.some((is) => is(config));
}

/** The file as a manifest with its text in it. */
export function configBody(file: string, text: string): Record<string, unknown> {
  const name = posix.basename(file.replace(/\\/g, '/'));
  return { apiVersion: 'v1', kind: FILE_KIND, metadata: { name }, data: { [name]: text } };
}
