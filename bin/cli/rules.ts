import { Command } from 'commander';
import { loadExamples, loadRules } from '../../lib/rules/load';
import type { Rule } from '../../lib/rules/rule';
import { ExitCode, Io, UsageError } from './io';
import { hang, helpText, table, wrap } from './text';

/** `backpressure rules`: every rule, or one of them with its reason and examples. */
export function registerRules(program: Command, io: Io, answered: (exit: number) => void): void {
  program
    .command('rules')
    .description('list the rules of check, or show one with its reason, its source and two examples')
    .argument('[id]', 'the rule to show, as in BP-SQS-001')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      helpText(['', 'Examples:', '  npx backpressure rules', '  npx backpressure rules BP-SQS-002'], io.columns),
    )
    .action((id: string | undefined, options: { readonly json?: boolean }) => {
      const found = id === undefined ? loadRules().RULES : [ruleNamed(id)];
      if (options.json)
        io.out(
          `${JSON.stringify(id === undefined ? found.map(asJson) : { ...asJson(found[0]), ...loadExamples().examplesOf(found[0].id) }, undefined, 2)}\n`,
        );
      else io.out(`${id === undefined ? list(found, io) : show(found[0], io)}\n`);
      answered(ExitCode.OK);
    });
}

/** The rule with its reason and examples, as `rules <id>` and `check --explain <id>` print it. */
export function explain(id: string, io: Io): string {
  return `${show(ruleNamed(id), io)}\n`;
}

function ruleNamed(id: string): Rule<never> {
  const { didYouMean, RULES } = loadRules();
  const found = RULES.find((rule) => rule.id === id.toUpperCase());
  const ids = RULES.map((rule) => rule.id);
  if (!found) throw new UsageError(`there is no rule ${id}; npx backpressure rules lists them${didYouMean(id, ids)}`);
  return found;
}

function list(rules: readonly Rule<never>[], io: Io): string {
  const rows = rules.map(({ id, severity, title }) => [id, severity, title]);
  return table([{ title: 'rule' }, { title: 'severity' }, { title: 'finds' }], rows, io.columns);
}

function show({ id, title, severity, why, source, cases }: Rule<never>, io: Io): string {
  const { wrong, right } = loadExamples().examplesOf(id);
  return [
    hang(`${id}  ${title}`, io.columns, 2),
    '',
    wrap(why, io.columns),
    '',
    `  severity  ${severity}`,
    hang(`  source    ${source}`, io.columns, 12),
    ...(cases.length > 0 ? [`  case      ${cases.join(', ')}`] : []),
    `  page      ${loadRules().linkOf(id)}`,
    '',
    'Wrong:',
    '',
    indented(wrong),
    '',
    'Right:',
    '',
    indented(right),
  ].join('\n');
}

function indented(text: string): string {
  return text.trimEnd().replace(/^(?=.)/gm, '  ');
}

function asJson({ check, ...rule }: Rule<never>): object {
  return { ...rule, link: loadRules().linkOf(rule.id) };
}
