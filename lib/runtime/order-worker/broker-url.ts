/** The address that the worker signs in at: whole, or put together from what a task of ECS is given. */

/** Variables of the container. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `RABBITMQ_URL`; or `RABBITMQ_ENDPOINT`, such as `amqps://host:5671`, with `RABBITMQ_USERNAME` and `RABBITMQ_PASSWORD`,
 * which come from a secret, and `RABBITMQ_VHOST`. `HEARTBEAT_SECONDS` is added where it is given.
 *
 * @throws when a variable is missing, or the endpoint is no address; the message names the variable and no value
 */
export function brokerUrl(environment: Environment): string {
  const url = new URL(environment.RABBITMQ_URL ? environment.RABBITMQ_URL : fromParts(environment));
  const { HEARTBEAT_SECONDS: heartbeat } = environment;
  if (heartbeat) url.searchParams.set('heartbeat', heartbeat);
  return url.href;
}

function fromParts(environment: Environment): string {
  const value = (name: string) => {
    const text = environment[name];
    if (!text) throw new Error(`${name} is not set`);
    return text;
  };
  const endpoint = value('RABBITMQ_ENDPOINT');
  if (!/^amqps?:\/\/[^/@]+$/.test(endpoint)) throw new Error('RABBITMQ_ENDPOINT must be an address, amqps://host:port');
  const user = [value('RABBITMQ_USERNAME'), value('RABBITMQ_PASSWORD')].map(encodeURIComponent).join(':');
  const vhost = encodeURIComponent(environment.RABBITMQ_VHOST ?? '/');
  return `${endpoint.replace('://', `://${user}@`)}/${vhost}`;
}
