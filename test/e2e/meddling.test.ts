import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type Docker from 'dockerode'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { KIND, LABEL, OWNER } from '../../src/model/labels.ts'
import { createDeployment, type Deployment, idleImage } from '../support/deployment.ts'
import { until } from '../support/until.ts'

describe('what people do to containers', () => {
  let deployment: Deployment
  const made: Docker.Container[] = []

  beforeAll(async () => {
    deployment = await createDeployment()
    await deployment.start()
  })
  afterAll(() => deployment.dispose())
  afterEach(async () => {
    for (const container of made.splice(0)) await container.remove({ force: true }).catch(() => {})
  })

  it('rows 14 and 34: starts a killed container again at once, and says it was killed', async () => {
    const id = await running('killed')
    await deployment.docker.getContainer(id).kill()
    await until(
      () => lastOperation('killed'),
      (last) => last === 'restart/crash_restart succeeded',
      'it is started again',
    )
    expect(await current('killed')).toEqual({ id, state: 'running' })
    const [event] = await deployment.query<{ type: string }>(
      "SELECT type FROM health_events WHERE game_id = 'killed' AND type LIKE 'container_e%'",
    )
    expect(event?.type).toBe('container_exited')
  })

  it('row 34: creates a removed container again', async () => {
    const id = await running('removed')
    await deployment.docker.getContainer(id).remove({ force: true })
    const again = await until(
      () => current('removed'),
      (now) => now?.state === 'running' && now.id !== id,
      'another container runs',
    )
    expect(again?.id).not.toBe(id)
    await until(
      () => lastOperation('removed'),
      (last) => last === 'start succeeded',
      'it is told',
    )
  })

  it('row 34: starts a container again that a human stopped', async () => {
    const id = await running('stopped')
    await deployment.docker.getContainer(id).stop({ t: 1 })
    await until(
      () => lastOperation('stopped'),
      (last) => last === 'restart/crash_restart succeeded',
      'it is started again',
    )
    expect(await current('stopped')).toEqual({ id, state: 'running' })
  })

  it('row 12: leaves a paused container alone, says so, and goes on when it is unpaused', async () => {
    const id = await running('paused')
    await deployment.docker.getContainer(id).pause()
    await until(
      () => condition('paused', 'Ready'),
      (ready) => ready?.reason === 'ContainerPaused',
      'the condition says it',
    )
    expect(await current('paused')).toEqual({ id, state: 'paused' })
    await deployment.docker.getContainer(id).unpause()
    await until(
      () => condition('paused', 'Ready'),
      (ready) => ready?.status === 'True',
      'it is ready again',
    )
  })

  it('row 34: finds a renamed container by its labels and lets it be', async () => {
    const id = await running('renamed')
    await deployment.docker.getContainer(id).rename({ name: `${deployment.containerName('renamed')}-by-hand` })
    await deployment.query("UPDATE desired_games SET paused = true WHERE game_id = 'renamed'")
    await until(
      () => deployment.query("SELECT FROM game_status WHERE game_id = 'renamed' AND observed_generation = 2"),
      (rows) => rows.length === 1,
      'it was looked at',
    )
    expect(await current('renamed')).toEqual({ id, state: 'running' })
  })

  it('stops a second writer first of all, then removes it', async () => {
    const id = await running('twice')
    const copy = await create('twice', { name: 'copy' })
    await copy.start()
    await until(
      () =>
        copy.inspect().then(
          () => true,
          () => false,
        ),
      (exists) => !exists,
      'the copy is gone',
    )
    expect(await current('twice')).toEqual({ id, state: 'running' })
    await until(
      () => lastOperation('twice'),
      (last) => last === 'reconcile/duplicate succeeded',
      'it is told',
    )
  })

  it('adopts a running orphan with our labels, as it is', async () => {
    const orphan = await create('orphan', {})
    await orphan.start()
    await deployment.untilStatus('orphan', 'running')
    expect(await deployment.query("SELECT managed_by, engine_version, image_ref FROM desired_games WHERE game_id = 'orphan'")).toEqual([
      { managed_by: 'reconciler', engine_version: null, image_ref: idleImage('1.0.0') },
    ])
    expect(await current('orphan')).toEqual({ id: orphan.id, state: 'running' })
    expect((await orphan.inspect()).RestartCount).toBe(0)
    expect(await lastOperation('orphan')).toBe('reconcile/reconcile_adopt succeeded')
    await deployment.query(
      "INSERT INTO desired_games (game_id, engine_version) VALUES ('orphan', '1.0.0') ON CONFLICT (game_id) DO UPDATE SET engine_version = EXCLUDED.engine_version, image_ref = NULL",
    )
    expect(await deployment.query("SELECT managed_by FROM desired_games WHERE game_id = 'orphan'")).toEqual([{ managed_by: 'lobby' }])
  })

  it.each([
    ['auto-remove', { HostConfig: { AutoRemove: true } }],
    [
      'forged-mount',
      { HostConfig: { Mounts: [{ Type: 'bind' as const, Source: '/etc', Target: '/var/lib/galaxy-game', ReadOnly: true }] } },
    ],
    ['other-deployment', { Labels: { [LABEL.deployment]: '00000000-0000-4000-8000-000000000000' } }],
  ])('row 35: does not adopt or touch an orphan that is not plainly ours: %s', async (gameId, options) => {
    const orphan = await create(gameId, options)
    await orphan.start()
    // A game that comes later has been looked at after it.
    await running(`after-${gameId}`)
    expect(await deployment.query('SELECT FROM desired_games WHERE game_id = $1', [gameId])).toEqual([])
    expect((await orphan.inspect()).State.Running).toBe(true)
    if (gameId === 'other-deployment') return
    expect(await deployment.query('SELECT desired_state, status, ready FROM games WHERE game_id = $1', [gameId])).toEqual([
      { desired_state: null, status: null, ready: 'Unknown' },
    ])
    expect((await condition(gameId, 'Blocked'))?.message).toContain('is left alone')
  })

  it('row 35: does not take a container that Docker would remove by itself, even where its game is asked for', async () => {
    const borrowed = await create('borrowed', { HostConfig: { AutoRemove: true } })
    await borrowed.start()
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('borrowed', '1.0.0')")
    await until(
      () => condition('borrowed', 'Blocked'),
      (found) => found?.reason === 'AutoRemoveContainer',
      'the condition says it',
    )
    expect((await borrowed.inspect()).State.Running).toBe(true)
    await borrowed.stop({ t: 0 })
    await deployment.untilStatus('borrowed', 'running')
    expect((await current('borrowed'))?.id).not.toBe(borrowed.id)
  })

  it('row 5: reports a name that a foreign container holds, and takes it when it is free', async () => {
    const squatter = await deployment.docker.createContainer({ name: deployment.containerName('squatted'), Image: idleImage('1.0.0') })
    made.push(squatter)
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('squatted', '1.0.0')")
    const told = await until(
      () => condition('squatted', 'NameConflict'),
      (found) => found !== undefined,
      'the condition says it',
    )
    expect(told?.message).toContain(deployment.containerName('squatted'))
    expect((await squatter.inspect()).State.Status).toBe('created')
    expect(await deployment.query("SELECT type, error_code FROM notification_intents WHERE game_id = 'squatted'")).toEqual([
      { type: 'runtime.container_start_failed', error_code: 'conflict' },
    ])
    await squatter.remove()
    await deployment.untilStatus('squatted', 'running')
  })

  it('row 51: deletes once, also when asked twice, and refuses to write over the tombstone', async () => {
    await running('deleted')
    await deployment.query("DELETE FROM desired_games WHERE game_id = 'deleted'")
    await expect(deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('deleted', '1.0.0')")).rejects.toThrow(
      'game deleted is being deleted',
    )
    await deployment.query("DELETE FROM desired_games WHERE game_id = 'deleted'")
    await until(
      () => deployment.query("SELECT FROM desired_games WHERE game_id = 'deleted'"),
      (rows) => rows.length === 0,
      'the row is gone',
    )
    expect(await current('deleted')).toBeNull()
    expect(await deployment.query("SELECT FROM operation_log WHERE game_id = 'deleted' AND op_detail = 'delete'")).toHaveLength(1)
  })

  it('keeps an incompatible version off the state of a game that was deleted and is asked for again', async () => {
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('again', '1.1.0')")
    await deployment.untilStatus('again', 'running')
    await deployment.query("DELETE FROM desired_games WHERE game_id = 'again'")
    await until(
      () => deployment.query("SELECT FROM desired_games WHERE game_id = 'again'"),
      (rows) => rows.length === 0,
      'the row is gone',
    )
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('again', '1.0.0')")
    const told = await until(
      () => condition('again', 'Accepted'),
      (found) => found !== undefined,
      'the condition says it',
    )
    expect(told).toMatchObject({ status: 'False', reason: 'PatchIncompatible' })
    expect(await current('again')).toBeNull()
  })

  it('row 31: says that an engine without its network cannot be reached', async () => {
    const id = await running('unplugged')
    await deployment.docker.getNetwork(deployment.config.docker.network).disconnect({ Container: id, Force: true })
    const told = await until(
      () => condition('unplugged', 'EngineUnreachable'),
      (found) => found !== undefined,
      'the condition says it',
    )
    expect(told?.message).toContain(deployment.config.docker.network)
  })

  it('says what is wrong with a version that is not registered, and starts nothing', async () => {
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('unknown-version', '9.9.9')")
    const told = await until(
      () => condition('unknown-version', 'Accepted'),
      (found) => found !== undefined,
      'the condition says it',
    )
    expect(told).toMatchObject({ status: 'False', message: expect.stringContaining('9.9.9 is not registered') })
    expect(await current('unknown-version')).toBeNull()
    await deployment.query("INSERT INTO engine_versions (version, image_ref, protocol) VALUES ('9.9.9', $1, 'none')", [idleImage('1.0.0')])
    await deployment.untilStatus('unknown-version', 'running')
  })

  it('changes limits in place', async () => {
    const id = await running('resized')
    await deployment.query("UPDATE desired_games SET memory = '64Mi', cpus = 0.5 WHERE game_id = 'resized'")
    await until(
      () => lastOperation('resized'),
      (last) => last === 'patch/resize succeeded',
      'it is resized',
    )
    const { HostConfig: limits } = await deployment.docker.getContainer(id).inspect()
    expect([limits.Memory, limits.MemorySwap, limits.NanoCpus]).toEqual([64 * 1024 ** 2, 64 * 1024 ** 2, 5e8])
  })

  it('restarts once for a new token', async () => {
    const id = await running('token')
    await deployment.query("UPDATE desired_games SET restart_token = 'a' WHERE game_id = 'token'")
    await until(
      () => lastOperation('token'),
      (last) => last === 'restart succeeded',
      'it is restarted',
    )
    const fresh = await current('token')
    expect(fresh?.id).not.toBe(id)
    await deployment.query("UPDATE desired_games SET paused = true WHERE game_id = 'token'")
    await until(
      () => deployment.query("SELECT FROM game_status WHERE game_id = 'token' AND observed_generation = 3"),
      (rows) => rows.length === 1,
      'it was looked at',
    )
    expect(await current('token')).toEqual(fresh)
  })

  async function running(gameId: string): Promise<string> {
    await deployment.query('INSERT INTO desired_games (game_id, engine_version) VALUES ($1, $2)', [gameId, '1.0.0'])
    await deployment.untilStatus(gameId, 'running')
    return (await current(gameId))?.id ?? ''
  }

  async function current(gameId: string): Promise<{ id: string; state: string } | null> {
    const containers = (await deployment.containers()).filter((container) => container.Labels[LABEL.gameId] === gameId)
    expect(containers.filter((container) => container.State === 'running').length).toBeLessThanOrEqual(2)
    const [container] = containers
    return container === undefined ? null : { id: container.Id, state: container.State }
  }

  async function lastOperation(gameId: string): Promise<string | undefined> {
    const rows = await deployment.query<{ last: string }>(
      "SELECT op || coalesce('/' || op_detail, '') || ' ' || status AS last FROM operation_log WHERE game_id = $1 ORDER BY operation_id DESC LIMIT 1",
      [gameId],
    )
    return rows[0]?.last
  }

  async function condition(gameId: string, type: string): Promise<{ status: string; reason: string; message: string } | undefined> {
    const rows = await deployment.query<{ condition: { status: string; reason: string; message: string } }>(
      "SELECT c AS condition FROM game_status, jsonb_array_elements(conditions) c WHERE game_id = $1 AND c ->> 'type' = $2",
      [gameId, type],
    )
    return rows[0]?.condition
  }

  async function create(
    gameId: string,
    { name, Labels, HostConfig }: { name?: string; Labels?: Record<string, string>; HostConfig?: Docker.HostConfig },
  ): Promise<Docker.Container> {
    const statePath = path.join(deployment.config.state.root, gameId)
    await mkdir(statePath, { recursive: true })
    const container = await deployment.docker.createContainer({
      name: name === undefined ? deployment.containerName(gameId) : `${deployment.containerName(gameId)}-${name}`,
      Image: idleImage('1.0.0'),
      Labels: { [LABEL.owner]: OWNER, [LABEL.kind]: KIND, [LABEL.gameId]: gameId, [LABEL.instance]: deployment.config.instance, ...Labels },
      HostConfig: { Mounts: [{ Type: 'bind', Source: statePath, Target: '/var/lib/galaxy-game' }], ...HostConfig },
    })
    made.push(container)
    return container
  }
})
