import type { Kysely } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { classifyDatabaseError } from '../../src/database/errors.ts'
import type { Database } from '../../src/database/tables.ts'
import type { RuntimeRecord } from '../../src/model/record.ts'
import { type GameStatus, NEW_STATUS } from '../../src/model/status.ts'
import type { GameWrite } from '../../src/record/game-write.ts'
import { loadGames } from '../../src/record/load.ts'
import { closeOperation, type NewOperation, openOperation } from '../../src/record/store.ts'

export const AT = new Date('2026-05-01T12:00:00.000Z')
export const LATER = new Date('2026-05-01T12:00:01.500Z')

export const STATUS: GameStatus = {
  ...NEW_STATUS,
  acceptedGeneration: 1,
  observedGeneration: 1,
  conditions: [
    { type: 'Ready', status: 'False', reason: 'Starting', message: 'x', lastTransitionTime: AT.toISOString(), observedGeneration: 1 },
  ],
  backoff: {
    kind: 'CrashLoopBackOff',
    failures: 2,
    notBeforeMs: 5,
    delayMs: 1000,
    message: 'exit 1',
    operationId: 'op',
    countedAtMs: 1,
    wish: 'w',
  },
  observedFrom: 'list',
}

export function newOperation(operationId: string = uuidv7()): NewOperation {
  return {
    operationId,
    op: 'start',
    detail: null,
    source: 'lobby',
    sourceRef: null,
    generation: 1,
    cause: 'desired running, nothing observed',
    imageRef: 'img:1',
    leaseEpoch: 1,
    startedAt: AT,
  }
}

export function newRecord(gameId: string, fields: Partial<RuntimeRecord> = {}): RuntimeRecord {
  return {
    uid: uuidv7(),
    gameId,
    status: 'starting',
    containerId: null,
    imageRef: 'img:1',
    imageId: 'sha256:1',
    engineVersion: '1.0.0',
    endpoint: `http://galaxy-game-${gameId}:8080`,
    statePath: `/games/${gameId}`,
    network: 'galaxy',
    limits: { cpus: 0.5, memoryBytes: 1024, pids: null },
    turnSchedule: null,
    timeZone: null,
    ticksAfter: null,
    currentTurn: null,
    skipNextTick: false,
    paused: false,
    pausedAt: null,
    health: 'unknown',
    startedAt: null,
    stoppedAt: null,
    finishedAt: null,
    finishedGeneration: null,
    removedAt: null,
    lastOpAt: AT,
    createdAt: AT,
    ...fields,
  }
}

export function intent() {
  return { kind: 'create_container', target: 'x', reason: 'y' }
}

export function fullWrite(gameId: string): GameWrite {
  return {
    gameId,
    status: STATUS,
    healthEvents: [{ type: 'container_exited', containerId: 'c', detail: { exitCode: 1 }, observedAt: AT }],
    notification: {
      type: 'runtime.image_pull_failed',
      generation: 1,
      imageRef: 'img:1',
      errorCode: 'image_pull_failed',
      errorMessage: 'no such image',
      attemptedAtMs: 1,
    },
  }
}

export function close(operationId: string, write: GameWrite) {
  return {
    operationId,
    outcomes: [],
    result: { status: 'succeeded', code: null },
    containerId: null,
    imageRef: null,
    finishedAt: LATER,
    write,
  } as const
}

/** The connection, and the statements that went through it. */
export function counting(db: Kysely<Database>) {
  const statements: string[] = []
  const counted = db.withPlugin({
    transformQuery: ({ node }) => {
      statements.push(node.kind)
      return node
    },
    transformResult: async ({ result }) => result,
  })
  return { counted, statements }
}

export async function openedAndClosed(db: Kysely<Database>, gameId: string): Promise<NewOperation> {
  const operation = newOperation()
  await openOperation(db, { operation, intents: [intent()], write: { gameId } })
  await closeOperation(db, close(operation.operationId, { gameId }))
  return operation
}

export async function loadOne(db: Kysely<Database>, gameId: string) {
  return (await loadGames(db, [gameId]))[0]
}

export async function kindOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: unknown) => classifyDatabaseError(error).kind,
  )
}
