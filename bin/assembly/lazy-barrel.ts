/** Barrels of the package whose modules are loaded when something of them is first used: an app uses few of them. */

/** As TypeScript compiles `export * from`. */
const EXPORTED = /^__exportStar\(require\("(\.\/[^"]+)"\), exports\);$/gm;
const ON_FIRST_USE = `function onFirstUse(load, names) {
  for (const name of names) {
    const get = () => { const value = load()[name]; Object.defineProperty(exports, name, { enumerable: true, value }); return value; };
    Object.defineProperty(exports, name, { enumerable: true, configurable: true, get });
  }
}
`;

/**
 * The compiled barrel, with getters in place of modules that are loaded at once.
 *
 * @param namesOf what a module exports besides types
 */
export function lazyBarrel(compiled: string, namesOf: (module: string) => readonly string[]): string {
  const all: string[] = [];
  const text = compiled.replace(EXPORTED, (_, module: string) => {
    const names = namesOf(module);
    all.push(...names);
    return names.length === 0 ? '' : `onFirstUse(() => require("${module}"), ${JSON.stringify(names)});`;
  });
  if (all.length === 0) throw new Error('the compiled barrel has no module that is passed on');
  const twice = all.filter((name, index) => all.indexOf(name) !== index);
  if (twice.length > 0) throw new Error(`more than one module of a barrel exports ${twice.join(', ')}`);
  // Node finds the names for `import { … }` of ES modules in plain assignments alone; this one is never run.
  return `${text}${ON_FIRST_USE}0 && (${all.map((name) => `exports.${name} = `).join('')}void 0);\n`;
}
