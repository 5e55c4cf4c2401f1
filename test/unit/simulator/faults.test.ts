import { describe, expect, it } from 'vitest'
import { actionsOf, IMAGE, simulated } from './simulated.ts'

describe('a fault rule on calls', () => {
  it('strikes the nth that fits, as often as it says, and no other', () => {
    const world = simulated()
    world.rule({ call: 'container_inspect', game: 'aa' }, { kind: 'refuse', status: 503, message: 'no' }, { nth: 2, times: 2 })
    const [a, b] = [world.create('aa'), world.create('bb')]
    const statuses = [a, b, a, b, a, b, a]
      .map((id) => world.ask('GET', `/containers/${id}/json`))
      .map((outcome) => (typeof outcome === 'string' ? outcome : outcome.status))
    expect(statuses).toEqual([200, 200, 503, 200, 503, 200, 200])
  })

  it('never strikes the hand of a test', () => {
    const world = simulated()
    world.rule({ call: '*' }, { kind: 'hang' }, { times: null })
    expect(world.ask('GET', '/_ping')).toBe('hangs')
    expect(world.ask('GET', '/_ping', undefined, 'control')).toEqual({ status: 200, body: 'OK' })
  })

  it('delays, before the effect', () => {
    const world = simulated()
    world.rule({ call: 'container_create' }, { kind: 'delay', ms: 5_000 })
    const startedMs = world.clock.nowMs()
    const under = world.begin('POST', '/containers/create?name=late', { Image: IMAGE })
    world.clock.advance(4_999)
    expect([under.outcome, world.daemon.world.nameHolder('late')]).toEqual(['hangs', undefined])
    world.clock.advance(20)
    expect(under.outcome).toMatchObject({ status: 201 })
    expect(world.daemon.world.containers()[0]?.createdAtMs).toBe(startedMs + 5_008)
  })

  it('refuses before the effect, and loses the answer after it', () => {
    const world = simulated()
    world.rule({ call: 'container_create', container: 'refused' }, { kind: 'disk_full' })
    expect(world.ask('POST', '/containers/create?name=refused', { Image: IMAGE })).toMatchObject({
      status: 500,
      body: { message: expect.stringContaining('no space left on device') },
    })
    expect(world.status('refused')).toBeUndefined()
    world.rule({ call: 'container_create', container: 'lost' }, { kind: 'drop_answer' })
    expect(world.ask('POST', '/containers/create?name=lost', { Image: IMAGE })).toBe('dropped')
    expect(world.status('lost')).toBe('created')
    expect(world.daemon.history.calls().at(-1)).toMatchObject({ status: null, faults: ['drop_answer'] })
  })

  it('hangs before or after the effect', () => {
    const world = simulated()
    const id = world.run('aa')
    world.rule({ call: 'container_stop' }, { kind: 'hang', at: 'before' })
    expect([world.ask('POST', `/containers/${id}/stop`), world.status('aa')]).toEqual(['hangs', 'running'])
    world.rule({ call: 'container_stop' }, { kind: 'hang', at: 'after' })
    expect([world.ask('POST', `/containers/${id}/stop`), world.status('aa')]).toEqual(['hangs', 'exited'])
  })

  it('lists the world of some time ago', () => {
    const world = simulated()
    world.run('old')
    world.clock.advance(10_000)
    world.run('new')
    world.rule({ call: 'container_list' }, { kind: 'stale', ms: 5_000 })
    const names = () => (world.ask('GET', '/containers/json?all=1') as { body: { Names: string[] }[] }).body.flatMap(({ Names }) => Names)
    expect([names(), names()]).toEqual([['/old'], ['/new', '/old']])
  })

  it('has a name held by a container that does not exist, until the daemon is restarted', () => {
    const world = simulated()
    world.rule({ call: 'container_create' }, { kind: 'name_ghost' })
    const create = () => world.ask('POST', '/containers/create?name=haunted', { Image: IMAGE })
    expect(create()).toMatchObject({ status: 409, body: { message: expect.stringMatching(/already in use by container "[0-9a-f]{64}"/) } })
    expect(create()).toMatchObject({ status: 409 })
    expect(world.daemon.world.containers()).toEqual([])
    world.daemon.restart({ downMs: 0, isGraceful: true, isLiveRestore: false })
    world.daemon.rise()
    expect(create()).toMatchObject({ status: 201 })
  })

  it('has an endpoint left behind, until it is disconnected by force', () => {
    const world = simulated()
    const id = world.create('aa')
    world.rule({ call: 'container_start' }, { kind: 'endpoint_ghost' })
    const start = () => world.ask('POST', `/containers/${id}/start`)
    // A container of no other network is on the bridge.
    expect(start()).toEqual({ status: 403, body: { message: 'endpoint with name aa already exists in network bridge' } })
    expect(start()).toMatchObject({ status: 403 })
    // By that name Docker knows the container first.
    world.ask('POST', `/containers/${id}/rename?name=aside`)
    expect(world.ask('POST', '/networks/bridge/disconnect', { Container: 'aa', Force: true })).toEqual({ status: 200 })
    world.ask('POST', `/containers/${id}/rename?name=aa`)
    expect(start()).toEqual({ status: 204 })
  })

  it('leaves a container dead, which can still be removed', () => {
    const world = simulated()
    const id = world.create('aa')
    world.rule({ call: 'container_remove' }, { kind: 'leave_dead' })
    expect(world.ask('DELETE', `/containers/${id}`)).toMatchObject({ status: 500 })
    expect(world.status('aa')).toBe('dead')
    expect(world.ask('POST', `/containers/${id}/start`)).toMatchObject({ status: 409 })
    expect(world.ask('DELETE', `/containers/${id}?force=1`)).toEqual({ status: 204 })
    expect(world.status('aa')).toBeUndefined()
  })

  it.each(['before', 'after'] as const)('restarts the daemon %s the effect', (at) => {
    const world = simulated()
    world.rule({ call: 'container_create' }, { kind: 'restart_daemon', at })
    expect(world.ask('POST', '/containers/create?name=aa', { Image: IMAGE })).toBe('dropped')
    expect(world.daemon.isDown).toBe(true)
    world.daemon.rise()
    expect(world.status('aa')).toBe(at === 'before' ? undefined : 'created')
  })
})

describe('a fault rule on events', () => {
  it('loses, doubles, delays, and cuts the streams', () => {
    const world = simulated()
    const lines = world.follow()
    world.rule({ event: 'create' }, { kind: 'lose' })
    world.rule({ event: 'connect' }, { kind: 'late', ms: 1_000 })
    world.rule({ event: 'start' }, { kind: 'double' })
    world.rule({ event: 'pause', game: 'aa' }, { kind: 'cut_streams' })
    const id = world.run('aa')
    world.clock.advance(2_000)
    world.ask('POST', `/containers/${id}/pause`)
    world.ask('POST', `/containers/${id}/unpause`)
    expect(actionsOf(lines)).toEqual(['container start', 'container start', 'network connect', 'end'])
  })

  it('loses an event for those who ask for the past, too', () => {
    const world = simulated()
    world.rule({ event: 'create' }, { kind: 'lose' })
    world.create('aa')
    const past: string[] = []
    world.daemon.follow(
      new Map(),
      0n,
      null,
      (line) => past.push(line),
      () => undefined,
    )
    expect(past).toEqual([])
  })
})
