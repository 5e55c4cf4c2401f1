import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import path from 'node:path'
import type Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KIND, LABEL, OWNER } from '../../src/model/labels.ts'
import { createDeployment, type Deployment, idleImage } from '../support/deployment.ts'
import { outputOf } from '../support/container-output.ts'
import { until } from '../support/until.ts'

describe('containers that only look like ours (S2)', () => {
  let deployment: Deployment
  const made: Docker.Container[] = []

  beforeAll(async () => {
    deployment = await createDeployment({ 'timings.cleanupTtl': '0' })
  })
  afterAll(async () => {
    await Promise.all(made.map((container) => container.remove({ force: true }).catch(() => {})))
    await deployment.dispose()
  })

  it('rows 5 and 35: run on untouched through start, restart, patch, stop and delete of the game they claim to be', async () => {
    const { instance, state, docker } = deployment.config
    const [row] = await deployment.query<{ id: string }>('SELECT id FROM deployment')
    const ours = {
      [LABEL.owner]: OWNER,
      [LABEL.kind]: KIND,
      [LABEL.instance]: instance,
      [LABEL.gameId]: 'victim',
      [LABEL.deployment]: row?.id ?? '',
      [LABEL.specHash]: 'v1:forged',
    }
    const without = (label: string) => Object.fromEntries(Object.entries(ours).filter(([name]) => name !== label))
    const forged: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      'no-owner': without(LABEL.owner),
      'no-kind': without(LABEL.kind),
      'no-instance': without(LABEL.instance),
      'other-owner': { ...ours, [LABEL.owner]: 'RTManager' },
      'longer-owner': { ...ours, [LABEL.owner]: `${OWNER} ` },
      'other-kind': { ...ours, [LABEL.kind]: 'game-engine,game-engine' },
      'other-instance': { ...ours, [LABEL.instance]: `${instance}x` },
      'other-deployment': { ...ours, [LABEL.deployment]: '00000000-0000-4000-8000-000000000000' },
      'empty-deployment': { ...ours, [LABEL.deployment]: '' },
      'other-names': { 'COM.GALAXY.OWNER': OWNER, 'com.galaxy.kind ': KIND, [LABEL.gameId]: 'victim' },
      'no-game': without(LABEL.gameId),
      'path-as-game': { ...ours, [LABEL.gameId]: '../victim' },
      'lines-as-game': { ...ours, [LABEL.gameId]: 'victim\n{"level":"fatal"}\u001b[2J' },
      'prototype-as-game': { ...ours, [LABEL.gameId]: '__proto__' },
    }
    // Beside another deployment's that writes the game's state none of ours is started (S1).
    const folderOf = (name: string) => path.join(state.root, name.endsWith('-deployment') ? 'elsewhere' : 'victim')
    for (const folder of new Set(Object.keys(forged).map(folderOf))) await mkdir(folder, { recursive: true })
    const makeForged = async ([name, Labels]: readonly [string, Readonly<Record<string, string>>]) => {
      const container = await deployment.docker.createContainer({
        name: `${instance}.forged.${name}`,
        Image: idleImage('1.0.0'),
        Labels: { ...Labels },
        HostConfig: { Mounts: [{ Type: 'bind', Source: folderOf(name), Target: '/var/lib/galaxy-game' }] },
      })
      made.push(container)
      await container.start()
    }
    await Promise.all(Object.entries(forged).map(makeForged))
    const before = await Promise.all(made.map(stateOf))
    await deployment.start()

    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('victim', '1.0.0')")
    await deployment.untilStatus('victim', 'running')
    await deployment.query("UPDATE desired_games SET restart_token = 'again' WHERE game_id = 'victim'")
    await untilDone('restart')
    await deployment.query("UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = 'victim'")
    await untilDone('patch')
    await deployment.query("UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request' WHERE game_id = 'victim'")
    await deployment.untilStatus('victim', 'stopped')
    await deployment.query("DELETE FROM desired_games WHERE game_id = 'victim'")
    await deployment.untilStatus('victim', null)

    expect(await Promise.all(made.map(stateOf))).toEqual(before)
    expect((await deployment.query<{ game_id: string }>('SELECT game_id FROM games')).map(({ game_id }) => game_id)).toEqual([])
    expect(docker.network).not.toBe('bridge')
  })

  async function untilDone(op: string): Promise<void> {
    await until(
      () => deployment.query("SELECT FROM operation_log WHERE game_id = 'victim' AND op = $1 AND status = 'succeeded'", [op]),
      (rows) => rows.length > 0,
      `${op} is done`,
    )
  }
})

describe('a neighbour on the games’ network', () => {
  let deployment: Deployment
  let neighbour: Docker.Container

  beforeAll(async () => {
    deployment = await createDeployment({ 'engines.addressing': 'address' })
    await deployment.start()
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('guarded', '1.0.0')")
    await deployment.untilStatus('guarded', 'running')
    const { network } = deployment.config.docker
    neighbour = await deployment.docker.createContainer({
      name: `${deployment.config.instance}.neighbour`,
      Image: idleImage('1.0.0'),
      // It serves nothing under the path of a probe.
      Entrypoint: ['/bin/busybox', 'httpd', '-f', '-p', '8080', '-h', '/bin'],
      HostConfig: { NetworkMode: network },
      NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: ['galaxy-game-guarded'] } } },
    })
    await neighbour.start()
  })
  afterAll(async () => {
    await neighbour.remove({ force: true }).catch(() => {})
    await deployment.dispose()
  })

  it('that takes an engine’s name is not asked in its place', async () => {
    const [row] = await deployment.query<{ now: string }>('SELECT clock_timestamp()::text AS now')
    await until(
      () => deployment.query("SELECT FROM controller_leases WHERE observed_at > $1::timestamptz + interval '2 seconds'", [row?.now]),
      (rows) => rows.length > 0,
      'several probes are over',
    )
    expect(await deployment.query("SELECT engine_health FROM runtime_records WHERE game_id = 'guarded'")).toEqual([{ engine_health: 'ok' }])
    expect(await deployment.query("SELECT FROM health_events WHERE game_id = 'guarded' AND type = 'probe_failed'")).toEqual([])
  })

  it('does not reach what listens on the host’s loopback, as the API does', async () => {
    const api = createServer((_, response) => response.end('reached')).listen(0, '127.0.0.1')
    await once(api, 'listening')
    const { port } = api.address() as AddressInfo
    const { IPAM } = await deployment.docker.getNetwork(deployment.config.docker.network).inspect()
    const gateway = IPAM?.Config?.[0]?.Gateway ?? expect.fail('the network has no gateway')
    const ask = (host: string, port: number) =>
      outputOf(neighbour, ['/bin/busybox', 'sh', '-c', `printf 'GET /busybox HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc -w 2 ${host} ${port}`])
    // What it serves itself it does reach.
    expect(await ask('127.0.0.1', 8080)).toContain('200 OK')
    for (const host of [gateway, '127.0.0.1', '0.0.0.0']) expect(await ask(host, port), host).not.toContain('reached')
    api.close()
  })
})

describe('a tag that means another image by now', () => {
  it('row 29: restarts nothing, and is told', async () => {
    const deployment = await createDeployment()
    const [repo, name] = ['galaxy-test-moved', randomBytes(4).toString('hex')]
    const tag = `${repo}:${name}`
    const move = (version: string) => deployment.docker.getImage(idleImage(version)).tag({ repo, tag: name })
    try {
      await move('1.0.0')
      await deployment.start()
      await deployment.query("INSERT INTO desired_games (game_id, image_ref) VALUES ('pinned', $1)", [tag])
      await deployment.untilStatus('pinned', 'running')
      const [before] = await deployment.containers()
      await move('1.1.0')
      await until(
        () =>
          deployment.query(
            "SELECT FROM game_status, jsonb_array_elements(conditions) c WHERE game_id = 'pinned' AND c ->> 'type' = 'Outdated' AND c ->> 'status' = 'True'",
          ),
        (rows) => rows.length > 0,
        'it is told',
      )
      // Also where the container has to be made again: what was accepted is what runs.
      await deployment.docker.getContainer(before?.Id ?? '').remove({ force: true })
      const again = await until(
        () => deployment.containers(),
        ([container]) => container?.State === 'running' && container.Id !== before?.Id,
        'it runs again',
      )
      expect(again.map(({ ImageID }) => ImageID)).toEqual([before?.ImageID])
    } finally {
      await deployment.dispose()
      await deployment.docker
        .getImage(tag)
        .remove()
        .catch(() => {})
    }
  })
})

async function stateOf(container: Docker.Container): Promise<object> {
  const { Id, Name, State, RestartCount, HostConfig } = await container.inspect()
  return { Id, Name, status: State.Status, startedAt: State.StartedAt, RestartCount, memory: HostConfig.Memory }
}
