import { readFile } from 'node:fs/promises'
import path from 'node:path'
import {
  checkedToken,
  type Context,
  CONTEXT_NAME,
  contextOf,
  contextsFile,
  type Contexts,
  isReadableByOthers,
  LOCAL,
  readContexts,
  writeContexts,
} from './contexts.ts'
import { CliError, EXIT } from './exit.ts'
import type { Output } from './options.ts'
import { paint, printListing } from './output.ts'
import { type Choice, choosePlace } from './place.ts'
import { readAll } from './read-manifests.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'

/** A context as it is shown: never with its token. */
interface Row {
  readonly name: string
  readonly current: boolean
  readonly url: string | null
  readonly token: string
}

/** `galaxy context list`. */
export async function listContexts(terminal: Terminal, output: Output): Promise<void> {
  const contexts = await readContexts(terminal.env)
  const choice = await choosePlace(terminal)
  const inForce = choice.kind === 'context' ? choice.name : choice.kind === 'local' ? LOCAL : null
  const rows = rowsOf(contexts, inForce)
  await printListing(terminal, output, {
    answer: { kind: 'ContextList', items: rows },
    rows,
    columns: [
      { title: 'CURRENT', value: ({ current }) => (current ? '*' : ''), paint: paint.green },
      { title: 'NAME', value: ({ name }) => name },
      { title: 'URL', value: ({ url }) => url ?? 'what was started from here' },
      { title: 'TOKEN', value: ({ token }) => token },
    ],
    name: ({ name }) => `context/${name}`,
    empty: '',
  })
  for (const line of await remarks(terminal, contexts, choice)) warnLine(terminal, line)
}

function rowsOf({ known }: Contexts, inForce: string | null): readonly Row[] {
  const local: Row = { name: LOCAL, current: inForce === LOCAL, url: null, token: 'its own' }
  return [
    local,
    ...[...known].map(([name, context]): Row => {
      const token = 'token' in context ? 'stored' : `in ${context.tokenFile}`
      return { name, current: name === inForce, url: context.url, token }
    }),
  ]
}

async function remarks({ env }: Terminal, { current, known }: Contexts, choice: Choice): Promise<readonly string[]> {
  const lines: string[] = []
  if (choice.kind === 'settings') lines.push('GALAXY_TOKEN is set, and says which API is asked; --context wins over it')
  else if (choice.kind === 'context' && !known.has(choice.name))
    lines.push(`${choice.because} names ${choice.name}, which is none of them; galaxy context add ${choice.name} --url URL makes it`)
  else if (choice.because !== 'galaxy context use' && current !== (choice.kind === 'local' ? LOCAL : choice.name))
    lines.push(`GALAXY_CONTEXT is set, and wins over ${current}, which galaxy context use chose`)
  if (await isReadableByOthers(env)) lines.push(`others may read ${contextsFile(env)}: chmod 600 it`)
  return lines
}

/** `galaxy context show`: the name alone, for a prompt or a script. */
export async function showContext(terminal: Terminal): Promise<void> {
  const choice = await choosePlace(terminal)
  if (choice.kind === 'settings') throw new CliError('GALAXY_TOKEN and GALAXY_API_URL say which API is asked; no context does')
  printLine(terminal, choice.kind === 'local' ? LOCAL : choice.name)
}

/** `galaxy context use NAME`. */
export async function useContext(terminal: Terminal, name: string): Promise<void> {
  const contexts = await readContexts(terminal.env)
  if (name !== LOCAL) contextOf(contexts, name)
  await writeContexts(terminal.env, { ...contexts, current: name })
  printLine(terminal, `context/${name} is used from now on`)
  const choice = await choosePlace(terminal)
  if (choice.kind === 'settings') warnLine(terminal, 'warning: GALAXY_TOKEN is set and wins over it; unset it, or use --context')
  else if (choice.kind === 'context' ? choice.name !== name : name !== LOCAL)
    warnLine(terminal, 'warning: GALAXY_CONTEXT is set and wins over it')
}

export interface NewContext {
  readonly name: string
  readonly url: string
  /** `-`: stdin, and the token itself is kept. */
  readonly tokenFile: string
}

/** `galaxy context add NAME`. */
export async function addContext(terminal: Terminal, { name, url, tokenFile }: NewContext): Promise<void> {
  if (!CONTEXT_NAME.test(name)) throw new CliError(`${name} is no name: lower-case letters, digits, hyphens and dots`, EXIT.usage)
  const contexts = await readContexts(terminal.env)
  if (name === LOCAL) throw new CliError(`${LOCAL} is what was started from the folder one is in; give it another name`, EXIT.usage)
  if (contexts.known.has(name)) throw new CliError(`there is a context ${name} already; galaxy context delete ${name} takes it away`)
  const address = checkedUrl(url)
  const context = await withToken(terminal, address.href.replace(/\/+$/, ''), tokenFile)
  await writeContexts(terminal.env, { ...contexts, known: new Map([...contexts.known, [name, context]]) })
  if (isUnprotected(address)) warnLine(terminal, `warning: ${url} is not encrypted; whoever is on the way reads the token`)
  printLine(terminal, `context/${name} added`)
  if (contexts.current !== name) warnLine(terminal, `use it with --context ${name}, or from now on with: galaxy context use ${name}`)
}

async function withToken(terminal: Terminal, url: string, tokenFile: string): Promise<Context> {
  if (tokenFile === '-') return { url, token: checkedToken(await readAll(terminal.stdin), 'stdin') }
  const file = path.resolve(terminal.cwd, tokenFile)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${tokenFile} can't be read: ${error.message}`, EXIT.usage, { cause: error })
  })
  checkedToken(text, tokenFile)
  return { url, tokenFile: file }
}

function checkedUrl(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '') return url
  // It may hold a password.
  throw new CliError('--url is none of http://host:port and https://host, without user and password', EXIT.usage)
}

function isUnprotected({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)
}

/** `galaxy context delete NAME...`: the file of a token stays. */
export async function deleteContexts(terminal: Terminal, names: readonly string[]): Promise<void> {
  const contexts = await readContexts(terminal.env)
  if (names.includes(LOCAL)) throw new CliError(`${LOCAL} is always there`, EXIT.usage)
  for (const name of names) contextOf(contexts, name)
  const known = new Map([...contexts.known].filter(([name]) => !names.includes(name)))
  const isCurrentGone = names.includes(contexts.current)
  await writeContexts(terminal.env, { current: isCurrentGone ? LOCAL : contexts.current, known })
  for (const name of names) printLine(terminal, `context/${name} deleted`)
  if (isCurrentGone) warnLine(terminal, `${LOCAL} is used from now on`)
}
