import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { listEngineImages } from '../../src/api/reads/images.ts'
import { openPool } from '../../src/database/pool.ts'
import { createDeployment, type Deployment, type RunningController } from '../support/deployment.ts'
import { activeTerm } from '../support/settled.ts'
import { buildMonopdImage } from '../support/third-party-image.ts'
import { until } from '../support/until.ts'

const address = inject('dockerAddress')
const image = await thirdPartyImage()
const GUIDE = new URL('../../docs/third-party-engines.md', import.meta.url)

async function thirdPartyImage() {
  if (address.kind !== 'socket') return { kind: 'unavailable', reason: 'Docker is on another machine' } as const
  return buildMonopdImage(new Docker({ socketPath: address.socketPath }), inject('runFolder'), AbortSignal.timeout(120_000))
}

describe.skipIf(image.kind === 'unavailable')(
  `a game server that is not ours, as the guide has it${image.kind === 'unavailable' ? ` (skipped: ${image.reason})` : ''}`,
  () => {
    let deployment: Deployment
    let hostPort: number
    let controller: RunningController

    beforeAll(async () => {
      deployment = await createDeployment()
      hostPort = await freePort()
      const { dir } = deployment.config.manifests
      await mkdir(dir, { recursive: true })
      await writeFile(path.join(dir, 'monopd.yaml'), await guideManifest(hostPort))
      controller = await deployment.start()
      await deployment.untilStatus('friday', 'running')
    })
    afterAll(() => deployment.dispose())

    it('is ready once its port answers, and is run as its version says', async () => {
      expect(await conditionOf('friday', 'Ready')).toMatchObject({ status: 'True' })
      const { Config, HostConfig } = await containerOf('friday').inspect()
      expect(Config).toMatchObject({ Image: reference(), Cmd: ['/usr/sbin/monopd'] })
      expect(HostConfig).toMatchObject({
        PortBindings: { '1234/tcp': [{ HostIp: '127.0.0.1', HostPort: String(hostPort) }] },
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
      })
      expect(await environmentOf('friday')).toEqual(expect.arrayContaining(['LD_BIND_NOW=1', 'GAME_STATE_PATH=/var/lib/galaxy-game']))
    })

    it('is not ready while its port does not answer', async () => {
      await deployment.query(
        `INSERT INTO engine_versions (engine, version, image_ref, protocol, command, probe)
         SELECT engine, '0.10.3', image_ref, protocol, command, '{"tcp": {"port": 1235}}' FROM engine_versions WHERE engine = 'monopd'`,
      )
      await deployment.query("INSERT INTO desired_games (game_id, engine, engine_version) VALUES ('deaf', 'monopd', '0.10.3')")
      await deployment.untilStatus('deaf', 'engine_unreachable')
      expect(await conditionOf('deaf', 'Ready')).toMatchObject({ status: 'False', reason: 'EngineUnreachable' })
      expect((await containerOf('deaf').inspect()).State.Running).toBe(true)
      await deployment.query("DELETE FROM desired_games WHERE game_id = 'deaf'")
    })

    it('lets two people play over its published port', async () => {
      await play(hostPort)
    })

    it('needs its image while it runs', async () => {
      expect(await neededBy()).toContain('Game friday')
    })

    it('runs again, and can be played again, after it was killed', async () => {
      const before = await containerOf('friday').inspect()
      await containerOf('friday').kill()
      await until(
        () => operations('friday'),
        (done) => done.at(-1) === 'restart/crash_restart succeeded reconciler',
        'it is started again',
      )
      await deployment.untilStatus('friday', 'running')
      const after = await containerOf('friday').inspect()
      expect(after).toMatchObject({ Id: before.Id, State: { Running: true } })
      expect(after.State.StartedAt).not.toBe(before.State.StartedAt)
      await play(hostPort)
    })

    it('is asked for no init and no turn, whatever its row says', async () => {
      await deployment.query("UPDATE desired_games SET turn_token = 'now' WHERE game_id = 'friday'")
      const sinceMs = performance.now()
      const isSeen = async () => {
        const [row] = await deployment.query<{ seen: boolean }>(
          `SELECT s.observed_generation = d.generation AND d.turn_schedule = '* * * * * *' AND d.players <> '[]' AS seen
           FROM desired_games d JOIN game_status s USING (game_id) WHERE game_id = 'friday'`,
        )
        return row?.seen
      }
      // Three ticks of its schedule, which nothing should show.
      await until(isSeen, (seen) => seen === true && performance.now() - sinceMs > 3_000, 'the row is seen, and ticks pass')
      expect(await conditionOf('friday', 'Ready')).toMatchObject({ status: 'True' })
      expect(await conditionOf('friday', 'Initialized')).toBeUndefined()
      for (const table of ['turns', 'player_mappings', 'health_snapshots']) {
        expect(await deployment.query(`SELECT * FROM ${table} WHERE game_id = 'friday'`), table).toEqual([])
      }
      expect((await operations('friday')).filter((done) => /^(turn|force_next_turn)/.test(done))).toEqual([])
    })

    it('is gone after a delete, its port with it', async () => {
      await rm(path.join(deployment.config.manifests.dir, 'monopd.yaml'))
      await until(
        () => deployment.query("SELECT name FROM manifest_documents WHERE name = 'friday' AND missing_since IS NULL"),
        (rows) => rows.length === 0,
        'the folder is read without it',
      )
      await deployment.query("DELETE FROM desired_games WHERE game_id = 'friday'")
      await until(
        () => deployment.query('SELECT game_id FROM desired_games'),
        (rows) => rows.length === 0,
        'its row is gone',
      )
      expect(await deployment.containers()).toEqual([])
      expect(await refused(hostPort)).toBe('ECONNREFUSED')
      expect((await operations('friday')).at(-1)).toMatch(/^stop\/delete succeeded/)
    })

    it('leaves its image, which is needed until its versions are disabled or gone', async () => {
      expect(await neededBy()).toEqual(['EngineVersion monopd/0.10.2', 'EngineVersion monopd/0.10.3'])
      await deployment.query("DELETE FROM engine_versions WHERE engine = 'monopd' AND version = '0.10.2'")
      await deployment.query("UPDATE engine_versions SET enabled = false WHERE engine = 'monopd'")
      expect(await neededBy()).toEqual([`docker rmi ${reference()}`])
    })

    function containerOf(gameId: string): Docker.Container {
      return deployment.docker.getContainer(deployment.containerName(gameId))
    }

    async function conditionOf(gameId: string, type: string) {
      const [row] = await deployment.query<{ conditions: readonly { type: string; status: string; reason: string }[] }>(
        'SELECT conditions FROM game_status WHERE game_id = $1',
        [gameId],
      )
      return row?.conditions.find((condition) => condition.type === type)
    }

    /** Of the server's own process, and not of the init above it. */
    async function environmentOf(gameId: string): Promise<readonly string[]> {
      const { Processes } = await containerOf(gameId).top({ ps_args: '-eo pid,comm' })
      const pid = Processes.find(([, command]: string[]) => command === 'monopd')?.[0]
      return (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0')
    }

    /** As `galaxy get images` tells it: the needs, or without any the command that removes it. */
    async function neededBy(): Promise<readonly string[]> {
      const pool = openPool({ url: deployment.databaseUrl, applicationName: 'test', max: 1 })
      const { template, allowedRegistries } = deployment.config.images
      const list = listEngineImages(pool.db, { imageTemplate: template, allowedRegistries }, await activeTerm(controller).hostImages())
      const found = (await list.finally(() => void pool.close())).find(({ refs }) => refs.includes(reference()))
      return found?.removeWith == null ? (found?.neededBy ?? []).map(({ kind, name }) => `${kind} ${name}`) : [found.removeWith]
    }

    async function operations(gameId: string): Promise<readonly string[]> {
      const rows = await deployment.query<{ done: string }>(
        `SELECT op || coalesce('/' || op_detail, '') || ' ' || status || ' ' || source AS done
         FROM operation_log WHERE game_id = $1 ORDER BY operation_id`,
        [gameId],
      )
      return rows.map(({ done }) => done)
    }
  },
)

function reference(): string {
  return image.kind === 'built' ? image.reference : ''
}

/** The guide's own documents, with this run's image and a port of this machine; the game, which comes last, has all that asks for turns. */
async function guideManifest(hostPort: number): Promise<string> {
  const yaml = /```yaml\n(.*?)```/s.exec(await readFile(GUIDE, 'utf8'))?.[1] ?? ''
  const adapted = yaml.replace('image: monopd:0.10.2', `image: ${reference()}`).replace('hostPort: 1234', `hostPort: ${hostPort}`)
  expect(adapted).toContain(`hostPort: ${hostPort}`)
  return `${adapted}  turnSchedule: "* * * * * *"\n  players: [{ userId: 0f6a2c1e-5b0d-4c5e-9a53-2f6f1d8e4a01, raceName: Anna }]\n`
}

/** Free a moment ago: nobody else takes ports at random here. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  server.close()
  await once(server, 'close')
  return typeof bound === 'object' && bound !== null ? bound.port : 0
}

async function refused(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const [error] = await once(socket, 'error')
  return error instanceof Error && 'code' in error ? String(error.code) : 'connected'
}

/** A round by monopd's protocol (its file `API`): commands with a dot, answers one XML element a line. Who may roll, rolls. */
async function play(port: number): Promise<void> {
  const [anna, bob] = [join(port), join(port)]
  try {
    await Promise.all([anna.hears(/<server host="" version="0\.10\.2"\/>/), bob.hears(/<server host/)])
    anna.says('.nAnna')
    const [, annasId = ''] = await anna.hears(/<client playerid="(\d+)" cookie="[^"]+"\/>/)
    bob.says('.nBob')
    await bob.hears(/<client playerid="\d+"/)
    anna.says('.gncity')
    const [, gameId = ''] = await anna.hears(/<gameupdate gameid="(\d+)" name="Monopoly" gametype="city" status="config"/)
    bob.says(`.gj${gameId}`)
    await anna.hears(/<gameupdate gameid="\d+" players="2"\/>/)
    anna.says('.gs')
    const [, turnOf = ''] = await anna.hears(/status="run" turn="1".*<playerupdate playerid="(\d+)" money="1500"[^>]*hasturn="1"/)
    const [player, other] = turnOf === annasId ? [anna, bob] : [bob, anna]
    other.says('.r')
    await other.hears(/this is not your turn/)
    player.says('.r')
    await other.hears(/text="(Anna|Bob) rolls [1-6] and [1-6]/)
  } finally {
    anna.leaves()
    bob.leaves()
  }
}

interface Guest {
  says(command: string): void
  /** Waits until the server has said so. */
  hears(pattern: RegExp): Promise<RegExpExecArray>
  leaves(): void
}

function join(port: number): Guest {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  let heard = ''
  socket.on('data', (text: string) => (heard += text))
  socket.on('error', (error) => (heard += String(error)))
  return {
    says: (command) => void socket.write(`${command}\n`),
    hears: async (pattern) => {
      const read = () => ({ found: pattern.exec(heard), heard })
      const { found } = await until(read, (said) => said.found !== null, `the server says ${String(pattern)}`, 5_000)
      if (found === null) throw new Error('unreachable: the condition above')
      return found
    },
    leaves: () => void socket.destroy(),
  }
}
