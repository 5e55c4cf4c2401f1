import { setTimeout as delay } from 'node:timers/promises'
import { isWrite } from '../fault-proxy/docker-call.ts'
import type { DockerFaultProxy } from '../fault-proxy/docker-proxy.ts'
import type { PassedStatement, PostgresFaultProxy, Statement } from '../fault-proxy/postgres-proxy.ts'
import { until } from '../until.ts'

/** `before` the other side has heard of it; `after` it is done and answered, and the controller does not know. */
export type Edge = 'before' | 'after'

/** A moment in the life of a game at which its controller can be killed, counted from when the game was asked for something. */
export type CrashPoint =
  | { readonly kind: 'docker'; readonly call: string; readonly nth: number; readonly edge: Edge }
  | { readonly kind: 'sql'; readonly write: string; readonly nth: number; readonly edge: Edge }
  /** The engine has been asked for a turn, and has not answered. */
  | { readonly kind: 'computing' }

export interface Proxies {
  readonly docker: DockerFaultProxy
  readonly postgres: PostgresFaultProxy
}

/** Where in the proxies' records something began. */
export interface Mark {
  readonly calls: number
  readonly statements: number
}

export function describePoint(point: CrashPoint): string {
  switch (point.kind) {
    case 'docker':
      return `${point.edge} ${point.call} ${point.nth}`
    case 'sql':
      return `${point.edge} the commit that ${point.write} ${point.nth}`
    case 'computing':
      return 'while the engine computes'
  }
}

export function markNow({ docker, postgres }: Proxies): Mark {
  return { calls: docker.record.calls.length, statements: postgres.statements.length }
}

/** Both edges of every effect that a game has had since then, in the order in which they were asked for. */
export function pointsSince(mark: Mark, gameId: string, { docker, postgres }: Proxies): readonly CrashPoint[] {
  const calls = docker.record.calls
    .slice(mark.calls)
    .filter((call) => isWrite(call.kind) && (call.gameId === gameId || call.gameId === null))
    .map(({ kind }) => kind)
  const writes = postgres.statements
    .slice(mark.statements)
    .filter((statement) => isOf(gameId, statement, postgres.statements))
    .flatMap(({ sql }) => writeOf(sql) ?? [])
  return [
    ...numbered(calls).flatMap(({ name, nth }) => bothEdges((edge) => ({ kind: 'docker', call: name, nth, edge }))),
    ...numbered(writes).flatMap(({ name, nth }) => bothEdges((edge) => ({ kind: 'sql', write: name, nth, edge }))),
  ]
}

/** Has the game stand still at this point; resolves, once it does. Nothing moves on until all faults are lifted. */
export function holdAt(point: CrashPoint, gameId: string, proxies: Proxies): { readonly reached: Promise<void>; lift(): void } {
  const mark = markNow(proxies)
  switch (point.kind) {
    case 'docker':
      return holdCall(point, gameId, mark, proxies.docker)
    case 'sql':
      return holdCommit(point, gameId, proxies.postgres)
    case 'computing':
      return { reached: isComputing(gameId, mark, proxies.postgres), lift: () => {} }
  }
}

function holdCall({ call: on, nth, edge }: Extract<CrashPoint, { kind: 'docker' }>, gameId: string, mark: Mark, docker: DockerFaultProxy) {
  const isNobodys = on.startsWith('network_')
  const { hit, lift } = docker.inject({ on, nth, fault: { kind: 'hang', effect: edge }, ...(!isNobodys && { gameId }) })
  const isAnswered = () =>
    docker.record.calls
      .slice(mark.calls)
      .some(
        ({ kind, gameId: whose, fault, answer }) => kind === on && fault === 'hang' && answer !== null && (isNobodys || whose === gameId),
      )
  const reached = async (): Promise<void> => {
    await hit
    if (edge === 'after') await until(isAnswered, (is) => is, `${on} of ${gameId} is answered`)
  }
  return { reached: reached(), lift }
}

function holdCommit({ write, nth, edge }: Extract<CrashPoint, { kind: 'sql' }>, gameId: string, postgres: PostgresFaultProxy) {
  const isMeant = (statement: Statement) => writeOf(statement.sql) === write && isOf(gameId, statement, postgres.statements)
  const { hit, lift } = postgres.inject({ containing: '', where: isMeant, nth, fault: { kind: 'hold', effect: edge } })
  const isAnswered = () =>
    postgres.statements.findLast((statement) => statement.fault === 'hold' && isMeant(statement))?.isAnswered === true
  const reached = async (): Promise<void> => {
    await hit
    if (edge === 'after') await until(isAnswered, (is) => is, `a commit of ${gameId} is answered`)
  }
  return { reached: reached(), lift }
}

/** The engine is asked as soon as the intent is committed; it takes its time. */
async function isComputing(gameId: string, mark: Mark, { statements }: PostgresFaultProxy): Promise<void> {
  const opens = () =>
    statements
      .slice(mark.statements)
      .some((each) => writeOf(each.sql) === 'opens an operation' && isOf(gameId, each, statements) && each.isAnswered)
  await until(opens, (is) => is, `${gameId} is asked for a turn`)
  await delay(ASKED_MS)
}

const ASKED_MS = 100

const WRITES: readonly (readonly [containing: string, name: string])[] = [
  ['INSERT INTO operation_log', 'opens an operation'],
  ['AS running', 'notes progress'],
  ['AS known', 'closes an operation'],
  ['DELETE FROM desired_games', 'forgets the row'],
  ['INSERT INTO game_status', 'notes the status'],
  ['INSERT INTO runtime_records', 'notes the record'],
]

/** What a statement of the controller does, by what only it contains; null for one that writes nothing of a game. */
export function writeOf(sql: string): string | null {
  return WRITES.find(([containing]) => sql.includes(containing))?.[1] ?? null
}

function isOf(gameId: string, { parameters }: Statement, statements: readonly PassedStatement[]): boolean {
  if (parameters.includes(gameId)) return true
  const ids = new Set(
    statements.flatMap((each) =>
      writeOf(each.sql) === 'opens an operation' && each.parameters.includes(gameId) ? [each.parameters[0]] : [],
    ),
  )
  return parameters.some((parameter) => ids.has(parameter))
}

function numbered(names: readonly string[]): readonly { readonly name: string; readonly nth: number }[] {
  return names.map((name, index) => ({ name, nth: names.slice(0, index + 1).filter((each) => each === name).length }))
}

function bothEdges(point: (edge: Edge) => CrashPoint): readonly CrashPoint[] {
  return [point('before'), point('after')]
}
