import type { Command } from 'commander'
import { beforeEach, describe, expect, it } from 'vitest'
import { complete, nameOf } from '../../../src/cli/completion/candidates.ts'
import { takesValue } from '../../../src/cli/completion/cursor.ts'
import { sourceOf } from '../../../src/cli/completion/sources.ts'
import { KINDS } from '../../../src/cli/kinds.ts'
import { buildProgram } from '../../../src/cli/program.ts'
import { STOP_REASONS } from '../../../src/model/game.ts'
import { recordedTerminal } from '../../support/recorded-terminal.ts'

const terminal = recordedTerminal({ cwd: '/nowhere', env: { XDG_CONFIG_HOME: '/nowhere' } })
let program: Command
beforeEach(() => {
  program = buildProgram(terminal)
})

/** The words that complete the last one. */
async function words(line: string): Promise<readonly string[] | 'files'> {
  const found = await complete(program, terminal, line.split(' '), 50)
  return found.kind === 'files' ? 'files' : found.words.map(({ value }) => value)
}

describe('completion', () => {
  it.each([
    ['st', ['start', 'stop']],
    ['version en', ['enable']],
    ['help st', ['start', 'stop']],
    ['--context local de', ['describe', 'delete']],
    ['get ', KINDS],
    ['get op', ['operations']],
    ['get games --out', ['--output']],
    ['get games -o ', ['table', 'wide', 'json', 'yaml', 'name']],
    ['get games -o json -', expect.not.arrayContaining(['--output'])],
    ['get games --output=j', ['--output=json']],
    ['stop x --reason ', STOP_REASONS],
    ['stop x --reason t', ['timeout']],
    ['wait x --for cond', expect.arrayContaining(['condition=Ready'])],
    ['wait x --for=operation', ['--for=operation=']],
    ['apply -f ', 'files'],
    ['apply -f a.yaml ', 'files'],
    ['apply -f a.yaml --dry', ['--dry-run']],
    ['context use ', ['local']],
    ['get games --context ', ['local']],
    ['completion ', ['bash', 'zsh']],
    // No controller answers.
    ['describe game ', []],
    ['logs game/', []],
    ['get pods x', []],
    ['nonsense ', []],
    ['up ', []],
    ['version add --relax a --rel', ['--relax']],
    ['get games -- -', []],
  ])('galaxy %s', async (line, expected) => {
    expect(await words(line)).toEqual(expected)
  })

  it('offers neither what is hidden nor what is said already, and describes what it offers', async () => {
    const found = await complete(program, terminal, [''], 50)
    if (found.kind === 'files') throw new Error('verbs are no files')
    expect(found.words.map(({ value }) => value)).not.toContain('__complete')
    expect(found.words.every(({ description }) => description !== '' && !description.includes('\n'))).toBe(true)
  })

  it('gives no space after what is gone on with', async () => {
    expect(await complete(program, terminal, ['wait', '--for=operation'], 50)).toMatchObject({ isOpen: true })
    expect(await complete(program, terminal, ['get', 'games', '--output=j'], 50)).toMatchObject({ isOpen: false })
  })
})

/** What nobody can list. */
const FREE = new Set(
  'cap duration fields id image labels lines n name new-version port probe ref reference shell state time url value what words'.split(' '),
)

it('knows of every argument and every value how it is completed, or that it can not be', () => {
  const unknown = verbsBelow(program).flatMap((verb) => {
    const places = [...verb.registeredArguments, ...verb.options.filter(takesValue)]
    return places
      .filter(({ argChoices }) => argChoices === undefined)
      .map(nameOf)
      .filter((name) => sourceOf(name, verb.name(), ['games']) === null && !FREE.has(name.split('=')[0] ?? ''))
      .map((name) => `${verb.name()} <${name}>`)
  })
  expect(unknown).toEqual([])
})

function verbsBelow(command: Command): readonly Command[] {
  return command.commands.flatMap((verb) => [verb, ...verbsBelow(verb)])
}
