/** Completion in the user's shell, made from the commands and options that there are: none has to be listed twice. */
import { Argument, type Command, type Option } from 'commander';
import { ExitCode, type Io } from './io';
import { helpText } from './text';

const PROGRAM = 'backpressure';
const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** How to load it, as the help says. */
const LOADING: Readonly<Record<Shell, string>> = {
  bash: 'npx backpressure completion bash > ~/.backpressure.bash && echo "source ~/.backpressure.bash" >> ~/.bashrc',
  zsh: 'npx backpressure completion zsh > "$(print -r -- $fpath[1])/_backpressure"',
  fish: 'npx backpressure completion fish > ~/.config/fish/completions/backpressure.fish',
};

/** `backpressure completion`: the script that a shell loads. */
export function registerCompletion(program: Command, io: Io, answered: (exit: number) => void): void {
  program
    .command('completion')
    .description('print what a shell needs to complete commands, options and their values')
    .addArgument(new Argument('<shell>', 'the shell that loads it').choices(SHELLS))
    .addHelpText(
      'after',
      helpText(
        [
          '',
          'Load it once:',
          ...SHELLS.map((shell) => `  ${LOADING[shell]}`),
          '',
          'It completes the command `backpressure`. Without a global installation: alias backpressure="npx backpressure".',
        ],
        io.columns,
      ),
    )
    .action((shell: Shell) => {
      io.out(WRITERS[shell](commandsOf(program)));
      answered(ExitCode.OK);
    });
}

/** What is completed after a word. */
type Values = 'nothing' | 'files' | readonly string[];

interface Completed {
  readonly name: string;
  readonly says: string;
  readonly options: readonly { readonly flag: string; readonly says: string; readonly values?: Values }[];
  /** What its arguments are. */
  readonly values: Values;
}

function commandsOf(program: Command): Completed[] {
  return program.commands.map((command) => ({
    name: command.name(),
    says: command.description(),
    options: [
      ...command.options.filter(({ hidden }) => !hidden).map(optionOf),
      { flag: '--help', says: 'print this help' },
    ],
    values:
      command.registeredArguments.map((argument) => valuesOf(argument.name(), argument.argChoices))[0] ?? 'nothing',
  }));
}

/** Without `values` where the option takes none. */
function optionOf({ long, description, required, optional, flags, argChoices }: Option): Completed['options'][number] {
  const flag = { flag: long ?? flags, says: description };
  return required || optional ? { ...flag, values: valuesOf(/<(.*)>/.exec(flags)?.[1] ?? '', argChoices) } : flag;
}

function valuesOf(name: string, choices: readonly string[] | undefined): Values {
  return choices ?? (['file', 'paths'].includes(name) ? 'files' : 'nothing');
}

const WRITERS: Readonly<Record<Shell, (commands: readonly Completed[]) => string>> = { bash, zsh, fish };

function bash(commands: readonly Completed[]): string {
  const names = commands.map(({ name }) => name);
  const words = (list: readonly string[]) => `COMPREPLY=($(compgen -W '${list.join(' ')}' -- "$cur"))`;
  // By lines: a name may have spaces. An older bash does not know compopt, and then shows no slash after a folder.
  const files = `local IFS=$'\\n'; compopt -o filenames 2>/dev/null || :; COMPREPLY=($(compgen -f -- "$cur"))`;
  const reply = (values: Values) => (values === 'files' ? files : values === 'nothing' ? ':' : words(values));
  const afterOptions = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flag, values }) =>
      values === undefined ? [] : [`    '${name} ${flag}') ${reply(values)}; return ;;`],
    ),
  );
  return `# Completion of ${PROGRAM} in bash; made by: ${PROGRAM} completion bash
_${PROGRAM}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command='' word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in ${names.join('|')}) command="$word"; break ;; esac
  done
  case "$command $prev" in
${afterOptions.join('\n')}
  esac
  case "$command" in
    '') ${words([...names, '--help', '--version'])} ;;
${commands
  .map(
    ({ name, options, values }) =>
      `    ${name}) if [[ "$cur" == -* ]]; then ${words(options.map(({ flag }) => flag))}; else ${reply(values)}; fi ;;`,
  )
  .join('\n')}
  esac
}
complete -F _${PROGRAM} ${PROGRAM}
`;
}

function zsh(commands: readonly Completed[]): string {
  const text = (says: string) => says.replace(/'/g, "'\\''").replace(/[[\]:\\]/g, '\\$&');
  const action = (values: Values) =>
    values === 'files' ? '_files' : values === 'nothing' ? ' ' : `(${values.join(' ')})`;
  const spec = ({ flag, says, values }: Completed['options'][number]) =>
    `'${flag}[${text(says)}]${values === undefined ? '' : `:value:${action(values)}`}'`;
  return `#compdef ${PROGRAM}
# Completion of ${PROGRAM} in zsh; made by: ${PROGRAM} completion zsh
_${PROGRAM}() {
  local state
  _arguments -C '1: :->command' '*:: :->rest'
  case $state in
    command)
      local -a commands=(
${commands.map(({ name, says }) => `        '${name}:${text(says)}'`).join('\n')}
      )
      _describe command commands ;;
    rest)
      case $words[1] in
${commands
  .map(
    ({ name, options, values }) =>
      `        ${name}) _arguments ${[...options.map(spec), `'*:value:${action(values)}'`].join(' \\\n          ')} ;;`,
  )
  .join('\n')}
      esac ;;
  esac
}
# Loaded by compinit it is the function's body; sourced, it has to be named.
if [ "$funcstack[1]" = "_${PROGRAM}" ]; then _${PROGRAM} "$@"; else compdef _${PROGRAM} ${PROGRAM}; fi
`;
}

function fish(commands: readonly Completed[]): string {
  const text = (says: string) => `'${says.replace(/[\\']/g, '\\$&')}'`;
  const values = (list: Values) =>
    list === 'files' ? ' -r -F' : list === 'nothing' ? ' -x' : ` -x -a ${text(list.join(' '))}`;
  const within = (name: string) => `complete -c ${PROGRAM} -n '__fish_seen_subcommand_from ${name}'`;
  return [
    `# Completion of ${PROGRAM} in fish; made by: ${PROGRAM} completion fish`,
    `complete -c ${PROGRAM} -f`,
    ...commands.map(({ name, says }) => `complete -c ${PROGRAM} -n __fish_use_subcommand -a ${name} -d ${text(says)}`),
    ...commands.flatMap((command) => [
      ...command.options.map(
        (option) =>
          `${within(command.name)} -l ${option.flag.slice(2)}${option.values === undefined ? '' : values(option.values)} -d ${text(option.says)}`,
      ),
      ...(command.values === 'files' ? [`${within(command.name)} -F`] : []),
      ...(typeof command.values === 'object' ? [`${within(command.name)} -a ${text(command.values.join(' '))}`] : []),
    ]),
    '',
  ].join('\n');
}
