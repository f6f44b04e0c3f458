/**
 * The part of API Gateway's mapping templates that this library uses: `$util.urlEncode($input.params('…'))` and
 * `$util.urlEncode($input.body)`. Anything else in a template is an error here.
 *
 * `$input.params(x)` looks in the path, then in the query, then in the headers, and finds a name as it was spelled
 * (API Gateway developer guide, Variables for data transformations).
 */
export interface Request {
  readonly path: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function render(template: string, { path, query = {}, headers = {}, body = '{}' }: Request): string {
  const parameter = (name: string) => [path, query, headers].find((from) => Object.hasOwn(from, name))?.[name] ?? '';
  const rendered = template.replace(
    /\$util\.urlEncode\(\$input\.(?:params\('([^']+)'\)|(body))\)/g,
    (_, name, isBody) => encodeURIComponent(isBody ? body : parameter(name)),
  );
  const rest = template.replace(/\$util\.urlEncode\(\$input\.(?:params\('[^']+'\)|body)\)/g, '');
  if (/[$#]/.test(rest)) throw new Error(`the template uses more than is known here: ${rest}`);
  return rendered;
}
