/**
 * Transforms the files of large libraries into one line each: what Node.js itself has loaded. jest would load them anew for each
 * test file, seconds of it, and in the sandbox their code is slower. They keep nothing from one app to the next that a test sees;
 * what they read of the environment is the process's, not the copy that a test file has.
 *
 * Not cdk8s: it knows an object literal by its constructor, which in the sandbox of a test file is another one.
 */
const NAMES = ['aws-cdk-lib', 'constructs'];

module.exports = {
  NAMES,
  process: (_source, file) => ({ code: `module.exports = loadedOnce(${JSON.stringify(file)});` }),
};
