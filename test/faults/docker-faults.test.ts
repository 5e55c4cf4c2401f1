import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { idleImage } from '../support/deployment.ts'
import { refusal } from '../support/fault-proxy/docker-fault.ts'
import { createRig, type Rig } from '../support/fault-proxy/rig.ts'
import { until } from '../support/until.ts'

/** Long enough for other games to start meanwhile. */
const CALL_MS = 6_000

/** Rows of the specification's table of faults, made by a proxy in front of the real daemon; each ends in rest. */
describe('calls of Docker that go wrong', () => {
  let rig: Rig

  beforeAll(async () => {
    rig = await createRig({ 'timings.dockerCall': `${CALL_MS}ms`, workers: '1' })
    await rig.running('bystander')
  })
  afterEach(() => rig.docker.liftAll())
  afterAll(() => rig.dispose())

  it('row 2: create done, answer lost: found by label and name', async () => {
    const { hit } = rig.docker.inject({ on: 'container_create', gameId: 'row-2', fault: { kind: 'drop_answer' } })
    await rig.ask('row-2')
    await hit
    await rig.runs('row-2')
    expect(rig.docker.record.effects('row-2')).toEqual(['container_create', 'container_start'])
    expect(await rig.operations('row-2')).toEqual(['start succeeded'])
    await rig.comesToRest()
  })

  it('row 2: create done, answer lost, and no event tells of it: found by its name, and adopted', async () => {
    const speak = rig.docker.events.disturb({ kind: 'silence' })
    rig.docker.inject({ on: 'container_create', gameId: 'row-2-silent', fault: { kind: 'drop_answer' } })
    rig.docker.inject({ on: 'container_list', times: 100, fault: { kind: 'stale_list' } })
    await rig.ask('row-2-silent')
    await rig.runs('row-2-silent')
    speak()
    rig.docker.liftAll()
    expect(rig.docker.record.effects('row-2-silent')).toEqual(['container_create', 'container_start'])
    // A stale list makes it forget what the conflict has shown, until it can be believed again.
    const [first, ...others] = creates('row-2-silent')
    expect(first).toBe(201)
    expect(new Set(others)).toEqual(new Set([409]))
    expect(await rig.operations('row-2-silent')).toEqual(['start succeeded'])
    await rig.comesToRest()
  })

  it.each([
    ['container_create', 1],
    ['container_stop', 1],
    ['container_remove', 1],
    ['container_rename', 1],
    ['container_start', 1],
    ['container_inspect', 2],
  ] as const)('row 2 and its like: %s of a patch done, its answer lost: the patch goes on from what the world shows', async (on, nth) => {
    const gameId = `row-2-${on.replace('_', '-')}`
    await rig.running(gameId)
    const { hit } = rig.docker.inject({ on, gameId, nth, fault: { kind: 'drop_answer' } })
    await rig.patch(gameId, '1.0.1')
    await hit
    await rig.runs(gameId, '1.0.1')
    expect(rig.docker.record.effects(gameId).slice(2)).toEqual(PATCH)
    expect(await rig.operations(gameId)).toEqual(['start succeeded', 'patch succeeded'])
    await rig.comesToRest()
  })

  it('row 3: create still in flight when it is retried: one of them is refused, and there is one container', async () => {
    // Later than the deadline, so that it and its retry are under way together.
    rig.docker.inject({ on: 'container_create', gameId: 'row-3', fault: { kind: 'delay', delayMs: CALL_MS + 1_500 } })
    await rig.ask('row-3')
    await rig.runs('row-3')
    await until(
      () => creates('row-3'),
      (answers) => answers.length === 2 && !answers.includes(null),
      'both creates have been answered',
    )
    expect(creates('row-3').toSorted((a, b) => Number(a) - Number(b))).toEqual([201, 409])
    await rig.comesToRest()
    expect(await rig.containers('row-3')).toHaveLength(1)
  })

  it('row 3: a name that is reserved before its container can be seen is waited for, and never worked around', async () => {
    const speak = rig.docker.events.disturb({ kind: 'silence' })
    rig.docker.inject({ on: 'container_create', gameId: 'row-3-name', fault: { kind: 'drop_answer' } })
    rig.docker.inject({ on: 'container_list', times: 100, fault: { kind: 'stale_list' } })
    rig.docker.inject({ on: 'container_inspect', gameId: 'row-3-name', fault: refusal(404, 'No such container') })
    await rig.ask('row-3-name')
    await rig.runs('row-3-name')
    speak()
    rig.docker.liftAll()
    expect(rig.docker.record.effects('row-3-name')).toEqual(['container_create', 'container_start'])
    expect((await rig.containers('row-3-name')).map(({ name }) => name)).toEqual([rig.deployment.containerName('row-3-name')])
    await rig.comesToRest()
  })

  it('row 4: a name taken by our own container of another spec: replaced by id', async () => {
    const speak = rig.docker.events.disturb({ kind: 'silence' })
    const { hit } = rig.docker.inject({ on: 'container_create', gameId: 'row-4', fault: { kind: 'drop_answer' } })
    rig.docker.inject({ on: 'container_list', times: 100, fault: { kind: 'stale_list' } })
    await rig.ask('row-4', '1.0.0')
    await hit
    await rig.patch('row-4', '1.0.1')
    const old = await until(
      () => rig.containers('row-4'),
      (all) => all.length === 1,
      'the first container is there',
    )
    await rig.runs('row-4', '1.0.1')
    speak()
    rig.docker.liftAll()
    const removed = rig.docker.record.calls.filter(({ kind, gameId }) => kind === 'container_remove' && gameId === 'row-4')
    expect(removed.map(({ target }) => target)).toEqual(old.map(({ id }) => id))
    await rig.comesToRest()
  })

  it('row 7: 304 on start and on stop: success', async () => {
    const start = rig.docker.inject({ on: 'container_start', gameId: 'row-7', fault: { kind: 'delay', delayMs: 1_000 } })
    await rig.ask('row-7')
    await start.hit
    await rig.deployment.docker.getContainer(await rig.containerId('row-7')).start()
    await rig.runs('row-7')

    const stop = rig.docker.inject({ on: 'container_stop', gameId: 'row-7', fault: { kind: 'delay', delayMs: 1_500 } })
    await rig.stop('row-7')
    await stop.hit
    await rig.deployment.docker.getContainer(await rig.containerId('row-7')).stop({ t: 1 })
    await rig.deployment.untilStatus('row-7', 'stopped')
    await rig.comesToRest()
    expect(statuses('row-7', ['container_start', 'container_stop'])).toEqual([304, 304])
    expect(await rig.operations('row-7')).toEqual(['start succeeded', 'stop succeeded'])
  })

  it('row 8: 409 "removal in progress": waits until the container is gone', async () => {
    await rig.running('row-8')
    const id = await rig.containerId('row-8')
    const inProgress = refusal(409, `removal of container ${id} is already in progress`)
    const { hit } = rig.docker.inject({ on: 'container_remove', gameId: 'row-8', fault: inProgress })
    const removal = rig.remove('row-8')
    await hit
    await looksAgain(id)
    expect(await rig.containers('row-8')).toHaveLength(1)
    await rig.deployment.docker.getContainer(id).remove({ force: true })
    await removal
    expect(await rig.operations('row-8')).toEqual(['start succeeded', 'stop/delete succeeded'])
    await rig.comesToRest()
  })

  it('row 9: 404 on stop and on remove: success', async () => {
    await rig.running('row-9-stop', 'row-9-remove')
    const stop = rig.docker.inject({ on: 'container_stop', gameId: 'row-9-stop', fault: { kind: 'delay', delayMs: 1_000 } })
    await rig.stop('row-9-stop')
    await stop.hit
    await rig.deployment.docker.getContainer(await rig.containerId('row-9-stop')).remove({ force: true })
    await rig.deployment.untilStatus('row-9-stop', 'stopped')

    const late = rig.docker.inject({ on: 'container_remove', gameId: 'row-9-remove', fault: { kind: 'delay', delayMs: 1_000 } })
    const removal = rig.remove('row-9-remove')
    await late.hit
    await rig.deployment.docker.getContainer(await rig.containerId('row-9-remove')).remove({ force: true })
    await removal
    expect(statuses('row-9-stop', ['container_stop'])).toEqual([404])
    expect(statuses('row-9-remove', ['container_remove'])).toEqual([404])
    expect(await rig.operations('row-9-stop')).toEqual(['start succeeded', 'stop succeeded'])
    expect(await rig.operations('row-9-remove')).toEqual(['start succeeded', 'stop/delete succeeded'])
    await rig.comesToRest()
  })

  it.each([
    ['container_start', 'before'],
    ['container_start', 'after'],
    ['container_stop', 'before'],
    ['container_stop', 'after'],
    ['container_inspect', 'before'],
  ] as const)('row 17: %s hangs %s its effect: it has a deadline, and only that game waits', async (on, effect) => {
    const gameId = `row-17-${on.slice('container_'.length)}-${effect}`
    if (on !== 'container_start') await rig.running(gameId)
    const { hit } = rig.docker.inject({ on, gameId, fault: { kind: 'hang', effect } })
    if (on === 'container_start') await rig.ask(gameId)
    else await rig.patch(gameId, '1.0.1')
    await hit

    const others = Array.from({ length: 3 }, (_, index) => `${gameId}-other-${index}`)
    const askedAtMs = performance.now()
    await rig.running(...others)
    // It still hangs then, though there is but one worker. A stop has its grace period and 10 s more.
    expect(performance.now() - askedAtMs).toBeLessThan(CALL_MS)
    await rig.runs(gameId, on === 'container_start' ? '1.0.0' : '1.0.1', 30_000)
    expect(await rig.operations(gameId)).toEqual(on === 'container_start' ? ['start succeeded'] : ['start succeeded', 'patch succeeded'])
    await rig.comesToRest()
  })

  it.each([
    ['an error inside a 200', '{"status":"Pulling"}\n{"errorDetail":{"message":"toomanyrequests"},"error":"toomanyrequests"}\n'],
    ['a stream that ends early', '{"status":"Downloading","id":"a","progressDetail":{"current":1,"total":9}}\n'],
    ['a success without an image', '{"status":"Status: Downloaded newer image for galaxy-test-absent:1"}\n'],
  ])('row 27: %s: image_pull_failed, and the image is looked for', async (what, body) => {
    const gameId = `row-27-${what.replaceAll(' ', '-')}`
    rig.docker.inject({ on: 'image_pull', times: 1_000, fault: { kind: 'answer', status: 200, body } })
    await rig.deployment.query('INSERT INTO desired_games (game_id, image_ref) VALUES ($1, $2)', [gameId, 'galaxy-test-absent:1'])
    await until(
      () =>
        rig.deployment.query("SELECT FROM operation_log WHERE game_id = $1 AND status = 'failed' AND error_code = 'image_pull_failed'", [
          gameId,
        ]),
      (failed) => failed.length > 0,
      'the pull has failed',
    )
    expect(await rig.containers(gameId)).toEqual([])
    await rig.deployment.query('UPDATE desired_games SET image_ref = $2 WHERE game_id = $1', [gameId, idleImage('1.0.0')])
    await rig.runs(gameId)
    await rig.comesToRest()
  })

  it('row 5 and S2: a name taken by a foreign container through all of this: untouched', async () => {
    const foreign = await rig.deployment.docker.createContainer({ name: rig.deployment.containerName('row-5'), Image: idleImage('1.0.0') })
    await rig.ask('row-5')
    await until(
      () => rig.operations('row-5'),
      (operations) => operations.includes('start failed'),
      'the start fails',
    )
    expect((await foreign.inspect()).State.Status).toBe('created')
    await foreign.remove()
    await rig.runs('row-5')
    await rig.comesToRest()
  })

  function creates(gameId: string): readonly (number | null)[] {
    return rig.docker.record.calls
      .filter((call) => call.kind === 'container_create' && call.gameId === gameId)
      .map(({ answer }) => answer?.status ?? null)
  }

  function statuses(gameId: string, kinds: readonly string[]): readonly (number | undefined)[] {
    return rig.docker.record.calls.filter((call) => call.gameId === gameId && kinds.includes(call.kind)).map(({ answer }) => answer?.status)
  }

  async function looksAgain(id: string): Promise<void> {
    const count = (): number => rig.docker.record.calls.filter(({ kind, target }) => kind === 'container_inspect' && target === id).length
    const before = count()
    await until(count, (now) => now > before + 1, 'it is looked at again')
  }
})

const PATCH = ['container_create', 'container_stop', 'container_remove', 'container_rename', 'container_start']
