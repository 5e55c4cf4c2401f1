import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KIND, LABEL, OWNER } from '../../src/model/labels.ts'
import { untilCondition } from '../support/condition.ts'
import { idleImage } from '../support/deployment.ts'
import { type CliAnswer, galaxy } from '../support/galaxy.ts'
import { type ControllerHere, simulatedControllers, type SimulatedControllers } from '../support/simulated-controller.ts'
import { until } from '../support/until.ts'

const LOST = '00000000-0000-4000-8000-000000000001'

/** What an operator sees of containers that nobody asks for, and does about them. */
describe('galaxy adopt', () => {
  let controllers: SimulatedControllers
  let controller: ControllerHere

  beforeAll(async () => {
    controllers = await simulatedControllers()
    controller = await controllers.start()
  })
  afterAll(() => controllers.dispose())

  it('shows what is left alone where games are listed, and says how each can be taken over', async () => {
    await create('ended')
    const paused = await create('paused')
    await paused.start()
    await paused.pause()
    await (await create('fleeting', { HostConfig: { AutoRemove: true } })).start()
    await create('theirs', { Labels: { [LABEL.deployment]: LOST } })
    await until(
      async () => (await run('get', 'orphans')).stdout.trim().split('\n').length,
      (lines) => lines === 5,
      'all are seen',
    )
    const orphans = await until(
      async () => (await run('get', 'orphans')).stdout,
      (text) => !text.includes('inspected yet'),
      'all are inspected',
    )
    expect(orphans).toMatch(/^ended .* created +- +adopt ended +it does not run \(created\); it would be started$/m)
    expect(orphans).toMatch(/^paused .* paused +- +no +somebody paused it: docker unpause /m)
    expect(orphans).toMatch(/^fleeting .* running +- +no +Docker removes it when it stops/m)
    expect(orphans).toMatch(new RegExp(`^theirs .* adopt --deployment ${LOST} +left by another deployment; adopted if it runs$`, 'm'))
    const games = await run('get', 'games')
    expect(games.stdout).toMatch(/^ended +- +none +none yet +Unknown +Orphan/m)
    expect(games.stderr).toBe('3 containers with our labels are left alone: galaxy get orphans\n')
  })

  it('takes one over that does not run, once it is asked to', async () => {
    const dry = await run('adopt', 'ended', '--dry-run')
    expect(dry).toMatchObject({ code: 0, stderr: '' })
    expect(dry.stdout).toContain('game/ended would be adopted (dry run)')
    expect(dry.stdout).toMatch(/^ {4}start_container /m)
    expect(await desired('ended')).toEqual([])

    expect((await run('adopt', 'game/ended')).stdout).toMatch(/^game\/ended is being adopted \(operation\/[0-9a-f-]{36}\)\n$/)
    await controllers.deployment.untilStatus('ended', 'running')
    expect(await desired('ended')).toEqual([{ managed_by: 'api', image_ref: idleImage('1.0.0') }])
    const containers = await controllers.deployment.docker.listContainers({ all: true, filters: { label: [`${LABEL.gameId}=ended`] } })
    expect(containers.map(({ Labels }) => Labels[LABEL.operationId])).toEqual([undefined])
  })

  it.each([
    [['adopt', 'paused'], 1, /can't be taken over: somebody paused it: docker unpause/],
    [['adopt', 'fleeting'], 1, /can't be taken over: Docker removes it when it stops/],
    [['adopt', 'theirs'], 1, /which is taken over as a whole: galaxy adopt --deployment 0000/],
    [['adopt', 'nowhere'], 1, /no container of game nowhere is left alone; galaxy get orphans lists what can be adopted/],
    [['adopt', 'paused', 'nowhere'], 1, /somebody paused it.*\n.*nowhere/],
    [['adopt', '--deployment', '00000000-0000-4000-8000-000000000009'], 1, /no container of deployment .* is seen; galaxy get orphans/],
    [['adopt'], 2, /name games, or another deployment with --deployment ID; galaxy get orphans lists both/],
  ])('%j is refused, and says why', async (args, code, told) => {
    expect(await run(...args)).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(told) })
  })

  it('takes over what another deployment has left, as it runs, and sees what becomes of it', async () => {
    const runs = await create('left', { Labels: { [LABEL.deployment]: LOST } })
    await runs.start()
    await until(
      async () => (await run('get', 'orphans', '-o', 'name')).stdout,
      (text) => text.includes('orphan/left\n'),
      'it is seen',
    )
    const dry = await run('adopt', '--deployment', LOST, '--dry-run')
    expect(dry.stdout).toMatch(/^game\/left \(.*\) would be taken over: left by another deployment; adopted if it runs \(dry run\)$/m)
    expect(dry.stderr).toContain('make sure that its controller does not run any more')
    expect(await controllers.deployment.query('SELECT FROM adopted_deployments')).toEqual([])

    expect((await run('adopt', '--deployment', LOST)).stdout).toMatch(/^game\/left \(.*\) is taken over: /m)
    await controllers.deployment.untilStatus('left', 'running')
    expect(await desired('left')).toEqual([{ managed_by: 'reconciler', image_ref: idleImage('1.0.0') }])
    expect((await runs.inspect()).State.Running).toBe(true)
    // The one that does not run is ours by now, and left alone as any such one of ours.
    await until(
      async () => (await run('get', 'orphans')).stdout,
      (text) => /^theirs .* adopt theirs +it does not run/m.test(text),
      'it is told',
    )
    expect(await controllers.deployment.query('SELECT id, adopted_by FROM adopted_deployments')).toEqual([
      { id: LOST, adopted_by: expect.stringMatching(/^token local, request /) },
    ])
    await runs.kill()
    await until(
      async () => (await runs.inspect()).State.Running,
      (isRunning) => isRunning,
      'it is looked after like any other',
    )
  })

  it('does not forget it with the term', async () => {
    await controller.stop()
    controller = await controllers.start()
    await controllers.deployment.query("UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request' WHERE game_id = 'left'")
    await controllers.deployment.untilStatus('left', 'stopped')
  })

  it('takes nothing over that would come between a game and its state', async () => {
    const elsewhere = path.join(controllers.deployment.config.state.root, 'other-root')
    await mkdir(elsewhere, { recursive: true })
    const other = '00000000-0000-4000-8000-000000000002'
    await create('taken', {
      Labels: { [LABEL.deployment]: other },
      HostConfig: { Mounts: [{ Type: 'bind', Source: elsewhere, Target: '/var/lib/galaxy-game' }] },
    })
    await controllers.deployment.query('INSERT INTO desired_games (game_id, image_ref) VALUES ($1, $2)', ['taken', idleImage('1.0.0')])
    const told = await untilCondition(controllers.deployment, 'taken', 'NameConflict')
    expect(told.message).toContain(`galaxy adopt --deployment ${other}`)
    expect(await run('adopt', '--deployment', other)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is in the way: its state is mounted from .*other-root, not from .*, and the game is asked for here/),
    })
    expect(await controllers.deployment.query('SELECT FROM adopted_deployments WHERE id = $1', [other])).toEqual([])
  })

  function run(...args: string[]): Promise<CliAnswer> {
    const { url, token } = controller.api
    return galaxy(args, { GALAXY_API_URL: url, GALAXY_TOKEN: token }, '/')
  }

  function desired(gameId: string): Promise<readonly unknown[]> {
    return controllers.deployment.query('SELECT managed_by, image_ref FROM desired_games WHERE game_id = $1', [gameId])
  }

  async function create(
    gameId: string,
    { Labels, HostConfig }: { Labels?: Record<string, string>; HostConfig?: Docker.HostConfig } = {},
  ): Promise<Docker.Container> {
    const { deployment } = controllers
    const state = path.join(deployment.config.state.root, gameId)
    await mkdir(state, { recursive: true })
    return deployment.docker.createContainer({
      name: deployment.containerName(gameId),
      Image: idleImage('1.0.0'),
      Labels: { [LABEL.owner]: OWNER, [LABEL.kind]: KIND, [LABEL.gameId]: gameId, [LABEL.instance]: deployment.config.instance, ...Labels },
      HostConfig: { Mounts: [{ Type: 'bind', Source: state, Target: '/var/lib/galaxy-game' }], ...HostConfig },
    })
  }
})
