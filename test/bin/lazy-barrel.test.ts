import { lazyBarrel } from '../../bin/assembly/lazy-barrel';

const MODULES: Record<string, Record<string, unknown>> = {
  './queue': { RedriveQueue: class {}, QueueWorker: class {} },
  './jvm': { JvmService: class {} },
  './props': {},
};
const compiled = `"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
require("./peers");
${Object.keys(MODULES)
  .map((module) => `__exportStar(require("${module}"), exports);`)
  .join('\n')}
`;
const namesOf = (module: string) => Object.keys(MODULES[module]);

/** Runs a barrel; gives what it exports, and which modules it has loaded. */
function load(text: string) {
  const loaded: string[] = [];
  const exports: Record<string, unknown> = {};
  const required = (module: string) => {
    loaded.push(module);
    return MODULES[module];
  };
  new Function('exports', 'require', text)(exports, required);
  return { exports, loaded };
}

test('a module is loaded when something of it is first used, once; what checks the peers is loaded at once', () => {
  const { exports, loaded } = load(lazyBarrel(compiled, namesOf));
  expect(loaded).toEqual(['./peers']);
  expect(exports.JvmService).toBe(MODULES['./jvm'].JvmService);
  expect(exports.JvmService).toBe(MODULES['./jvm'].JvmService);
  expect(loaded).toEqual(['./peers', './jvm']);
});

test('all names are there before anything is used', () => {
  const { exports, loaded } = load(lazyBarrel(compiled, namesOf));
  expect(Object.keys(exports)).toEqual(['RedriveQueue', 'QueueWorker', 'JvmService']);
  expect(loaded).toEqual(['./peers']);
});

test('two modules with one name are refused, and a barrel that passes nothing on', () => {
  expect(() => lazyBarrel(compiled, () => ['Plan'])).toThrow('more than one module of a barrel exports Plan');
  expect(() => lazyBarrel('"use strict";\n', namesOf)).toThrow('has no module that is passed on');
});
