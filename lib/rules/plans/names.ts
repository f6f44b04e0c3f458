/** Names of attributes, as the providers of Terraform and as Pulumi and Kubernetes write them. */

/** `visibility_timeout_seconds` as Pulumi and manifests write it. */
export function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The path of a key below a path. */
export function joined(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
