import { describe, expect, it } from 'vitest'
import { KINDS, parseKind } from '../../../src/cli/kinds.ts'
import { runCli } from '../../../src/cli/program.ts'
import { recordedTerminal } from '../../support/recorded-terminal.ts'

async function run(line: string) {
  const terminal = recordedTerminal({ cwd: '/nowhere', env: { XDG_CONFIG_HOME: '/nowhere' } })
  return { code: await runCli(line.split(' '), terminal), printed: terminal.printed() }
}

describe('help', () => {
  it.each(['nonsense --help', 'token nonsense --help', '--context local nonsense -h'])(
    'is refused for what is no verb: %s',
    async (line) => {
      expect(await run(line)).toMatchObject({ code: 2, printed: expect.stringMatching(/^error: unknown command 'nonsense'\n\(galaxy/) })
    },
  )

  it.each(['--help', 'get --help', 'token ls --help', 'help get', 'version --help'])('is told: %s', async (line) => {
    expect(await run(line)).toMatchObject({ code: 0, printed: expect.stringMatching(/^Usage: galaxy/) })
  })
})

describe('what is named without its kind', () => {
  it('is answered with how it is named', async () => {
    expect((await run('describe andromeda')).printed).toContain('a game of that name is game/andromeda')
  })

  it.each(['game/a', 'games/a', 'engineversion/galaxy/1.0.0', 'version/1.0.0'])('is read as the verbs print it: %s', (text) => {
    expect(parseKind(KINDS)(text)).toMatchObject({ name: text.slice(text.indexOf('/') + 1) })
  })
})
