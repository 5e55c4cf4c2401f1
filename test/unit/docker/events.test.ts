import { afterEach, describe, expect, it } from 'vitest'
import { parseEvent } from '../../../src/docker/event.ts'
import { openEvents } from '../../../src/docker/events.ts'
import { createObserver } from '../../../src/docker/observe.ts'
import type { ContainerEvent, HostEvent } from '../../../src/model/runtime-event.ts'
import { type Answer, cut, type FakeDaemon, hang, never, refusal, startFakeDaemon } from './fake-daemon.ts'
import { ID, identity, ourLabels } from './samples.ts'

let daemon: FakeDaemon | null = null
afterEach(async () => {
  await daemon?.close()
  daemon = null
})

function event(changes: object = {}): string {
  const base = {
    Type: 'container',
    Action: 'die',
    Actor: { ID, Attributes: { ...ourLabels, name: 'galaxy-game-andromeda', exitCode: '3' } },
    time: 1_795_229_200,
  }
  return `${JSON.stringify({ ...base, ...changes }).slice(0, -1)},"timeNano":1795229200123456789}`
}

async function listen(...answers: readonly Answer[]) {
  daemon = await startFakeDaemon({ 'GET /events': answers })
  const events: (ContainerEvent | HostEvent)[] = []
  const ends: unknown[] = []
  await openEvents(daemon.clients, identity, {
    onEvent: (one) => events.push(one),
    onEnd: (error) => ends.push(error),
    sinceNs: 1_700_000_000_000_000_001n,
    signal: never,
  })
  return { events, ends }
}

describe('an event', () => {
  it('keeps its nanoseconds, also when a label looks like them', () => {
    const attributes = { ...ourLabels, name: 'n', note: '"timeNano":5', timeNano: '6' }
    expect(parseEvent(event({ Actor: { ID, Attributes: attributes } }), identity)).toMatchObject({
      kind: 'container',
      gameId: 'andromeda',
      timeNs: 1_795_229_200_123_456_789n,
    })
  })

  it.each([
    ['of another instance', { Actor: { ID, Attributes: { ...ourLabels, 'com.galaxy.instance': 'other' } } }],
    ['without a game id', { Actor: { ID, Attributes: { ...ourLabels, 'com.galaxy.game_id': '../etc' } } }],
    ['of another type', { Type: 'volume' }],
    ['of another shape', { Actor: null }],
  ])('%s is left out', (_, changes) => {
    expect(parseEvent(event(changes), identity)).toBeNull()
  })

  it('of another deployment is told, for status and doctor', () => {
    expect(parseEvent(event({ Actor: { ID, Attributes: { ...ourLabels, 'com.galaxy.deployment': 'd2' } } }), identity)).toMatchObject({
      gameId: 'andromeda',
    })
  })

  it('of an image or a network names it', () => {
    const name = (Type: string, Actor: object) => parseEvent(event({ Type, Actor }), identity)
    expect(name('image', { ID: 'galaxy-engine:1.0.0', Attributes: { name: 'galaxy-engine' } })).toMatchObject({
      kind: 'image',
      name: 'galaxy-engine:1.0.0',
    })
    expect(name('image', { ID: `sha256:${ID}`, Attributes: { name: 'galaxy-engine:1.0.0' } })).toMatchObject({
      name: 'galaxy-engine:1.0.0',
    })
    expect(name('network', { ID, Attributes: { name: 'galaxy' } })).toMatchObject({ kind: 'network', name: 'galaxy' })
  })
})

describe('the event streams', () => {
  it('ask for our containers, and for images and networks, since the given nanosecond', async () => {
    await listen(hang('\n'))
    const queries = (daemon?.requests ?? []).map((line) => new URLSearchParams(line.split('?')[1]))
    expect(queries.map((query) => query.get('since'))).toEqual(['1700000000.000000001', '1700000000.000000001'])
    const types = queries.map((query): unknown => JSON.parse(query.get('filters') ?? '{}').type)
    expect(types).toEqual(expect.arrayContaining([['container'], ['image', 'network']]))
  })

  it('put lines together that are split within a character', async () => {
    const bytes = Buffer.from(`${event({ Action: 'rename', Actor: { ID, Attributes: { ...ourLabels, name: 'söl' } } })}\n`)
    const middle = bytes.indexOf('ö') + 1
    const split: Answer = (response) => {
      response.writeHead(200).write(bytes.subarray(0, middle))
      setTimeout(() => response.write(bytes.subarray(middle)), 20)
    }
    const { events } = await listen(split, hang('\n'))
    await expect.poll(() => events).toMatchObject([{ name: 'söl' }])
  })

  it.each([
    ['breaks', cut(`${event()}\n`)],
    ['has a line that is no JSON', hang(`${event()}\nnonsense\n`)],
  ])('end together and once when one %s', async (_, answer) => {
    let closed = 0
    const other: Answer = (response) => {
      response.writeHead(200).write('\n')
      response.on('close', () => closed++)
    }
    const { ends } = await listen(answer, other)
    await expect.poll(() => ends.length).toBe(1)
    await expect.poll(() => closed).toBe(1)
    expect(ends).toHaveLength(1)
  })

  it('that cannot be opened are a failure, and no end', async () => {
    await expect(listen(hang('\n'), refusal(500, 'daemon is stopping'))).rejects.toMatchObject({
      kind: 'transient',
      code: 'service_unavailable',
    })
  })
})

describe('a list', () => {
  it('row 17: whose filter hangs is asked for whole', async () => {
    const entry = { Id: ID, Names: ['/galaxy-game-andromeda'], State: 'running', Created: 1, Labels: ourLabels }
    daemon = await startFakeDaemon({ 'GET /containers/json': [hang(), { status: 200, json: [entry, { Id: 'x', Labels: null }, 7] }] }, 400)
    const observer = createObserver({ clients: daemon.clients, identity, mountPath: '/state', onUnusable: () => undefined })
    const { ours } = await observer.listContainers(never)
    expect(ours.map(({ id }) => id)).toEqual([ID])
  })
})
