import type { FastifyReply } from 'fastify'
import type { Kysely } from 'kysely'
import pLimit from 'p-limit'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import { DEFAULT_ENGINE, type VersionDocument } from '../../desired/manifest/document.ts'
import type { ImagePolicy } from '../../desired/resolve-image.ts'
import { deleteVersion, readRegistry, setEnabled, type VersionAnswer, type VersionKey } from '../../desired/versions.ts'
import { enforcementWarning, versionHolders } from '../../desired/versions-holder.ts'
import { askedBy } from '../access.ts'
import { deletedVersion, engineVersion, engineVersionList, switchDryRun, versionDryRun, writtenVersion } from '../answers/version.ts'
import { bodyDocument } from '../body-document.ts'
import { expectedVersion, ifMatchHeader } from '../if-match.ts'
import { versionManifest } from '../manifest-bodies.ts'
import { ApiProblem } from '../problem.ts'
import { type Expectation, preconditionFailed, putVersion } from '../put-version.ts'
import { dryRunQuery, limit, toContinueToken } from '../requests.ts'
import type { ApiServer } from '../server.ts'
import { toVersionEnvelope, type VersionEnvelope } from '../version-envelope.ts'

const engine = z.string().min(1).max(51)
const versionParams = z.strictObject({
  version: z
    .string()
    .min(1)
    .max(128)
    .meta({ description: 'The version’s number.', examples: ['1.0.0'] }),
})
const engineQuery = z.strictObject({ engine: engine.prefault(DEFAULT_ENGINE).describe('The engine’s name.') })
const writeVersionQuery = dryRunQuery.extend(engineQuery.shape)
const listQuery = z.strictObject({
  limit,
  engine: engine.optional().describe('Only versions of this engine.'),
  continue: z.base64url('is no continue token of this list').optional().describe('`metadata.continue` of the page before.'),
})

type Query = z.output<typeof writeVersionQuery>

/** Of all writes: a version decides which code runs, and how (docs/security.md). */
const config = { needs: 'operator' } as const

/** Registry CRUD (spec 5, "HTTP API"). A body is one EngineVersion manifest as JSON. */
export function engineVersionRoutes(app: ApiServer, db: Kysely<Database>, policy: ImagePolicy): void {
  readRoutes(app, db, policy)
  putRoutes(app, db, policy)
  switchRoutes(app, db, policy)
}

function readRoutes(app: ApiServer, db: Kysely<Database>, policy: ImagePolicy): void {
  const list = {
    operationId: 'listEngineVersions',
    tags: ['versions'],
    summary: 'Engine versions from the lowest to the highest, page by page, and which games ask for each',
    querystring: listQuery,
    response: { 200: engineVersionList },
    refuses: ['gone'],
  } as const
  app.get('/admin/engine-versions', { config: { needs: 'viewer' }, schema: list }, async ({ query }) => {
    const [{ versions, problems }, holders] = await Promise.all([readRegistry(db), versionHolders(db)])
    const all = versions.filter(({ version }) => query.engine === undefined || version.engine === query.engine)
    const rest =
      query.continue === undefined
        ? all
        : all.slice(
            placeOf(
              all.map(({ version }) => keyOf(version)),
              query.continue,
            ),
          )
    const shown = rest.slice(0, query.limit)
    const last = rest.length > shown.length ? shown.at(-1) : undefined
    return {
      kind: 'EngineVersionList' as const,
      metadata: { continue: last === undefined ? null : toContinueToken(keyOf(last.version)) },
      items: shown.map((each) => toVersionEnvelope(each, holders.get(keyOf(each.version)), policy)),
      problems,
    }
  })
  const read = {
    operationId: 'readEngineVersion',
    tags: ['versions'],
    summary: 'An engine version, and which games ask for it',
    params: versionParams,
    querystring: engineQuery,
    response: { 200: engineVersion },
    refuses: ['not_found', 'conflict'],
  } as const
  app.get('/admin/engine-versions/:version', { config: { needs: 'viewer' }, schema: read }, async ({ params, query }, reply) =>
    send(reply, await requireVersion(db, policy, { engine: query.engine, version: params.version })),
  )
}

function putRoutes(app: ApiServer, db: Kysely<Database>, policy: ImagePolicy): void {
  // A conditional write needs a second connection while it holds one: several of them could wait for each other's.
  const oneAtATime = pLimit(1)
  const write = async (document: VersionDocument, expects: Expectation, dryRun: boolean, reply: FastifyReply) => {
    const key = keyFrom(document)
    const put = () => putVersion(db, policy, { document, key, expects, dryRun, sourceRef: askedBy(reply.request) })
    const result = await (expects.kind === 'anything' ? put() : oneAtATime(put))
    const warnings = result.outcome === 'unchanged' ? [] : await warningsOf(db, key, { kind: 'replaced' })
    if (dryRun) return { ...result, kind: 'DryRun' as const, warnings }
    reply.status(result.outcome === 'created' ? 201 : 200)
    return send(reply, await requireVersion(db, policy, key), { outcome: result.outcome, warnings })
  }

  const registration = {
    operationId: 'registerEngineVersion',
    tags: ['versions'],
    summary: 'Registers an engine version that is not there yet',
    querystring: dryRunQuery,
    body: z.unknown(),
    shows: { body: versionManifest },
    response: { 200: versionDryRun, 201: writtenVersion },
    refuses: ['conflict'],
  } as const
  app.post('/admin/engine-versions', { config, schema: registration }, ({ query, body }, reply) =>
    write(bodyDocument(body, 'EngineVersion', policy), { kind: 'nothing' }, query.dryRun, reply),
  )
  const replacement = {
    operationId: 'putEngineVersion',
    tags: ['versions'],
    summary: 'Registers an engine version, or makes it as the manifest in the body says',
    params: versionParams,
    querystring: writeVersionQuery,
    body: z.unknown(),
    shows: { body: versionManifest, headers: ifMatchHeader },
    response: { 200: z.discriminatedUnion('kind', [writtenVersion, versionDryRun]), 201: writtenVersion },
    refuses: ['conflict', 'precondition_failed'],
  } as const
  app.put('/admin/engine-versions/:version', { config, schema: replacement }, ({ params, query, body, headers }, reply) => {
    const document = bodyDocument(body, 'EngineVersion', policy)
    requireSame(keyFrom(document), { engine: query.engine, version: params.version })
    const resourceVersion = expectedVersion(headers['if-match'])
    return write(document, resourceVersion === null ? { kind: 'anything' } : { kind: 'version', resourceVersion }, query.dryRun, reply)
  })
}

function switchRoutes(app: ApiServer, db: Kysely<Database>, policy: ImagePolicy): void {
  const requestOf = (version: string, query: Query, ifMatch: string | undefined, sourceRef: string) => ({
    engine: query.engine,
    version,
    dryRun: query.dryRun,
    ifMatch: expectedVersion(ifMatch),
    source: 'api',
    sourceRef,
  })
  const shared = {
    tags: ['versions'],
    params: versionParams,
    querystring: writeVersionQuery,
    shows: { headers: ifMatchHeader },
    refuses: ['not_found', 'conflict', 'precondition_failed'],
  } as const
  const summaries = {
    enable: 'Lets games start on this version again',
    disable: 'Lets no further game start on this version; running ones are left alone',
  }
  for (const verb of ['enable', 'disable'] as const) {
    const schema = {
      ...shared,
      operationId: `${verb}EngineVersion`,
      summary: summaries[verb],
      response: { 200: z.discriminatedUnion('kind', [writtenVersion, switchDryRun]) },
    } as const
    app.post(`/admin/engine-versions/:version/${verb}`, { config, schema }, async ({ params, query, headers, caller, id }, reply) => {
      const request = requestOf(params.version, query, headers['if-match'], askedBy({ caller, id }))
      const enabled = verb === 'enable'
      const outcome = requireDone(request, request.ifMatch, await setEnabled(db, { ...request, enabled }))
      const warnings = outcome === 'unchanged' ? [] : await warningsOf(db, request, { kind: 'switched', enabled })
      if (query.dryRun) return { kind: 'DryRun' as const, name: keyOf(request), outcome, warnings }
      return send(reply, await requireVersion(db, policy, request), { outcome, warnings })
    })
  }
  const deletion = {
    ...shared,
    operationId: 'deleteEngineVersion',
    summary: 'Forgets a version that no game asks for',
    response: { 200: deletedVersion },
  } as const
  app.delete('/admin/engine-versions/:version', { config, schema: deletion }, async ({ params, query, headers, caller, id }) => {
    const request = requestOf(params.version, query, headers['if-match'], askedBy({ caller, id }))
    requireDone(request, request.ifMatch, await deleteVersion(db, request))
    const warnings = await warningsOf(db, request, { kind: 'deleted' })
    return { kind: query.dryRun ? ('DryRun' as const) : ('Deleted' as const), metadata: { name: keyOf(request) }, warnings }
  })
}

function keyOf({ engine: name, version }: VersionKey): string {
  return `${name}/${version}`
}

function keyFrom({ spec }: VersionDocument): VersionKey {
  return { engine: spec.engine ?? DEFAULT_ENGINE, version: spec.version }
}

/** Where the page after a token begins. */
function placeOf(keys: readonly string[], token: string): number {
  const last = keys.indexOf(Buffer.from(token, 'base64url').toString('utf8'))
  if (last === -1) throw new ApiProblem('gone', 'what the continue token names is no longer in the list; list again from the start')
  return last + 1
}

async function requireVersion(db: Kysely<Database>, policy: ImagePolicy, key: VersionKey): Promise<VersionEnvelope> {
  const [{ versions, problems }, holders] = await Promise.all([readRegistry(db), versionHolders(db)])
  const found = versions.find(({ version }) => keyOf(version) === keyOf(key))
  if (found !== undefined) return toVersionEnvelope(found, holders.get(keyOf(key)), policy)
  const problem = problems.find((each) => each.key === `${key.engine} ${key.version}`)
  if (problem === undefined) throw notFound(key)
  throw new ApiProblem(
    'conflict',
    `the row of engine version ${key.engine} ${key.version} cannot be read (${problem.problem}); PUT it anew, or delete it`,
  )
}

function requireSame(body: VersionKey, address: VersionKey): void {
  if (keyOf(body) === keyOf(address)) return
  throw new ApiProblem('invalid_request', `spec says ${keyOf(body)}, but the address names ${keyOf(address)}`)
}

function requireDone(key: VersionKey, ifMatch: string | null, answer: VersionAnswer): 'changed' | 'unchanged' {
  switch (answer.kind) {
    case 'changed':
    case 'unchanged':
      return answer.kind
    case 'not_found':
      throw notFound(key)
    case 'precondition_failed':
      throw preconditionFailed(key, ifMatch ?? '', answer.resourceVersion)
    case 'refused':
      throw new ApiProblem(answer.code, answer.message)
  }
}

function notFound(key: VersionKey): ApiProblem {
  return new ApiProblem('not_found', `there is no engine version ${key.engine} ${key.version}`)
}

async function warningsOf(
  db: Kysely<Database>,
  key: VersionKey,
  change: Parameters<typeof enforcementWarning>[2],
): Promise<readonly string[]> {
  const warning = enforcementWarning((await versionHolders(db)).get(keyOf(key)), key, change)
  return warning === null ? [] : [warning]
}

function send(reply: FastifyReply, envelope: VersionEnvelope, more: object = {}): FastifyReply {
  return reply.header('etag', `"${envelope.metadata.resourceVersion}"`).send({ ...envelope, ...more })
}
