/**
 * The last step of a build, on the compiled files: a package without peers that its user has no need of, without folders of
 * other packages of which it uses a few files, and without comments that stand in the types as well.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { noticesOf } from '../../lib/runtime/notices';
import { lazyBarrel } from './lazy-barrel';
import { withoutComments } from './without-comments';

/** Files that only pass on parts of another package: that package's code takes their place. */
const PASSED_ON = ['lib/ci/yaml', 'lib/k8s/grafana-sdk', 'lib/rules/yaml'];
/** Namespaces of the root, whose peers are another engine's: loaded when they are first used. */
const LAZY = ['aws', 'k8s'];
/** The barrels of the constructs. */
const BARRELS = ['aws', 'k8s'];
/**
 * The name is a parameter, because Node takes no name for an import that it sees beside a getter. An ES module reads every
 * getter before its first line, and takes one that throws as `undefined`: so what a peer is missing for is an object that
 * throws the sentence when something of it is used.
 */
const ON_FIRST_USE = `function onFirstUse(name, load) {
  const loaded = () => {
    try { return load(); } catch (error) {
      const refuse = (_, key) => { if (typeof key === 'symbol' || key === 'then') return undefined; throw error; };
      return new Proxy({}, { get: refuse, has: refuse });
    }
  };
  const get = () => { const value = loaded(); Object.defineProperty(exports, name, { enumerable: true, value }); return value; };
  Object.defineProperty(exports, name, { enumerable: true, configurable: true, get });
}
`;
/** Node finds the names for `import { aws }` of ES modules in plain assignments alone; this one is never run. */
const NAMED = `0 && (exports.aws = exports.k8s = exports.CapacityError = exports.InvalidInputError = void 0);\n`;

/** What callers catch: jsii takes no class that extends `Error`. */
const ERRORS = {
  js: `Object.assign(exports, (({ CapacityError, InvalidInputError }) => ({ CapacityError, InvalidInputError }))(require('./flow/errors')));\n`,
  types: `export { CapacityError, InvalidInputError } from './flow/errors';\n`,
};

export function finish(root: string): void {
  withoutComments(join(root, 'dist', 'lib'));
  const { metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: PASSED_ON.map((file) => `${file}.ts`),
    outbase: root,
    outdir: join(root, 'dist'),
    allowOverwrite: true,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    metafile: true,
    logLevel: 'warning',
  });
  const notices = noticesOf(root, metafile, `A file (${PASSED_ON.map((file) => `${file}.js`).join(', ')})`);
  if (notices === undefined) throw new Error(`${PASSED_ON.join(' and ')} have no code of others`);
  writeFileSync(join(root, 'dist', 'lib', 'THIRD-PARTY-NOTICES.txt'), notices);
  for (const name of BARRELS) {
    const folder = join(root, 'dist', 'lib', name);
    const file = join(folder, 'index.js');
    const namesOf = (module: string) => Object.keys(require(join(folder, module)));
    writeFileSync(file, lazyBarrel(readFileSync(file, 'utf8'), namesOf));
  }
  const index = join(root, 'dist', 'lib', 'index');
  writeFileSync(`${index}.js`, lazy(readFileSync(`${index}.js`, 'utf8')) + ERRORS.js + ON_FIRST_USE + NAMED);
  writeFileSync(`${index}.d.ts`, readFileSync(`${index}.d.ts`, 'utf8') + ERRORS.types);
}

/** The compiled root, with getters in place of modules that are loaded at once. */
export function lazy(compiled: string): string {
  let text = compiled;
  for (const name of LAZY) {
    const eager = `exports.${name} = __importStar(require("./${name}"));`;
    const [before, after, ...more] = text.split(eager);
    if (after === undefined || more.length > 0) throw new Error(`the compiled root does not have once: ${eager}`);
    const getter = `onFirstUse('${name}', () => __importStar(require('./${name}')));`;
    text = `${before}${getter}${after}`;
  }
  // The first assignment would make plain properties of them.
  const first = /^(exports\.BackpressureValidation = )((?:exports\.\w+ = )+)(void 0;)$/m;
  if (!first.test(text)) throw new Error('the compiled root does not begin as expected');
  return text.replace(first, '$1$3');
}
