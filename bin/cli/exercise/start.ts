/** The files that an exercise begins with. */

import { caseOf } from '../../../lib/cases/catalogue';
import { type CaseExercises, EXERCISE_MINUTES, type ExerciseLevel } from '../../../lib/cases/exercises/exercise';
import { loadExamples } from '../../../lib/rules/load';
import { boundText } from './bounds';

/** The name of the file in which numbers are handed in. */
export const ANSWERS_FILE = 'answers.yaml';

/** Files by name; each level has a README.md with the task. */
export function startFiles(exercises: CaseExercises, level: ExerciseLevel): Readonly<Record<string, string>> {
  return { 'README.md': readme(exercises, level), ...filesOf(exercises, level) };
}

function filesOf({ basic, advanced, project, number }: CaseExercises, level: ExerciseLevel): Record<string, string> {
  switch (level) {
    case 'basic':
      return Object.fromEntries(
        basic.rules.map((rule) => [`${rule.toLowerCase()}.yaml`, loadExamples().examplesOf(rule).wrong]),
      );
    case 'advanced':
      return {
        [ANSWERS_FILE]: Object.entries(advanced.answers)
          .map(([name, says]) => {
            const bounds = advanced.bounds?.[name];
            return `${name}: # ${says}${bounds === undefined ? '' : `; ${boundText(bounds)}`}\n`;
          })
          .join(''),
      };
    case 'project':
      return { 'app.ts': appFor(number, Object.keys(project.resources)) };
  }
}

/** What every level asks for, as `--check` judges it. */
function readme(exercises: CaseExercises, level: ExerciseLevel): string {
  const { number, [level]: exercise } = exercises;
  const { title } = caseOf(number);
  return `# Case ${number}, ${title}: ${level} exercise

About ${EXERCISE_MINUTES[level]} minutes.

${exercise.task}

${HOW[level]}
${lookedFor(exercises, level)}
    npx backpressure exercise ${number} ${level} --check .

Background: \`npx backpressure cases ${number}\`.
`;
}

/** What is looked for in documents of any origin; the other levels say it by their rules and their numbers. */
function lookedFor({ project }: CaseExercises, level: ExerciseLevel): string {
  if (level !== 'project') return '';
  const claims = [
    ...project.shows.map(({ claim }) => claim),
    ...Object.keys(project.alerts).map((on) => `an alert on ${on}`),
  ];
  return `\n${claims.map((claim) => `- ${claim}`).join('\n')}\n`;
}

const HOW: Readonly<Record<ExerciseLevel, string>> = {
  basic: 'Mend the YAML files here. What they are for has to stay in them. Then:',
  advanced: `Write your numbers into ${ANSWERS_FILE}. They are planned as given by hand, and the case is simulated with them. Then:`,
  project:
    'Put your templates or manifests here, or into a folder below. app.ts is one way to make them: with this library, with other constructs or by hand, only the documents are judged. What they have to show is listed here. Then:',
};

function appFor(number: number, types: readonly string[]): string {
  const onAws = types.some((type) => type.startsWith('AWS::'));
  const engine = onAws ? 'aws' : 'k8s';
  const names = [
    ...new Set(
      caseOf(number)
        .constructs.filter(({ available, engines }) => available && engines.includes(engine))
        .map(({ name }) => name),
    ),
  ];
  const [imports, scope, end] = onAws
    ? [
        `import { App, Stack } from 'aws-cdk-lib';`,
        `const scope = new Stack(new App(), 'Exercise');`,
        'npx cdk synth --output cdk.out',
      ]
    : [
        `import { App, Chart } from 'cdk8s';`,
        `const app = new App();\nconst scope = new Chart(app, 'exercise');`,
        'npx tsx app.ts',
      ];
  return `${imports}
import { ${names.join(', ')} } from 'backpressure-constructs/${engine}';

${scope}

// new ${names[0]}(scope, 'Exercise', { … }), and what else the task asks for.
${onAws ? '' : '\napp.synth();\n'}
// Make the documents: ${end}
`;
}
