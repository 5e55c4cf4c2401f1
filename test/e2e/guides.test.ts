import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type GuideDeployment, startGuideDeployment } from '../support/guides/deployment.ts'
import { type Block, codeBlocks, missingLine, ROOT, shownOutput } from '../support/guides/markdown.ts'
import { type Ran, runInShell } from '../support/guides/shell.ts'
import { emptyDatabase } from '../support/postgres.ts'

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
  "kill -9 <the controller's pid>": 'test/e2e/crash.test.ts',
  'pg_dump --format=custom --file=galaxy.dump "$GALAXY_DATABASE_URL"': 'a machine need have no pg_dump: test/e2e/restore.test.ts',
  'mkdir backup': 'likewise, by a copy of the files',
  'dropdb --force galaxy && createdb --owner=galaxy galaxy': 'likewise',
  [`psql -c "CREATE ROLE galaxy LOGIN PASSWORD 'secret'" -c "CREATE DATABASE galaxy OWNER galaxy" -c "CREATE ROLE galaxy_lobby NOLOGIN"`]:
    'the roles of a server belong to all tests',
  'npx galaxy delete game GAME --purge-state': 'names no game; test/e2e/restore.test.ts has one whose state is gone',
  'docker rm -f $(docker ps -aq --filter label=com.galaxy.instance=default)': 'it would take another deployment’s containers',
  'galaxy outbox replay 4711': 'there is no such event: test/integration/outbox-replay.test.ts',
}

const GUIDES = ['docs/guides/operator.md', 'docs/guides/lobby-developer.md', 'docs/guides/engine-author.md']

/** Blocks that stand alone: each begins in the folder, with these variables. */
const REFERENCES = ['docs/game-proxy.md', 'docs/webhook.md', 'docs/operations.md', 'README.md']
const PRELUDE = `
API=http://127.0.0.1:7421
TOKEN=$(galaxy token create "reader-$$" --role lobby 2> /dev/null)
export PGHOST=127.0.0.1 PGPORT=$(cat .galaxy/postgres.port) PGUSER=galaxy PGDATABASE=postgres PGPASSWORD=$(cat .galaxy/postgres.password)`

/** Ends the deployment, and so comes last. */
const MOVE = 'migrate --from-embedded'

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
    const commands = blocks.flatMap((block, index) => (block.info === 'sh' ? [{ ...block, shown: shownOutput(blocks, index) }] : []))
    const ran = await run(commands.map(({ text }) => text))
    commands.forEach((block, index) => expectRan(file, block, ran[index], block.shown))
  })

  it.each(REFERENCES)('%s shows commands that work', async (file) => {
    for (const block of (await codeBlocks(file)).filter((block) => isCommand(block) && !block.text.includes(MOVE))) {
      const [, ran] = await run([PRELUDE, executable(block)])
      expectRan(file, block, ran, null)
    }
  })

  it('docs/operations.md moves the deployment from the embedded database to another Postgres', async () => {
    const blocks = await codeBlocks('docs/operations.md')
    const index = blocks.findIndex(({ text }) => text.includes(MOVE))
    const block = blocks[index] as Block // it is there, else the next line says so
    const database = await emptyDatabase((inject('postgresServers')[1] ?? inject('postgresServers')[0]).url)
    await deployment.stop()
    const { folder } = deployment
    // The simulation's own settings, by which it is an ordinary deployment to `migrate`.
    const asItself = `export GALAXY_SIMULATE=false GALAXY_DATA_DIR='${folder}/.galaxy/simulated' GALAXY_INSTANCE="$GALAXY_INSTANCE-simulated"\n`
    const [ran] = await run([asItself + block.text.replace('postgres://galaxy:secret@db.example.com/galaxy', database.url)])
    expectRan('docs/operations.md', block, ran, shownOutput(blocks, index))
    const [moved] = await run([`psql -qAtc "SELECT game_id FROM desired_games WHERE game_id = 'andromeda'"`], pgEnvironment(database.url))
    expect(moved?.output).toBe('andromeda\n')
    await database.drop()
  })

  it('are run, whichever document they are in', async () => {
    const documents = ['README.md', ...(await markdownIn('docs')), ...(await markdownIn('docs/guides'))]
    const known = [...GUIDES, ...REFERENCES, ...Object.keys(ELSEWHERE)]
    const unknown: string[] = []
    for (const file of documents) {
      const blocks = await codeBlocks(file)
      if (!known.includes(file) && blocks.some(isShell)) unknown.push(file)
      unknown.push(
        ...blocks.filter(({ info, text }) => info === 'sh by hand' && !isNotRun(text.split('\n')[0] ?? '')).map(({ text }) => text),
      )
    }
    expect(unknown).toEqual([])
  })
})

function run(blocks: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<readonly Ran[]> {
  const { env, folder, address, enginePort } = deployment
  return runInShell(
    blocks.map((text) => text.replaceAll(/127\.0\.0\.1:742[01]/g, address).replaceAll('8089', String(enginePort))),
    { ...env, ...more },
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
  return lines.filter((line) => !isNotRun(line)).join('\n')
}

function isNotRun(line: string): boolean {
  return Object.keys(NOT_RUN).includes(line.replace(/ +#.*$/, '').trim())
}

function pgEnvironment(url: string): NodeJS.ProcessEnv {
  const { hostname, port, username, password, pathname } = new URL(url)
  return { PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password, PGDATABASE: pathname.slice(1) }
}

async function markdownIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(path.join(ROOT, folder))
  return files.filter((file) => file.endsWith('.md')).map((file) => `${folder}/${file}`)
}
