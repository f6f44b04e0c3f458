/**
 * Credentials in plain text: in an address, in a variable, among the words of a command. What is found is told by its
 * place and kind, and never itself.
 */

/** Schemes of the addresses of brokers, and of databases that hold queues. */
const SCHEMES =
  'amqps?|rediss?|redis-sentinel|mongodb|kafka|nats|mqtts?|stomp|pulsar|sqs|postgres(?:ql)?|mysql|mariadb';

/** An address with a user and a password. The lengths keep it fast in a text that is made to be slow. */
const ADDRESS = new RegExp(
  String.raw`\b(${SCHEMES})(?:\+[a-z0-9]{1,20})?:\/\/[^\/\s:@"'\`]{0,200}:([^\/\s@"'\`]{1,200})@`,
  'gi',
);

/** The same with any scheme, as a whole text. */
const ANY_ADDRESS = /^[a-z][a-z0-9+.-]{0,30}:\/\/[^/\s:@]{0,200}:([^/\s@]{1,200})@/i;

const BROKER =
  /rabbit|amqp|redis|mongo|kafka|sasl|nats|mqtt|activemq|artemis|pulsar|celery|broker|postgres|mysql|mariadb/i;

/** The end of a name that is one of a password: `REDIS_PASSWORD`, `sasl.password`, `RABBITMQ_DEFAULT_PASS`. */
const ENDS_IN_PASSWORD = /(?:^|[_.-])(?:pass|passwd|password|passphrase|pwd)$/i;

/** The same without a mark between the words: `redisPassword`. */
const JOINED_PASSWORD = /[a-z0-9](?:Pass|Passwd|Password|Passphrase|Pwd)$/;

/** Options of servers that have no broker in their name. */
const OPTIONS = /^(?:requirepass|masterauth)$/;

/** A login module of Kafka, and what follows it. */
const LOGIN = /LoginModule\b[^;]{0,500}?\bpassword\s{0,5}=\s{0,5}\\?["']?([^"'\\;\s]{1,200})/i;

/** A property of a client, in a text of several. */
const PROPERTY = /\bsasl[._-]password["']?\s{0,5}[=:]\s{0,5}["']?([^\s"';,]{1,200})/i;

/** An option with its value in the command line of a shell. */
const SHELL_OPTION = /(?:^|\s)--([\w.-]{1,60})[= ]["']?([^\s"']{1,200})/g;

/** A password inside an address, or a key of a trigger whose value is one. */
export function isTriggerCredential(key: string, text: string): boolean {
  const inAddress = ANY_ADDRESS.exec(text)?.[1];
  if (inAddress !== undefined) return isLiteral(inAddress);
  const names =
    /password|secretKey|secretAccessKey|clientSecret|^credentials$|connection$|connectionString|sasToken|apiKey|accessToken/i;
  return names.test(key) && isLiteral(text);
}

/** What kind of credential a variable has; undefined for none. */
export function credentialIn(name: string, text: string): string | undefined {
  if (isPasswordOfBroker(name) && isLiteral(text) && !isPlace(text)) return 'the password of a broker or database';
  return credentialInText(text);
}

/** What kind of credential the words of a command have, and in which word; undefined for none. */
export function credentialInWords(words: readonly (string | undefined)[]): { kind: string; word: number } | undefined {
  for (const [word, text = ''] of words.entries()) {
    const kind = credentialInText(text) ?? optionIn(text, words[word + 1]);
    if (kind !== undefined) return { kind, word };
  }
  return undefined;
}

function isPasswordOfBroker(name: string): boolean {
  return BROKER.test(name) && (ENDS_IN_PASSWORD.test(name) || JOINED_PASSWORD.test(name));
}

function credentialInText(text: string): string | undefined {
  for (const [, scheme, password] of text.matchAll(ADDRESS))
    if (isLiteral(password)) return `an address ${scheme.toLowerCase()}:// with a password`;
  const login = LOGIN.exec(text)?.[1] ?? PROPERTY.exec(text)?.[1];
  return login !== undefined && isLiteral(login) && !isPlace(login) ? 'the password of a SASL login' : undefined;
}

/** An option that gives a password: in one word, as two words, or in a command line. */
function optionIn(text: string, next = ''): string | undefined {
  const alone = /^--?([\w.-]{1,60})$/.exec(text)?.[1];
  const given = alone === undefined ? [...text.matchAll(SHELL_OPTION)] : [[text, alone, next] as const];
  for (const [, name, value] of given) {
    const secret = OPTIONS.test(name) || isPasswordOfBroker(name);
    if (secret && !value.startsWith('-') && isLiteral(value) && !isPlace(value)) return `a password behind --${name}`;
  }
  return undefined;
}

/** Whether a text is the secret itself: no name of a variable, no reference to a store, nothing that stands for it. */
function isLiteral(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed === '' || /^(true|false|yes|no|null|none)$/i.test(trimmed)) return false;
  if (/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(trimmed)) return false;
  if (/\$[({\w]|\{\{|<[^>]+>|^\{[^}]*\}$|%[({]/.test(trimmed)) return false;
  return !/^[*x.?#_-]+$|redacted/i.test(trimmed);
}

/** Whether a text says where the secret is: a file, a parameter, a secret in a store. */
function isPlace(text: string): boolean {
  return /^(\.{0,2}\/|arn:|[a-z][a-z0-9+-]*:\/\/|vault:|secretref:|ssm:|projects\/)/i.test(text.trim());
}
