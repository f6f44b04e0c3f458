/** Asks an image registry, by its HTTP API version 2, for the digest that a tag has now. */

/** An image reference as in a manifest: `registry/repository:tag@digest`. */
export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  /** Undefined where the tag alone is written. */
  readonly digest?: string;
}

const REFERENCE = /^([^/@]+)\/([a-z0-9/._-]+):([\w.-]+)(?:@(sha256:[0-9a-f]{64}))?$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** An index of all platforms first: the manifest of one would keep nodes of another from pulling. */
const INDEX = 'application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json';
const TIMEOUT_MILLIS = 30_000;

/** The registry could not be reached, or its answer is invalid. */
export class RegistryError extends Error {
  public override readonly name = 'RegistryError';
}

/** Reads a reference; throws when registry or tag are left out. */
export function parseReference(text: string): ImageReference {
  const [, registry, repository, tag, digest] = REFERENCE.exec(text) ?? [];
  if (registry === undefined) throw new RegistryError(`'${text}' is not registry/repository:tag or …@sha256:digest`);
  return { registry, repository, tag, digest };
}

/** A reference as it is written. */
export function referenceText({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}:${tag}${digest ? `@${digest}` : ''}`;
}

/**
 * The digest of a tag's index.
 *
 * @param host address of the registry, if it differs from its name in references
 */
export async function digestOf(image: ImageReference, host: string = image.registry): Promise<string> {
  const manifest = `${schemeOf(host)}://${host}/v2/${image.repository}/manifests/${image.tag}`;
  let answer = await ask(manifest, 'HEAD');
  if (answer.status === 401) {
    const token = await tokenFor(answer.headers.get('www-authenticate') ?? '', image.registry);
    answer = await ask(manifest, 'HEAD', token);
  }
  const what = `${image.registry} on ${image.repository}:${image.tag}`;
  if (!answer.ok) throw new RegistryError(`${what} answers with status ${answer.status}`);
  const type = (answer.headers.get('content-type') ?? '').split(';')[0];
  if (!INDEX.split(', ').includes(type))
    throw new RegistryError(`${what} has no index of all platforms, its manifest is '${type}'`);
  const digest = answer.headers.get('docker-content-digest') ?? '';
  if (!DIGEST.test(digest)) throw new RegistryError(`${what} gives no digest, only '${digest}'`);
  return digest;
}

/** An anonymous token, from the service that the registry names. */
async function tokenFor(challenge: string, registry: string): Promise<string> {
  const fields = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
  if (!/^Bearer\s/i.test(challenge) || !fields.realm || !URL.canParse(fields.realm))
    throw new RegistryError(`${registry} wants a sign-in of an unknown kind: '${challenge}'`);
  const url = new URL(fields.realm);
  if (url.protocol !== `${schemeOf(url.host)}:`)
    throw new RegistryError(`${registry} names a token service without TLS: ${url.origin}`);
  for (const name of ['service', 'scope']) if (fields[name]) url.searchParams.set(name, fields[name]);
  const answer = await ask(url.href, 'GET');
  const given = answer.ok ? ((await answer.json()) as { token?: unknown; access_token?: unknown }) : {};
  const token = given.token ?? given.access_token;
  if (typeof token !== 'string') throw new RegistryError(`${url.host} gives no token, status ${answer.status}`);
  return token;
}

async function ask(url: string, method: 'HEAD' | 'GET', token?: string): Promise<Response> {
  const headers = { Accept: INDEX, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
  try {
    return await fetch(url, { method, headers, signal: AbortSignal.timeout(TIMEOUT_MILLIS) });
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error };
    throw new RegistryError(`${new URL(url).host} cannot be reached: ${cause?.message || message}`);
  }
}

/** Without TLS on this machine alone, as container engines do. */
function schemeOf(host: string): string {
  return /^(localhost|127\.0\.0\.1)(:\d+)?$/.test(host) ? 'http' : 'https';
}
