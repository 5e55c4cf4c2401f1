import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Edition, StateFormat } from '../rules/edition.ts'
import type { TurnReport } from '../rules/report.ts'
import type { GameState } from '../rules/state.ts'
import { integer, object, ShapeError, text } from '../shape.ts'
import { durableWrite } from './durable-write.ts'
import { readState, writableState } from './state-shape.ts'

/** The state on disk can't be used by this engine. Nothing was changed. */
export class StateFileError extends Error {
  override readonly name = 'StateFileError'
}

/**
 * The state directory of one game: `state.json` (a header line with format, version and SHA-256, then the state) and one
 * `report-{turn}.json` per turn. The state file is the commit point: reports of later turns than its own do not count.
 */
export interface StateFiles {
  /** Null where no game was initialised; throws {@link StateFileError} where the file is damaged or too new. */
  readonly load: () => Promise<GameState | null>
  readonly save: (state: GameState) => Promise<void>
  readonly saveReport: (report: TurnReport) => Promise<void>
  readonly loadReport: (turn: number) => Promise<TurnReport>
}

export function stateFiles(edition: Edition, directory: string, confirmLock: () => Promise<void>): StateFiles {
  const statePath = join(directory, 'state.json')
  const reportPath = (turn: number) => join(directory, `report-${turn}.json`)
  return {
    load: async () => {
      const content = await readIfThere(statePath)
      return content === null ? null : decode(edition, statePath, content)
    },
    save: (state) => durableWrite(statePath, encode(edition, state), confirmLock),
    saveReport: (report) => durableWrite(reportPath(report.turn), JSON.stringify(report), confirmLock),
    // Ours, and rewritten by every engine that computes the turn: it goes out as it came in.
    loadReport: async (turn) => JSON.parse(await readFile(reportPath(turn), 'utf8')) as TurnReport,
  }
}

const header = object({
  format: integer(1),
  writtenBy: text(/^[\w.+-]{1,32}$/, 'a version'),
  sha256: text(/^[0-9a-f]{64}$/, 'a SHA-256'),
})

function encode(edition: Edition, state: GameState): string {
  const body = JSON.stringify(writableState(edition.stateFormat, state))
  const head = {
    format: edition.stateFormat,
    writtenBy: edition.version,
    sha256: digest(body),
  }
  return `${JSON.stringify(head)}\n${body}\n`
}

function decode(edition: Edition, path: string, content: string): GameState {
  try {
    const [headLine = '', body = ''] = content.split('\n', 2)
    const head = header(JSON.parse(headLine), 'header')
    if (!isReadable(edition, head.format)) throw tooNew(edition, path, head)
    if (digest(body) !== head.sha256) throw new ShapeError('checksum differs')
    return readState(head.format, JSON.parse(body))
  } catch (error) {
    if (error instanceof StateFileError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new StateFileError(`${path} is damaged (${why}); the engine leaves it untouched and does not start`, {
      cause: error,
    })
  }
}

function isReadable(edition: Edition, format: number): format is StateFormat {
  return format <= edition.stateFormat
}

function tooNew(edition: Edition, path: string, head: { format: number; writtenBy: string }): StateFileError {
  return new StateFileError(
    `${path} was written by engine ${head.writtenBy} in format ${head.format}; ` +
      `engine ${edition.version} reads formats up to ${edition.stateFormat}`,
  )
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function digest(body: string): string {
  return createHash('sha256').update(body).digest('hex')
}
