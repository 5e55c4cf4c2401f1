import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { outputOf } from '../support/container-output.ts'
import { dockerHost, galaxy } from '../support/galaxy.ts'
import { until } from '../support/until.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** What a registry may say, and Docker passes on. */
const HOSTILE = `\u001b[2J\u001b]0;owned\u0007\u009b31m\n{"level":"fatal"}\r\0\u202e${'x'.repeat(100_000)}`

/** A word to look for afterwards; what is printed of it in base64 or percent escapes is found as well. */
const marked = (what: string) => `marked-${what}-${randomBytes(8).toString('hex')}`

describe('secrets, with a controller at trace level and everything going wrong', () => {
  const SECRETS = {
    database: marked('database'),
    webhookPath: marked('path'),
    webhook: marked('signing'),
    oldWebhook: marked('former'),
    registry: marked('registry'),
    lobby: marked('lobby'),
  }
  const role = `galaxy_test_${randomBytes(6).toString('hex')}`
  let deployment: Deployment
  let elsewhere: Server
  let controller: ChildProcess
  let env: NodeJS.ProcessEnv
  let token: string
  const asked: { url: string; authorization: string; signature: string }[] = []
  const said: string[] = []

  beforeAll(async () => {
    deployment = await createDeployment()
    const { dataDir, instance, docker } = deployment.config
    elsewhere = createServer((request, response) => {
      const { authorization = '', 'galaxy-signature': signature = '' } = request.headers
      asked.push({ url: request.url ?? '', authorization, signature: String(signature) })
      if (request.url?.startsWith('/v2/') !== true) return response.writeHead(500).end(`no: ${request.url}`)
      response.setHeader('www-authenticate', 'Basic realm="test"')
      response.writeHead(401, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: request.url.includes('rude') ? HOSTILE : `not ${authorization}` }] }),
      )
    }).listen(0, '127.0.0.1')
    await once(elsewhere, 'listening')
    const place = `127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
    await deployment.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD '${SECRETS.database}'`)
    const databaseUrl = new URL(deployment.databaseUrl)
    databaseUrl.username = role
    databaseUrl.password = SECRETS.database
    await mkdir(path.join(dataDir, '.docker'), { recursive: true })
    await writeFile(
      path.join(dataDir, '.docker', 'config.json'),
      JSON.stringify({ auths: { [place]: { username: 'u', password: SECRETS.registry } } }),
    )
    await mkdir(path.join(dataDir, 'manifests'))
    await writeFile(
      path.join(dataDir, 'manifests', 'bad.yaml'),
      'kind: Game\napiVersion: galaxy.dev/v1alpha1\nmetadata: {name: Bad}\nspec: {privileged: true}\n',
    )
    env = {
      HOME: dataDir,
      PATH: process.env['PATH'],
      DOCKER_HOST: dockerHost(inject('dockerAddress')),
      GALAXY_DATABASE_URL: databaseUrl.href,
      GALAXY_INSTANCE: instance,
      GALAXY_DATA_DIR: dataDir,
      GALAXY_DOCKER_NETWORK: docker.network,
      GALAXY_DOCKER_NETWORK_CREATE: 'true',
      GALAXY_MANIFEST_DIR: path.join(dataDir, 'manifests'),
      GALAXY_API_PORT: '0',
      GALAXY_LOG_LEVEL: 'trace',
      GALAXY_WEBHOOK_URL: `http://${place}/hook/${SECRETS.webhookPath}`,
      GALAXY_WEBHOOK_SECRET: `${SECRETS.webhook},${SECRETS.oldWebhook}`,
      GALAXY_LOBBY_URL: `http://u:${SECRETS.lobby}@${place}`,
      GALAXY_LEASE: '2s',
      GALAXY_LEASE_RENEW: '300ms',
      GALAXY_DESIRED_POLL: '500ms',
      GALAXY_OUTBOX_POLL: '200ms',
    }
    controller = spawn(process.execPath, [MAIN, 'controller'], { env, cwd: dataDir, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [controller.stdout, controller.stderr]) stream?.on('data', (chunk: Buffer) => said.push(chunk.toString()))
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('kept', '1.0.0')")
    const inserting = 'INSERT INTO desired_games (game_id, image_ref) VALUES ($1, $2)'
    for (const gameId of ['refused', 'rude']) await deployment.query(inserting, [gameId, `${place}/${gameId}/engine:1`])
    await deployment.untilStatus('kept', 'running')
    token = JSON.parse(await readFile(path.join(dataDir, 'api.json'), 'utf8')).token
  })
  afterAll(async () => {
    if (controller.exitCode === null) {
      controller.kill('SIGTERM')
      await once(controller, 'exit')
    }
    elsewhere.close()
    await deployment.query(`DROP ROLE ${role}`)
    await deployment.dispose()
  })

  it('are used: the registry, the webhook and the lobby were asked with them', async () => {
    const isAsked = (holds: (each: (typeof asked)[number]) => boolean, what: string) =>
      until(
        () => asked.some(holds),
        (isSo) => isSo,
        what,
      )
    await isAsked(
      ({ url, authorization }) => url.startsWith('/v2/') && fromBasic(authorization).includes(SECRETS.registry),
      'the registry is asked',
    )
    await isAsked(({ url, signature }) => url.includes(SECRETS.webhookPath) && signature !== '', 'the webhook is asked')
    await isAsked(({ url }) => url === '/games/kept', 'the lobby is asked')
    await until(
      () => deployment.query("SELECT FROM operation_log WHERE error_code = 'image_pull_failed'"),
      (rows) => rows.length > 0,
      'the pull fails',
    )
  })

  it('come with words of the registry that reach nobody’s terminal, nor fill the log', async () => {
    const [failed] = await until(
      () =>
        deployment.query<{ error_message: string }>("SELECT error_message FROM operation_log WHERE game_id = 'rude' AND status = 'failed'"),
      (rows) => rows.length > 0,
      'the pull fails',
    )
    expect(failed?.error_message).toContain('xxxxxxxx')
    expect(failed?.error_message.length).toBeLessThan(2_000)
    const { stdout } = await galaxy(['describe', 'game', 'rude'], env, deployment.config.dataDir)
    for (const text of [failed?.error_message ?? '', stdout.replaceAll('\n', ''), said.join('').replaceAll('\n', '')])
      expect(/[\p{Cc}\u2028-\u202e]/u.exec(text)).toBeNull()
  })

  it('are in nothing that the programs print, whatever breaks', async () => {
    await deployment.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role])
    const { dataDir } = deployment.config
    for (const args of [
      ['config'],
      ['config', '-o', 'json'],
      ['doctor'],
      ['get', 'games', '-o', 'yaml'],
      ['get', 'manifests'],
      ['describe', 'game', 'refused'],
      ['get', 'operations'],
    ]) {
      const { stdout, stderr } = await galaxy(args, env, dataDir)
      said.push(stdout, stderr)
    }
    const wrong = { ...env, GALAXY_DATABASE_URL: env['GALAXY_DATABASE_URL']?.replace('postgres:', 'mysql:') ?? '' }
    said.push((await galaxy(['config'], wrong, dataDir)).stderr)
    const closed = { ...env, GALAXY_DATABASE_URL: `postgres://${role}:${SECRETS.database}@127.0.0.1:1/x` }
    said.push((await galaxy(['doctor'], closed, dataDir)).stdout, (await galaxy(['migrate'], closed, dataDir)).stderr)
    await until(
      () => said.join(''),
      (text) =>
        ['"level":"warn"', 'event not delivered', 'lobby record not had', 'operation', 'manifest refused', 'lease taken'].every((part) =>
          text.includes(part),
        ),
      'the controller has told of its trouble',
    )
    expectNoSecret(said.join('\n'))
  })

  it('are not in the database, but for what the engine versions themselves say', async () => {
    const tables = await deployment.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    )
    expect(tables.length).toBeGreaterThan(15)
    for (const { name } of tables) expectNoSecret(JSON.stringify(await deployment.query(`SELECT to_jsonb(t) AS row FROM "${name}" t`)))
  })

  it('are not in a container, where whoever enters an engine would read them', async () => {
    const containers = await deployment.containers()
    expect(containers.length).toBeGreaterThan(0)
    for (const { Id } of containers) {
      const container = deployment.docker.getContainer(Id)
      expectNoSecret(JSON.stringify(await container.inspect()))
      const environment = await outputOf(container, ['/bin/busybox', 'env'])
      expect(environment).toContain('GAME_STATE_PATH=')
      expectNoSecret(environment)
    }
  })

  it('are not among the arguments that every user of the host sees', async () => {
    expectNoSecret(await readFile(`/proc/${controller.pid}/cmdline`, 'utf8'))
  })

  it('are kept by the API, too', async () => {
    const { url } = JSON.parse(await readFile(path.join(deployment.config.dataDir, 'api.json'), 'utf8'))
    const paths = [
      '/games',
      '/games/refused',
      '/games/refused/operations',
      '/operations',
      '/manifests',
      '/images',
      '/outbox',
      '/admin/engine-versions',
      '/nowhere',
    ]
    for (const place of paths) {
      const answer = await fetch(`${url}/api/v1${place}`, { headers: { authorization: `Bearer ${token}` } })
      expectNoSecret(await answer.text())
    }
    expectNoSecret(await (await fetch(`${url}/readyz?verbose`, { headers: { authorization: `Bearer ${token}` } })).text())
  })

  function expectNoSecret(text: string): void {
    const plain = [
      text,
      safeDecode(text),
      ...(text.match(/[A-Za-z0-9+/_-]{24,}={0,2}/g) ?? []).map((part) => Buffer.from(part, 'base64').toString('latin1')),
    ].join('\n')
    for (const [name, secret] of [...Object.entries(SECRETS), ['token', token]] as const)
      expect(plain.includes(secret), `${name} is told`).toBe(false)
  }
})

function fromBasic(authorization: string): string {
  return Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString()
}

function safeDecode(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)))
}
