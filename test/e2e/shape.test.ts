import type Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freePort } from '../../src/local/postmaster.ts'
import { LABEL } from '../../src/model/labels.ts'
import { createDeployment, type Deployment, idleImage } from '../support/deployment.ts'
import { until } from '../support/until.ts'

const LABELLED_IMAGE = 'galaxy-test-labelled:1.0.0'

describe('the shape of a game’s container (spec 4, "The container")', () => {
  let deployment: Deployment

  beforeAll(async () => {
    deployment = await createDeployment({ 'defaults.memory': '96Mi', 'defaults.pids': '77' })
    await labelledImage()
    await deployment.start()
  })
  afterAll(async () => {
    await deployment.dispose()
    await deployment.docker.getImage(LABELLED_IMAGE).remove({ force: true })
  })

  it('is what the table says', async () => {
    const container = await started('table', "engine_version, cpus, memory, pids) VALUES ('table', '1.0.0', 0.5, '64Mi', 50")
    const { config } = deployment
    const [row] = await deployment.query<{ id: string; operation: string; spec_hash: string; statePath: string }>(
      `SELECT d.id, l.operation_id AS operation, s.accepted_spec ->> 'specHash' AS spec_hash, r.state_path AS "statePath"
         FROM deployment d, operation_log l JOIN game_status s USING (game_id) JOIN runtime_records r USING (game_id) WHERE game_id = 'table'`,
    )
    const statePath = `${config.state.root}/table`
    expect(container.Name).toBe(`/${config.instance}.galaxy-game-table`)
    expect(container.Config.Hostname).toBe('galaxy-game-table')
    expect(container.Config.Image).toBe(idleImage('1.0.0'))
    expect(Object.keys(container.NetworkSettings.Networks)).toEqual([config.docker.network])
    expect(container.NetworkSettings.Networks[config.docker.network]?.Aliases).toContain('galaxy-game-table')
    expect(row?.statePath).toBe(statePath)
    expect(galaxyLabels(container)).toEqual({
      [LABEL.owner]: 'rtmanager',
      [LABEL.kind]: 'game-engine',
      [LABEL.gameId]: 'table',
      [LABEL.imageRef]: idleImage('1.0.0'),
      [LABEL.startedAtMs]: expect.stringMatching(/^\d{13}$/),
      [LABEL.instance]: config.instance,
      [LABEL.deployment]: row?.id,
      [LABEL.engine]: 'galaxy',
      [LABEL.engineVersion]: '1.0.0',
      [LABEL.specHash]: row?.spec_hash,
      [LABEL.operationId]: row?.operation,
    })
    expect(container.Config.Env).toEqual(
      expect.arrayContaining(['GAME_STATE_PATH=/var/lib/galaxy-game', 'STORAGE_PATH=/var/lib/galaxy-game']),
    )
    expect(container.Mounts).toEqual([
      expect.objectContaining({ Type: 'bind', Source: statePath, Destination: '/var/lib/galaxy-game', RW: true }),
    ])
    expect(container.HostConfig).toMatchObject({
      NanoCpus: 5e8,
      Memory: 64 * 1024 ** 2,
      MemorySwap: 64 * 1024 ** 2,
      PidsLimit: 50,
      Mounts: [{ Type: 'bind', Source: statePath, Target: '/var/lib/galaxy-game' }],
      Tmpfs: { '/tmp': '' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      Privileged: false,
      Init: true,
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      AutoRemove: false,
      PublishAllPorts: false,
    })
    expect(container.HostConfig.CapAdd ?? []).toEqual([])
    expect(container.HostConfig.PortBindings ?? {}).toEqual({})
    expect(container.HostConfig.Binds ?? []).toEqual([])
  })

  it('takes limits from the row, else the image’s labels, else the defaults', async () => {
    const labelled = await started('labelled', `image_ref) VALUES ('labelled', '${LABELLED_IMAGE}'`)
    expect(limitsOf(labelled)).toEqual({ cpus: 0.25, memory: 48 * 1024 ** 2, swap: 48 * 1024 ** 2, pids: 77 })
    const rowed = await started('rowed', `image_ref, memory) VALUES ('rowed', '${LABELLED_IMAGE}', '80m'`)
    expect(limitsOf(rowed)).toEqual({ cpus: 0.25, memory: 80 * 1024 ** 2, swap: 80 * 1024 ** 2, pids: 77 })
    const plain = await started('plain', `image_ref) VALUES ('plain', '${idleImage('1.0.0')}'`)
    expect(limitsOf(plain)).toEqual({ cpus: 1, memory: 96 * 1024 ** 2, swap: 96 * 1024 ** 2, pids: 77 })
  })

  it('lifts single defaults and publishes ports where the engine version says so', async () => {
    await deployment.query(
      `INSERT INTO engine_versions (version, image_ref, protocol, probe, env, publish, relax) VALUES ('2.0.0', $1, 'none', '{"none": true}', $2, $3, $4)`,
      [
        idleImage('1.0.0'),
        JSON.stringify({ MODE: 'duel', STORAGE_PATH: '/elsewhere' }),
        JSON.stringify([{ containerPort: 8080, hostPort: await freePort(0) }]),
        JSON.stringify({
          capAdd: ['NET_BIND_SERVICE'],
          writableRoot: true,
          newPrivileges: true,
          noInit: true,
          user: '65534:65534',
          tmpfs: ['/run:size=1m'],
        }),
      ],
    )
    const container = await started('relaxed', "engine_version) VALUES ('relaxed', '2.0.0'")
    expect(container.HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      CapAdd: ['NET_BIND_SERVICE'],
      ReadonlyRootfs: false,
      Init: false,
      Tmpfs: { '/tmp': '', '/run': 'size=1m' },
    })
    expect(container.HostConfig.SecurityOpt ?? []).toEqual([])
    expect(container.Config.User).toBe('65534:65534')
    expect(container.NetworkSettings.Ports['8080/tcp']).toEqual([{ HostIp: '127.0.0.1', HostPort: expect.stringMatching(/^\d+$/) }])
    expect(container.Config.Env).toEqual(expect.arrayContaining(['MODE=duel', 'STORAGE_PATH=/var/lib/galaxy-game']))
  })

  it('keeps its spec hash through a restart, another spelling of the same limits and a change of what needs no new container', async () => {
    const first = await started('stable', "engine_version, memory) VALUES ('stable', '1.0.0', '64Mi'")
    await deployment.query(
      "UPDATE desired_games SET memory = '65536Ki', paused = true, players = '[]', time_zone = 'Europe/Berlin' WHERE game_id = 'stable'",
    )
    await until(
      () => deployment.query("SELECT FROM game_status WHERE game_id = 'stable' AND observed_generation = 2"),
      (rows) => rows.length === 1,
      'it was looked at',
    )
    expect((await inspect('stable')).Id).toBe(first.Id)
    await deployment.query("UPDATE desired_games SET restart_token = 'again' WHERE game_id = 'stable'")
    const again = await until(
      () => inspect('stable'),
      (now) => now.Id !== first.Id && now.State.Running,
      'it is restarted',
    )
    expect(again.Config.Labels[LABEL.specHash]).toBe(first.Config.Labels[LABEL.specHash])
  })

  async function started(gameId: string, columns: string): Promise<Docker.ContainerInspectInfo> {
    await deployment.query(`INSERT INTO desired_games (game_id, ${columns})`)
    await deployment.untilStatus(gameId, 'running')
    return inspect(gameId)
  }

  async function inspect(gameId: string): Promise<Docker.ContainerInspectInfo> {
    return deployment.docker.getContainer(deployment.containerName(gameId)).inspect()
  }

  /** A copy of the idle image that says what it needs; one of its labels cannot be read. */
  async function labelledImage(): Promise<void> {
    const base = await deployment.docker.createContainer({ Image: idleImage('1.0.0') })
    const changes = ['LABEL com.galaxy.cpu_quota=0.25', 'LABEL com.galaxy.memory=48Mi', 'LABEL com.galaxy.pids_limit=plenty']
    const [repo, tag] = LABELLED_IMAGE.split(':')
    await base.commit({ repo, tag, changes })
    await base.remove()
  }
})

describe('what a start needs and does not have', () => {
  let deployment: Deployment

  beforeAll(async () => {
    // No resync in time, where there are events: what appears must be noticed by itself.
    const unaided = inject('useEvents') ? { 'timings.resync': '1h' } : {}
    deployment = await createDeployment({ ...unaided, 'docker.createNetwork': 'false', 'docker.pullPolicy': 'never' })
    await deployment.start()
  })
  afterAll(async () => {
    await deployment.dispose()
    await deployment.docker.getImage('galaxy-test-late:1.0.0').remove({ force: true })
  })

  it('row 31: a network: the condition names it, nothing is started, and it goes on when the network is there', async () => {
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('offline', '1.0.0')")
    const { network } = deployment.config.docker
    await condition('offline', 'StartConfigInvalid', new RegExp(`^docker network ${network} is missing`))
    expect(await deployment.containers()).toEqual([])
    await deployment.docker.createNetwork({ Name: network, Labels: { [LABEL.instance]: deployment.config.instance } })
    await deployment.untilStatus('offline', 'running')
  })

  it('an image that may not be pulled: the message says how to get it, and it goes on when the image is there', async () => {
    await deployment.query("INSERT INTO desired_games (game_id, image_ref) VALUES ('imageless', 'galaxy-test-late:1.0.0')")
    await condition('imageless', 'ImagePullBackOff', /galaxy-test-late:1\.0\.0.* not on this host.*GALAXY_PULL_POLICY/)
    expect(await deployment.query("SELECT type FROM notification_intents WHERE game_id = 'imageless'")).toEqual([
      { type: 'runtime.image_pull_failed' },
    ])
    await deployment.docker.getImage(idleImage('1.0.0')).tag({ repo: 'galaxy-test-late', tag: '1.0.0' })
    await deployment.untilStatus('imageless', 'running')
  })

  async function condition(gameId: string, type: string, message: RegExp): Promise<void> {
    const read = () =>
      deployment.query<{ message: string }>(
        "SELECT c ->> 'message' AS message FROM game_status, jsonb_array_elements(conditions) c WHERE game_id = $1 AND c ->> 'type' = $2",
        [gameId, type],
      )
    const [found] = await until(read, (rows) => rows.length === 1, `${gameId} has condition ${type}`)
    expect(found?.message).toMatch(message)
  }
})

function galaxyLabels(container: Docker.ContainerInspectInfo): Record<string, string> {
  return Object.fromEntries(
    Object.entries(container.Config.Labels).filter(([name]) => name.startsWith('com.galaxy.') && name !== 'com.galaxy.test_image'),
  )
}

function limitsOf({ HostConfig: { NanoCpus, Memory, MemorySwap, PidsLimit } }: Docker.ContainerInspectInfo): object {
  return { cpus: (NanoCpus ?? 0) / 1e9, memory: Memory, swap: MemorySwap, pids: PidsLimit }
}
