import type { Argument, Command, Option } from 'commander'
import { buildProgram, EXIT_CODES } from '../../src/cli/program.ts'

/** The verbs with their arguments, options and exit codes as Markdown, for docs/command-line.md. */
export function commandLineReference(): string {
  const program = buildProgram(NOWHERE)
  const verbs = visible(program)
  return `# Command line

Generated from the verbs' own definitions by \`npm run generate\`. \`galaxy --help\` and \`galaxy VERB --help\` say the same on a terminal.

${verbs.map((verb) => `[${verb.name()}](#galaxy-${verb.name()})`).join(' · ')}

${PREFACE}
## Exit codes

${table(
  ['code', 'meaning'],
  EXIT_CODES.map(([code, meaning]) => [String(code), meaning]),
)}
${verbs.map((verb) => section(verb, '##')).join('\n')}`
}

/** Verbs are defined and not run. */
const NOWHERE = {
  env: {},
  cwd: '/',
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isStdoutTty: false,
  isStderrTty: false,
  columns: null,
}

const PREFACE = `A game is named as \`NAME\`, \`game NAME\` or \`game/NAME\`. What is said about an answer, and what failed, goes to stderr, so that stdout can be read by a program: \`-o json\`, \`yaml\` and
\`name\` where a verb lists or makes something. Tables fit the terminal; colour and redrawing are for terminals only, and \`NO_COLOR\` turns colour off. \`-w\` and \`top\` draw in place on a
terminal, and print lines elsewhere.

## In a clone

\`npx galaxy\` starts npm first, which takes several times as long as the verb. Linked into a folder of the \`PATH\`, the program is found from anywhere, and the shell completes it:

    ln -s "$PWD/bin/galaxy.mjs" ~/.local/bin/galaxy

What was started from another folder than the one that one is in is found with \`GALAXY_DATA_DIR\`.

## Places

A verb that asks a controller talks to the first of these that is said:

1. \`--context NAME\`, before or after the verb; then \`GALAXY_CONTEXT\`, or \`client.context\` of \`galaxy.yaml\`;
2. \`GALAXY_TOKEN\`, with \`GALAXY_API_URL\` where the API is not the one that is configured here;
3. what \`galaxy context use NAME\` chose;
4. \`local\`: what was started from the folder one is in, by the address file in its data folder.

\`--context local\` is always there. \`galaxy context add\` keeps the others in \`~/.config/galaxy/contexts.json\` (below \`XDG_CONFIG_HOME\` where that is set), which only its owner can read. Verbs that act on
this machine (\`up\`, \`down\`, \`controller\`, \`migrate\`, \`config\`, \`doctor\`) take no \`--context\`.

    galaxy context add prod --url https://galaxy.example.org --token-file ~/prod.token
    galaxy get games --context prod

## Completion

    source <(galaxy completion bash)     # in ~/.bashrc
    source <(galaxy completion zsh)      # in ~/.zshrc, after compinit

Verbs, options, their values, and the names of games, versions, operations, tokens and contexts; names are asked of the controller, for at most 300 ms.
`

function section(command: Command, heading: string): string {
  const name = fullName(command)
  const aliases = command.aliases().map((alias) => `\`${alias}\``)
  const parts = [
    `${heading} ${name}`,
    `${sentence(command.description())}${aliases.length === 0 ? '' : ` Also ${aliases.join(', ')}.`}`,
    usage(command),
    argumentTable(command.registeredArguments),
    optionTable(command.createHelp().visibleOptions(command)),
  ]
  const own = `${parts.filter((part) => part !== '').join('\n\n')}\n`
  return [own, ...visible(command).map((verb) => section(verb, `${heading}#`))].join('\n')
}

function usage(command: Command): string {
  if (visible(command).length > 0) return ''
  const operands = command.registeredArguments.map((argument) => wordOf(argument))
  return `    ${[fullName(command), ...operands, '[options]'].join(' ')}`
}

function wordOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

function argumentTable(all: readonly Argument[]): string {
  if (all.length === 0) return ''
  return table(
    ['argument', 'meaning'],
    all.map((argument) => [`\`${argument.name()}\``, `${argument.description}${choices(argument)}`]),
  ).trimEnd()
}

function optionTable(all: readonly Option[]): string {
  const told = all.filter(({ long }) => long !== '--help' && long !== '--context')
  if (told.length === 0) return ''
  return table(
    ['option', 'meaning', 'default'],
    told.map((option) => [
      `\`${option.flags}\`${option.mandatory ? ' *' : ''}`,
      `${option.description}${choices(option)}`,
      defaultOf(option),
    ]),
  ).trimEnd()
}

function defaultOf({ defaultValue, defaultValueDescription, negate }: Option): string {
  if (defaultValue === undefined || negate) return ''
  return `\`${defaultValueDescription ?? String(defaultValue)}\``
}

function choices({ argChoices }: Argument | Option): string {
  return argChoices === undefined ? '' : `: ${argChoices.map((choice) => `\`${choice}\``).join(', ')}`
}

function visible(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((verb) => verb.name() !== 'help')
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |\n`
  return `${line(head)}${line(head.map(() => '---'))}${rows.map(line).join('')}`
}
