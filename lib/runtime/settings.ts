/** Settings of a program, which come as environment variables. */

/** The setting of that name. An absent one ends the program at its start, by name. */
export function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`the environment variable ${name} is missing`);
  return value;
}

/** The setting of that name, which is a number. */
export function numberSetting(name: string): number {
  const value = Number(setting(name));
  if (!Number.isFinite(value))
    throw new Error(`the environment variable ${name} must be a number, got '${setting(name)}'`);
  return value;
}
