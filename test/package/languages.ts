/**
 * The package in Java and Go: its bindings as they are published, and an app that is compiled against them. Not every
 * registry has every version of the bindings of cdk8s, so they are generated here too, from what npm has installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs a command and returns what it printed. */
export type Run = (command: string, args: string[], cwd: string, env?: NodeJS.ProcessEnv) => string;

/** Whether a command is there at all. */
export function has(command: string, version = '--version'): boolean {
  return spawnSync(command, [version], { stdio: 'ignore' }).status === 0;
}

/** What else the assembly consists of; the rest comes from the registries of the languages. */
const BESIDE = ['cdk8s', 'cdk8s-plus-28'];

/** Generates the code of a language; the folder of each package. */
export function bindings(run: Run, checkout: string, folder: string, language: string): string[] {
  return ['', ...BESIDE.map((name) => join('node_modules', name))].map((path, place) => {
    const into = join(folder, String(place));
    const program = join(checkout, 'node_modules', 'jsii-pacmak', 'bin', 'jsii-pacmak');
    const args = [program, '--code-only', '--targets', language, '--outdir', into];
    run(process.execPath, args, join(checkout, path), { npm_config_ignore_scripts: 'true' });
    return join(into, language);
  });
}

/** The newest CDK that Maven Central is known to have whole; any from the floor on does. */
const JARS = [
  'software.amazon.awscdk:aws-cdk-lib:2.272.0',
  // What the generated code names in annotations.
  'javax.annotation:javax.annotation-api:1.3.2',
  'org.jetbrains:annotations:16.0.3',
];

/** Compiles a Java app with the bindings, runs it in `folder`, and returns what it printed. */
export function javaApp(run: Run, folders: readonly string[], folder: string, code: string): string {
  const dependencies = JARS.map((jar) => {
    const [group, artifact, version] = jar.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  writeFileSync(
    join(folder, 'pom.xml'),
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>shop</groupId>` +
      `<artifactId>shop</artifactId><version>1</version><dependencies>${dependencies.join('')}</dependencies></project>`,
  );
  run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=jars'], folder);
  writeFileSync(join(folder, 'Shop.java'), code);
  const sources = folders.flatMap((one) => {
    const java = join(one, 'src', 'main', 'java');
    return readdirSync(java, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.java'))
      .map((name) => join(java, name));
  });
  writeFileSync(join(folder, 'sources.txt'), [...sources, 'Shop.java'].join('\n'));
  run('javac', ['-nowarn', '-d', 'classes', '-cp', 'jars/*', '@sources.txt'], folder);
  const resources = folders.map((one) => join(one, 'src', 'main', 'resources'));
  return run('java', ['-cp', ['classes', 'jars/*', ...resources].join(':'), 'Shop'], folder);
}

/** The module of our bindings, as it is published. */
export const GO_MODULE = 'github.com/backpressure-constructs/backpressure-constructs-go/backpressureconstructs';
const GO_MODULES = [
  GO_MODULE,
  'github.com/cdk8s-team/cdk8s-core-go/cdk8s/v2',
  'github.com/cdk8s-team/cdk8s-plus-go/cdk8splus28/v2',
];

/** Compiles a Go app with the bindings, runs it in `folder`, and returns what it printed. */
export function goApp(run: Run, folders: readonly string[], folder: string, code: string): string {
  const replaced = GO_MODULES.map((name, place) => {
    const [inside] = readdirSync(folders[place]);
    return `replace ${name} => ${join(folders[place], inside)}`;
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'go.mod'),
    ['module shop', 'go 1.25', `require ${GO_MODULE} v0.0.0`, ...replaced, ''].join('\n'),
  );
  writeFileSync(join(folder, 'main.go'), code);
  run('go', ['mod', 'tidy'], folder);
  run('go', ['build', '-o', 'shop', '.'], folder);
  return run(join(folder, 'shop'), [], folder);
}
