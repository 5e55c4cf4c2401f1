import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { OpenApiDocument } from '../../src/api/openapi/document.ts'
import type { ControllerView } from '../../src/api/ports.ts'
import { buildServer } from '../../src/api/server.ts'
import { loadConfig } from '../../src/config.ts'
import type { Database } from '../../src/database/tables.ts'
import { createLog } from '../../src/log.ts'

/** The document, as a server tells it that is asked for nothing else: it has neither database nor controller. */
export async function servedDocument(): Promise<OpenApiDocument> {
  const { config } = loadConfig({ env: {}, cwd: import.meta.dirname })
  const app = buildServer({
    config,
    db: noDatabase(),
    databaseUrl: '',
    view: NO_CONTROLLER,
    scrape: unasked,
    localTokenHash: Buffer.alloc(32),
    signal: new AbortController().signal,
    log: createLog('silent'),
  })
  try {
    const answer = await app.inject('/api/v1/openapi.json')
    if (answer.statusCode !== 200) throw new Error(`the document can't be made: ${answer.body}`)
    // Made by `openApiDocument`.
    return answer.json<OpenApiDocument>()
  } finally {
    await app.close()
  }
}

function noDatabase(): Kysely<Database> {
  return new Kysely<Database>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
}

const NO_CONTROLLER: ControllerView = {
  isLeader: () => false,
  readiness: () => [],
  planFor: unasked,
  compare: unasked,
  confirmPrune: unasked,
  openLogs: unasked,
  usage: unasked,
  hostImages: unasked,
  orphans: unasked,
  lookAfterAdopted: unasked,
  askAsPlayer: unasked,
}

function unasked(): never {
  throw new Error('nobody asks this')
}
