import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GuideDeployment, startGuideDeployment } from '../support/guides/deployment.ts'
import { type Block, codeBlocks, missingLine, ROOT, shownOutput } from '../support/guides/markdown.ts'
import { type Ran, runInShell } from '../support/guides/shell.ts'

/*
 * What is shown as a command is run, on a deployment on the Docker simulator. `psql` and `docker` are programs of the tests' own (test/support/guides/): the one speaks with the real
 * database by `pg`, the other with the simulator, since a machine need have neither. `curl` is the machine's.
 */

/** What can't be run here, and the reason. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'npm start': 'the test starts the deployment itself, on the simulator',
  'npm start -- --simulate': 'likewise',
  'npm test': 'it would run itself',
  'npm run down': 'it would end what the others run on: test/e2e/down.test.ts',
  'npx galaxy logs settlers': 'the simulator’s containers print nothing: test/e2e/logs.test.ts',
  'npx galaxy logs andromeda -f': 'likewise, and it does not end',
  'npx galaxy delete game NAME': 'names no game; the guides delete theirs',
  'kill -9 <the controller’s pid>': 'test/e2e/crash.test.ts',
  'galaxy outbox replay 4711': 'there is no such event: test/integration/outbox-replay.test.ts',
}

const GUIDES = ['docs/guides/operator.md', 'docs/guides/lobby-developer.md', 'docs/guides/engine-author.md']

/** Blocks that stand alone: each begins in the folder, with these variables. */
const REFERENCES = ['docs/game-proxy.md', 'docs/webhook.md', 'docs/operations.md', 'README.md']
const PRELUDE = `
API=http://127.0.0.1:7421
TOKEN=$(galaxy token create "reader-$$" --role lobby 2> /dev/null)
export PGHOST=127.0.0.1 PGPORT=$(cat .galaxy/postgres.port) PGUSER=galaxy PGDATABASE=postgres PGPASSWORD=$(cat .galaxy/postgres.password)`

/** Documents whose commands are run by others, or by nobody. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/third-party-engines.md': 'fetches packages and needs a real daemon: test/e2e/third-party.test.ts',
  'docs/watch.md': 'a stream without an end; the lobby’s guide runs a second of it',
  'docs/simulator.md': 'a program for tests: test/contract/simulator-process.test.ts',
  'docs/installing.md': 'installs things on the machine',
  'docs/command-line.md': 'generated from the program itself',
}

let deployment: GuideDeployment
beforeAll(async () => {
  deployment = await startGuideDeployment()
})
afterAll(() => deployment?.stop())

describe('the commands of the documents, as they stand there', () => {
  it.each(GUIDES)('%s leads its reader through, and shows what is printed', async (file) => {
    const blocks = await codeBlocks(file)
    for (const { info, text } of blocks.filter(({ info }) => info.startsWith('sh '))) expect(NOT_RUN, info).toHaveProperty([text.trim()])
    const commands = blocks.flatMap((block, index) => (block.info === 'sh' ? [{ ...block, shown: shownOutput(blocks, index) }] : []))
    const ran = await run(commands.map(({ text }) => text))
    commands.forEach((block, index) => expectRan(file, block, ran[index], block.shown))
  })

  it.each(REFERENCES)('%s shows commands that work', async (file) => {
    for (const block of (await codeBlocks(file)).filter(isCommand)) {
      const [, ran] = await run([PRELUDE, executable(block)])
      expectRan(file, block, ran, null)
    }
  })

  it('are run, whichever document they are in', async () => {
    const documents = ['README.md', ...(await markdownIn('docs')), ...(await markdownIn('docs/guides'))]
    const known = [...GUIDES, ...REFERENCES, ...Object.keys(ELSEWHERE)]
    const unknown: string[] = []
    for (const file of documents.filter((file) => !known.includes(file))) if ((await codeBlocks(file)).some(isShell)) unknown.push(file)
    expect(unknown).toEqual([])
  })
})

function run(blocks: readonly string[]): Promise<readonly Ran[]> {
  const { env, folder, address } = deployment
  return runInShell(
    blocks.map((text) => text.replaceAll(/127\.0\.0\.1:742[01]/g, address)),
    env,
    folder,
  )
}

function expectRan(file: string, { line, text }: Block, ran: Ran | undefined, shown: string | null): void {
  const { output = '', succeeded = false } = ran ?? {}
  expect(succeeded, `${file}:${line}\n${text}\nprinted\n${output}`).toBe(true)
  const missing = shown === null ? null : missingLine(shown.replaceAll(/127\.0\.0\.1:742[01]/g, deployment.address), output)
  expect(missing, `not printed by ${file}:${line}\n${text}\nbut\n${output}`).toBeNull()
}

function isShell({ info, text }: Block): boolean {
  return info === 'sh' || (info === 'indented' && /^(npm|npx|galaxy|psql|docker|curl|cd|node) [^─]*$/m.test(text.split('\n')[0] ?? ''))
}

function isCommand(block: Block): boolean {
  return isShell(block) || block.info === 'sql'
}

const PLACEHOLDERS = [
  ["'…'", "'00000000-0000-0000-0000-000000000000'"],
  ['$1', "'0'"],
  ['$2', '0'],
] as const

/** Without what stands in brackets as optional, and without the lines that are not run. */
function executable({ info, text }: Block): string {
  if (info === 'sql')
    return `psql -c "${PLACEHOLDERS.reduce((sql, [shown, value]) => sql.replaceAll(shown, value), text).replaceAll('"', '\\"')}"`
  const lines = text.split('\n').map((line) => line.replaceAll(/ \[-[^\]]*\]/g, ''))
  return lines
    .filter(
      (line) =>
        !Object.keys(NOT_RUN).includes(
          line
            .replace(/ +#.*$/, '')
            .replaceAll("'", '’')
            .trim(),
        ),
    )
    .join('\n')
}

async function markdownIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(path.join(ROOT, folder))
  return files.filter((file) => file.endsWith('.md')).map((file) => `${folder}/${file}`)
}
