import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { CaseExercises, ExerciseLevel } from '../../lib/cases/exercises/exercise';
import type { Document } from '../../lib/rules/document';
import { Total } from '../../lib/rules/limits';
import { loadRules } from '../../lib/rules/load';
import { UnreadableError } from '../../lib/rules/unreadable';
import { bodiesOf } from './check/bodies';
import type { Claim } from './exercise/claim';
import { ExitCode, type Io, UsageError } from './io';
import { readText } from './read-file';
import { called, sourcesAt } from './sources';
import { hang, helpText, table, wrap } from './text';
import { writeText } from './write-file';

interface ExerciseOptions {
  readonly out?: string;
  readonly check?: string;
  readonly json?: boolean;
}

/** `backpressure exercise`: three exercises a case, with files to begin with, judged by the rules and the simulation. */
export function registerExercise(program: Command, io: Io, answered: (exit: number) => void): void {
  program
    .command('exercise')
    .description('list the exercises, begin one, or judge what was done')
    .argument('[case]', 'number of the case')
    .argument('[level]', 'basic, advanced or project')
    .option('--out <folder>', 'write the files to begin with into this folder')
    .option('--check <folder>', 'judge what is in this folder')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      helpText(
        [
          '',
          'Examples:',
          '  npx backpressure exercise',
          '  npx backpressure exercise 14 basic --out poison',
          '  npx backpressure exercise 14 basic --check poison',
          '',
          'Exits with 1 when something is missing or wrong, with 2 when a file could not be read.',
        ],
        io.columns,
      ),
    )
    .action((number: string | undefined, level: string | undefined, options: ExerciseOptions) => {
      if (options.out !== undefined && options.check !== undefined)
        throw new UsageError('--out and --check cannot be combined: begin first, then judge');
      if (number === undefined || level === undefined) {
        const [flag] = (['out', 'check'] as const).filter((name) => options[name] !== undefined);
        if (flag) throw new UsageError(`--${flag} needs a case and a level, as in: exercise 14 basic --${flag} poison`);
        io.out(`${list(number, options, io)}\n`);
        return answered(ExitCode.OK);
      }
      const exercises = exercisesOf(number);
      const at = levelNamed(level);
      if (options.check !== undefined) return answered(judged(exercises, at, options.check, options, io));
      if (options.out !== undefined) begin(exercises, at, options.out, io);
      else io.out(`${task(exercises, at, options, io)}\n`);
      answered(ExitCode.OK);
    });
}

function exercisesOf(given: string): CaseExercises {
  const { EXERCISES } = loaded();
  const found = EXERCISES.find(({ number }) => String(number) === given);
  if (found) return found;
  const numbers = EXERCISES.map(({ number }) => number).join(', ');
  throw new UsageError(`a case must be one that has exercises, ${numbers}, got ${given === '' ? "''" : given}`);
}

function levelNamed(given: string): ExerciseLevel {
  const { EXERCISE_LEVELS } = loaded();
  const found = EXERCISE_LEVELS.find((level) => level === given);
  if (found) return found;
  throw new UsageError(`a level must be one of ${EXERCISE_LEVELS.join(', ')}, got ${given === '' ? "''" : given}`);
}

function list(given: string | undefined, { json }: ExerciseOptions, io: Io): string {
  const { EXERCISE_LEVELS, EXERCISE_MINUTES, EXERCISES, caseOf } = loaded();
  const chosen = given === undefined ? EXERCISES : [exercisesOf(given)];
  const rows = chosen.flatMap((exercises) =>
    EXERCISE_LEVELS.map((level) => ({
      case: exercises.number,
      title: caseOf(exercises.number).title,
      level,
      minutes: EXERCISE_MINUTES[level],
      task: exercises[level].task,
    })),
  );
  if (json) return JSON.stringify(rows, undefined, 2);
  const columns = [
    { title: 'case', right: true },
    { title: 'level' },
    { title: 'minutes', right: true },
    { title: given === undefined ? 'title' : 'task' },
  ];
  return [
    table(
      columns,
      rows.map((row) => [String(row.case), row.level, String(row.minutes), given === undefined ? row.title : row.task]),
      io.columns,
    ),
    '',
    wrap(`Begin one: npx backpressure exercise ${rows[0].case} ${rows[0].level} --out <folder>.`, io.columns),
  ].join('\n');
}

function task(exercises: CaseExercises, level: ExerciseLevel, { json }: ExerciseOptions, io: Io): string {
  const { startFiles } = loaded();
  const files = startFiles(exercises, level);
  if (json) return JSON.stringify({ case: exercises.number, level, task: exercises[level].task, files }, undefined, 2);
  return [
    wrap(exercises[level].task, io.columns),
    '',
    wrap(
      `Files to begin with: ${Object.keys(files).join(', ')}. Write them: npx backpressure exercise ${exercises.number} ${level} --out <folder>.`,
      io.columns,
    ),
  ].join('\n');
}

/** All files or none: what is there already is never written over. */
function begin(exercises: CaseExercises, level: ExerciseLevel, folder: string, io: Io): void {
  const files = Object.entries(loaded().startFiles(exercises, level));
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw new UsageError(`${called(folder)} is not a folder`);
  const there = files.map(([name]) => join(folder, name)).filter((file) => existsSync(file));
  if (there.length > 0)
    throw new UsageError(`${there.map((file) => called(file)).join(', ')} exist already; give another folder to --out`);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new UsageError(`${called(folder)} cannot be made: ${(error as Error).message}`);
  }
  for (const [name, text] of files) writeText(join(folder, name), text);
  io.out(`${files.map(([name]) => called(join(folder, name))).join('\n')}\n`);
}

function judged(
  exercises: CaseExercises,
  level: ExerciseLevel,
  folder: string,
  { json }: ExerciseOptions,
  io: Io,
): ExitCode {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new UsageError(`--check must be a folder, got ${called(folder)}`);
  const claims = claimsOf(exercises, level, folder);
  const passed = claims.every(({ holds }) => holds);
  io.out(
    json
      ? `${JSON.stringify({ case: exercises.number, level, passed, claims }, undefined, 2)}\n`
      : `${text(claims, passed, io)}\n`,
  );
  return passed ? ExitCode.OK : ExitCode.NO;
}

function claimsOf(exercises: CaseExercises, level: ExerciseLevel, folder: string): Claim[] {
  const { ANSWERS_FILE, judgeBuild, judgeMend, judgeSize } = loaded();
  switch (level) {
    case 'basic':
      return judgeMend(exercises.basic, documentsAt(folder));
    case 'advanced':
      return judgeSize(exercises, answersAt(join(folder, ANSWERS_FILE), Object.keys(exercises.advanced.answers)));
    case 'project':
      return judgeBuild(exercises.project, documentsAt(folder));
  }
}

function text(claims: readonly Claim[], passed: boolean, io: Io): string {
  return [
    ...claims.flatMap(({ claim, holds, found }) => [
      hang(`${holds ? 'ok    ' : 'NOT OK'}  ${claim}`, io.columns, 8),
      hang(`        ${found}`, io.columns, 8),
    ]),
    '',
    passed ? 'Passed.' : `${claims.filter(({ holds }) => !holds).length} of ${claims.length} not yet.`,
  ].join('\n');
}

/** Every template and manifest of the folder; one that cannot be read is an error, so that nothing passes unread. */
function documentsAt(folder: string): readonly Document[] {
  const total = new Total();
  const { candidates, unreadable } = sourcesAt(folder, total);
  const { sources, unreadable: broken } = bodiesOf(candidates, total);
  const failures = [...unreadable, ...broken];
  if (failures.length > 0)
    throw new UsageError(failures.map(({ file, reason }) => `${called(file)}: ${reason}`).join('; '));
  return loadRules().documentsOf(sources);
}

/** The numbers of a file, every one of them; what is wrong with it is said of all together. */
function answersAt(file: string, names: readonly string[]): Record<string, number> {
  if (!existsSync(file)) throw new UsageError(`${called(file)} is missing; write it with --out`);
  const { parse } = loadRules();
  let given: Record<string, unknown>;
  try {
    const [parsed] = parse(file, readText(file));
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      throw new UsageError(`${called(file)} must be a list of names with a number each`);
    given = parsed as Record<string, unknown>;
  } catch (error) {
    if (error instanceof UnreadableError) throw new UsageError(`${called(file)}: ${error.reason}`);
    throw error;
  }
  const value = (name: string) => (Object.hasOwn(given, name) ? given[name] : undefined);
  const wrong = [
    ...names
      .filter((name) => typeof value(name) !== 'number')
      .map((name) => `${name} must be a number, got ${JSON.stringify(value(name)) ?? 'nothing'}`),
    ...Object.keys(given)
      .filter((name) => !names.includes(name))
      .map((name) => `${name} is not asked for`),
  ];
  if (wrong.length > 0) throw new UsageError(`${called(file)}: ${wrong.join('; ')}`);
  return Object.fromEntries(names.map((name) => [name, value(name) as number]));
}

// Loaded when it is asked for: `--help` and `size` stay quick.
function loaded() {
  return {
    ...(require('../../lib/cases/catalogue') as typeof import('../../lib/cases/catalogue')),
    ...(require('../../lib/cases/exercises/exercise') as typeof import('../../lib/cases/exercises/exercise')),
    ...(require('./exercise/judge') as typeof import('./exercise/judge')),
    ...(require('./exercise/start') as typeof import('./exercise/start')),
    ...(require('../../lib/cases/exercises/table') as typeof import('../../lib/cases/exercises/table')),
  };
}
