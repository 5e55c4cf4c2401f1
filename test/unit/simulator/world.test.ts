import { describe, expect, it } from 'vitest'
import { overlaps } from '../../../simulator/judge/overlaps.ts'
import { touched } from '../../../simulator/judge/touched.ts'
import { actionsOf, IMAGE, simulated } from './simulated.ts'

describe('a simulated container', () => {
  it('ends by SIGTERM after its own time, or at the end of the grace period', () => {
    const polite = simulated({ behaviour: { onTerm: { kind: 'exits', afterMs: 300, exitCode: 0 } } })
    const stubborn = simulated({ behaviour: { onTerm: { kind: 'ignores' } } })
    const took = (world: typeof polite) => {
      const id = world.run('aa')
      const startedMs = world.clock.nowMs()
      world.ask('POST', `/containers/${id}/stop?t=5`)
      return { ms: (world.daemon.world.container(id)?.finishedAtMs ?? 0) - startedMs, exitCode: world.daemon.world.container(id)?.exitCode }
    }
    expect(took(polite)).toEqual({ ms: 300, exitCode: 0 })
    expect(took(stubborn)).toEqual({ ms: 5_010, exitCode: 137 })
  })

  it('crashes after its time, which a pause stops', () => {
    const world = simulated({ behaviour: { ends: { kind: 'exits', afterMs: 1_000, exitCode: 7 } } })
    const id = world.run('aa')
    world.clock.advance(600)
    world.ask('POST', `/containers/${id}/pause`)
    world.clock.advance(10_000)
    world.ask('POST', `/containers/${id}/unpause`)
    world.clock.advance(399)
    expect(world.status('aa')).toBe('running')
    world.clock.advance(2)
    expect(world.daemon.world.container(id)).toMatchObject({ status: 'exited', exitCode: 7, isOomKilled: false })
  })

  it('runs out of memory, and tells of it before its end', () => {
    const world = simulated({ behaviour: { ends: { kind: 'oom', afterMs: 500 } } })
    const id = world.run('aa')
    const lines = world.follow()
    world.clock.advance(600)
    expect(actionsOf(lines)).toEqual(['container oom', 'container die', 'network disconnect'])
    expect(world.daemon.world.container(id)).toMatchObject({ exitCode: 137, isOomKilled: true })
  })

  it('tells its health, in lists too', () => {
    const world = simulated({
      config: { Healthcheck: { Test: ['CMD', '/check'] } },
      behaviour: {
        health: [
          { afterMs: 100, status: 'healthy' },
          { afterMs: 200, status: 'unhealthy' },
        ],
      },
    })
    world.run('aa')
    const count = (health: string) =>
      (world.ask('GET', `/containers/json?filters=${JSON.stringify({ health: [health] })}`) as { body: unknown[] }).body.length
    expect(count('starting')).toBe(1)
    world.clock.advance(150)
    expect([count('starting'), count('healthy')]).toEqual([0, 1])
    world.clock.advance(100)
    expect(count('unhealthy')).toBe(1)
  })

  it('is started again by a restart policy, slower each time, and is `restarting` meanwhile', () => {
    const world = simulated({ behaviour: { ends: { kind: 'exits', afterMs: 10, exitCode: 1 } } })
    const RestartPolicy = { Name: 'on-failure', MaximumRetryCount: 2 }
    const id = world.create('aa', { HostConfig: { RestartPolicy } })
    world.ask('POST', `/containers/${id}/start`)
    world.clock.advance(20)
    expect(world.status('aa')).toBe('restarting')
    world.clock.advance(60_000)
    expect(world.daemon.world.container(id)).toMatchObject({ status: 'exited', restartCount: 2, lives: 3 })
  })

  it('that is started twice at once starts once', () => {
    const world = simulated()
    const id = world.create('aa')
    const starts = [1, 2].map(() => world.begin('POST', `/containers/${id}/start`))
    world.clock.advance(1_000)
    expect(starts.map(({ outcome }) => outcome)).toEqual([{ status: 204 }, { status: 304 }])
    expect(world.daemon.world.container(id)?.lives).toBe(1)
  })

  it('that is restarted by one and started by another in between starts once', () => {
    const world = simulated({ behaviour: { onTerm: { kind: 'exits', afterMs: 10 } } })
    const id = world.create('aa')
    world.ask('POST', `/containers/${id}/start`)
    const restart = world.begin('POST', `/containers/${id}/restart?t=1`)
    world.clock.advance(20)
    expect(world.status('aa')).toBe('exited')
    const start = world.begin('POST', `/containers/${id}/start`)
    world.clock.advance(5_000)
    expect([restart, start].map(({ outcome }) => outcome)).toEqual([{ status: 204 }, { status: 204 }])
    expect(world.status('aa')).toBe('running')
    expect(world.daemon.history.since(0).filter(({ effect }) => effect.action === 'start')).toHaveLength(2)
  })

  it('has its name before it can be seen, and until it is gone', () => {
    const world = simulated()
    const under = world.begin('POST', '/containers/create?name=aa', { Image: IMAGE })
    const message = (outcome: unknown) => (outcome as { body: { message: string } }).body.message
    const conflict = world.ask('POST', '/containers/create?name=aa', { Image: IMAGE })
    const holder = /by container "([0-9a-f]{64})"/.exec(message(conflict))?.[1] ?? ''
    expect(world.daemon.world.container(holder)).toBeUndefined()
    world.clock.advance(100)
    expect(under.outcome).toMatchObject({ status: 201, body: { Id: holder } })
    const removal = world.begin('DELETE', `/containers/${holder}`)
    expect(world.status('aa')).toBe('removing')
    expect(world.ask('DELETE', `/containers/aa`)).toMatchObject({
      status: 409,
      body: { message: 'removal of container aa is already in progress' },
    })
    expect(world.ask('POST', '/containers/create?name=aa', { Image: IMAGE })).toMatchObject({ status: 409 })
    world.clock.advance(100)
    expect(removal.outcome).toEqual({ status: 204 })
    expect(world.ask('POST', '/containers/create?name=aa', { Image: IMAGE })).toMatchObject({ status: 201 })
  })

  it('gives back its address to the next', () => {
    const world = simulated()
    const addressOf = (id: string) => Object.values(world.daemon.world.container(id)?.endpoints ?? {})[0]?.attached?.address
    const [a, b] = [world.run('aa'), world.run('bb')]
    expect([addressOf(a), addressOf(b)]).toEqual(['127.63.0.2', '127.63.0.3'])
    world.ask('POST', `/containers/${a}/stop`)
    expect(addressOf(a)).toBeUndefined()
    expect(addressOf(world.run('cc'))).toBe('127.63.0.2')
  })

  it('writes what its program writes, through the mount', () => {
    const world = simulated({ behaviour: { writes: { '/state/turn': '1', '/elsewhere': 'x' } } })
    world.run('aa')
    expect([...world.written]).toEqual([['/games/aa/turn', '1']])
  })
})

describe('a pull', () => {
  const pull = (tag: string) => `/images/create?fromImage=registry.test/engine&tag=${tag}`

  it('tells its progress, and then the image is there', () => {
    const world = simulated()
    const under = world.begin('POST', pull('2.0.0'))
    world.clock.advance(1_000)
    expect(under.lines.at(-1)).toEqual({ status: 'Status: Downloaded newer image for registry.test/engine:2.0.0' })
    expect(world.ask('GET', '/images/registry.test/engine:2.0.0/json')).toMatchObject({ status: 200 })
    const again = world.begin('POST', pull('2.0.0'))
    world.clock.advance(1_000)
    expect(again.lines.at(-1)).toEqual({ status: 'Status: Image is up to date for registry.test/engine:2.0.0' })
  })

  it.each([
    ['tells an error inside the 200', { failsWith: 'toomanyrequests: slow down' }, { error: 'toomanyrequests: slow down' }],
    ['ends early and says nothing', { isCutShort: true }, { status: 'Pull complete' }],
  ])('%s', (_, failing, last) => {
    const world = simulated()
    const [image] = world.daemon.registry
    world.daemon.registry.splice(0, 1, { ...(image as NonNullable<typeof image>), ...failing })
    const under = world.begin('POST', pull('2.0.0'))
    world.clock.advance(1_000)
    expect(under.outcome).toEqual({ status: 200 })
    expect(under.lines.at(-1)).toMatchObject(last)
    expect(world.ask('GET', '/images/registry.test/engine:2.0.0/json')).toMatchObject({ status: 404 })
  })

  it('is refused for what nobody pushed', () => {
    expect(simulated().ask('POST', pull('9.9.9'))).toMatchObject({ status: 404 })
  })
})

describe('the events', () => {
  it('of the past are the newest 256', () => {
    const world = simulated()
    for (let n = 0; n < 300; n += 1) world.create(`game-${n}`)
    const past: string[] = []
    world.daemon.follow(
      new Map(),
      0n,
      null,
      (line) => past.push(line),
      () => undefined,
    )
    expect(past).toHaveLength(256)
    expect(past.at(-1)).toContain('game-299')
  })

  it('have times that grow, to the nanosecond', () => {
    const world = simulated()
    const lines = world.follow()
    world.run('aa')
    const times = lines.map((line) => BigInt(/"timeNano":(\d+)/.exec(line)?.[1] ?? '0'))
    expect(times.every((time, n) => n === 0 || time > (times[n - 1] ?? 0n))).toBe(true)
  })
})

describe('a restart of the daemon', () => {
  it.each([
    ['ends its containers on its way out', { isGraceful: true, isLiveRestore: false }, 'exited', 143],
    ['that was killed finds them dead', { isGraceful: false, isLiveRestore: false }, 'exited', 255],
    ['with live-restore leaves them be', { isGraceful: true, isLiveRestore: true }, 'running', 0],
  ])('%s', (_, how, status, exitCode) => {
    const world = simulated()
    const id = world.run('aa')
    const lines = world.follow()
    const hanging = world.begin('POST', `/containers/${id}/wait`)
    world.daemon.restart({ downMs: 1_000, ...how })
    expect([hanging.outcome, lines.at(-1)]).toEqual(['dropped', 'end'])
    world.daemon.rise()
    expect(world.daemon.world.container(id)).toMatchObject({ status, exitCode })
  })

  it('leaves a removal that was under way dead', () => {
    const world = simulated()
    const id = world.create('aa')
    world.begin('DELETE', `/containers/${id}`)
    world.daemon.restart({ downMs: 0, isGraceful: true, isLiveRestore: false })
    world.daemon.rise()
    expect(world.status('aa')).toBe('dead')
  })
})

describe('the history', () => {
  it('has every change with its call and its caller, in order', () => {
    const world = simulated()
    const before = world.daemon.history.length
    const id = world.run('aa')
    world.ask('DELETE', `/containers/${id}?force=1`, undefined, 'control')
    const entries = world.daemon.history.since(before)
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, n) => before + n + 1))
    const told = entries.flatMap(({ effect, origin }) =>
      effect.subject === 'container' ? [`${origin.caller} ${origin.kind} ${effect.action}`] : [],
    )
    expect(told).toEqual([
      'docker container_create create',
      'docker container_start attach',
      'docker container_start start',
      'control container_remove kill',
      'control life die',
      'control container_remove mark_removing',
      'control container_remove destroy',
    ])
  })

  it('cannot be changed by who reads it', () => {
    const world = simulated()
    world.run('aa')
    const { length } = world.daemon.history
    const entries = world.daemon.history.since(0) as unknown[] // as a careless reader takes it
    entries.length = 0
    expect(world.daemon.history.length).toBe(length)
    expect(() => Object.assign(world.daemon.history.since(0)[0] ?? {}, { atMs: 0 })).toThrow(TypeError)
  })

  it('shows two containers that ran on one folder, whatever their labels say', () => {
    const world = simulated()
    const first = world.run('aa')
    expect(overlaps(world.daemon.history.since(0))).toEqual([])
    const HostConfig = { Mounts: [{ Type: 'bind', Source: '/games/aa', Target: '/state' }] }
    const second = world.run('bb', { Labels: {}, HostConfig })
    expect(overlaps(world.daemon.history.since(0))).toMatchObject([{ folder: '/games/aa', running: [first], began: second }])
  })

  it('shows what one caller did to containers that were there', () => {
    const world = simulated()
    const id = world.run('aa')
    world.ask('POST', `/containers/${id}/stop`, undefined, 'control')
    world.ask('DELETE', `/containers/${id}`)
    const told = touched(world.daemon.history.since(0), 'docker').map(
      ({ kind, action, container }) => `${kind} ${action} ${container.status}`,
    )
    expect(told).toEqual([
      'container_start attach created',
      'container_start start created',
      'container_remove mark_removing exited',
      'container_remove destroy removing',
    ])
  })

  it('gives the same ids for the same seed and calls', () => {
    expect(simulated().run('aa')).toBe(simulated().run('aa'))
  })
})
