import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectDocker } from '../../../src/docker/client.ts'
import { type Answer, cut, type FakeDaemon, hang, never, refusal, startFakeDaemon } from './fake-daemon.ts'
import { ID, inspection, ourLabels, runtimeOn, spec } from './samples.ts'

const CREATE = 'POST /containers/create'
const INSPECT = `GET /containers/${ID}/json`
const START = `POST /containers/${ID}/start`
const RENAME = `POST /containers/${ID}/rename`
const STOP = `POST /containers/${ID}/stop`
const REMOVE = `DELETE /containers/${ID}`
const gone = refusal(404, `No such container: ${ID}`)
const conflict = refusal(409, conflictText(ID))
const ours: Answer = { status: 200, json: inspection() }
const exited: Answer = { status: 200, json: inspection({ state: 'exited' }) }

let root: string
let daemon: FakeDaemon | null = null

beforeEach(async () => {
  root = path.join(await mkdtemp(path.join(tmpdir(), 'state-')), 'games')
})
afterEach(async () => {
  await daemon?.close()
  daemon = null
  await rm(path.dirname(root), { recursive: true })
})

async function runtimeWith(script: Readonly<Record<string, readonly Answer[]>>, callMs?: number) {
  daemon = await startFakeDaemon(script, callMs)
  return runtimeOn(daemon.clients, root)
}

function conflictText(holder: string): string {
  return `Conflict. The container name "/galaxy-game-andromeda" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`
}

function request() {
  return { name: 'galaxy-game-andromeda', spec: spec({}, root), operationId: 'op', nowMs: 1 }
}

describe('a taken name', () => {
  it('row 6: that belongs to no container Docker knows is freed by its id, and the create made again', async () => {
    const runtime = await runtimeWith({
      [CREATE]: [conflict, { status: 201, json: { Id: 'b'.repeat(64) } }],
      [INSPECT]: [gone],
      [REMOVE]: [gone],
    })
    expect(await runtime.create(request(), never)).toEqual({ kind: 'created', id: 'b'.repeat(64) })
    expect(daemon?.requests.filter((line) => line.startsWith('DELETE'))).toEqual([REMOVE])
    expect(daemon?.requests.filter((line) => line.startsWith(CREATE))).toHaveLength(2)
  })

  it('that somebody has run a container under since is left to it: nothing is removed by force (S2)', async () => {
    const running = {
      status: 409,
      json: { message: `You cannot remove a running container ${ID}. Stop the container before attempting removal` },
    }
    const runtime = await runtimeWith({ [CREATE]: [conflict], [INSPECT]: [gone], [REMOVE]: [running] })
    await expect(runtime.create(request(), never)).rejects.toMatchObject({ message: expect.stringContaining('running container') })
    expect(daemon?.requests.filter((line) => line.startsWith('DELETE'))).toEqual([REMOVE])
  })

  it('row 6: that stays with a ghost is a failure to back off from', async () => {
    const runtime = await runtimeWith({ [CREATE]: [conflict], [INSPECT]: [gone], [REMOVE]: [gone] })
    await expect(runtime.create(request(), never)).rejects.toMatchObject({ kind: 'transient', message: expect.stringContaining(ID) })
    expect(daemon?.requests.filter((line) => line.startsWith(CREATE))).toHaveLength(2)
  })

  it('row 3: of a create still in flight is looked at until the container shows, and nothing is removed', async () => {
    const runtime = await runtimeWith({ [CREATE]: [conflict], [INSPECT]: [gone, gone, ours] }, 10_000)
    expect(await runtime.create(request(), never)).toEqual({ kind: 'name_taken', holder: 'ours', id: ID })
    expect(daemon?.requests.filter((line) => line.startsWith('DELETE'))).toEqual([])
  })

  it('of another deployment is foreign', async () => {
    const theirs = { status: 200, json: inspection({ labels: { ...ourLabels, 'com.galaxy.deployment': 'd2' } }) }
    const runtime = await runtimeWith({ [CREATE]: [conflict], [INSPECT]: [theirs] })
    expect(await runtime.create(request(), never)).toEqual({ kind: 'name_taken', holder: 'foreign', id: ID })
  })
})

describe('a start', () => {
  it('row 30: that finds an endpoint left behind by a container that is gone disconnects it, its own container out of the way, and tries once more', async () => {
    const ghost = refusal(403, 'endpoint with name galaxy-game-andromeda already exists in network galaxy')
    const runtime = await runtimeWith({
      [INSPECT]: [ours],
      [START]: [ghost, { status: 204 }],
      [RENAME]: [{ status: 204 }],
      'POST /networks/galaxy/disconnect': [{ status: 200 }],
    })
    expect(await runtime.start(ID, never)).toMatchObject({ kind: 'started' })
    // Else Docker would take it for the one to be disconnected, and start it without a network.
    expect(daemon?.requests.filter((line) => line.startsWith('POST'))).toEqual([
      START,
      expect.stringMatching(`^${RENAME}\\?name=galaxy-game-andromeda\\.next\\.`),
      'POST /networks/galaxy/disconnect',
      `${RENAME}?name=galaxy-game-andromeda`,
      START,
    ])
  })

  it("never disconnects an endpoint of another container's name", async () => {
    const ghost = refusal(403, 'endpoint with name somebody-else already exists in network galaxy')
    const runtime = await runtimeWith({ [INSPECT]: [ours], [START]: [ghost] })
    await expect(runtime.start(ID, never)).rejects.toMatchObject({ code: 'container_start_failed' })
    expect(daemon?.requests.filter((line) => line.includes('disconnect'))).toEqual([])
  })

  it('row 30: tries a ghost endpoint once, not for ever', async () => {
    const ghost = refusal(403, 'endpoint with name galaxy-game-andromeda already exists in network galaxy')
    const runtime = await runtimeWith({
      [INSPECT]: [ours],
      [START]: [ghost],
      [RENAME]: [{ status: 204 }],
      'POST /networks/galaxy/disconnect': [refusal(404, 'endpoint galaxy-game-andromeda not found')],
    })
    await expect(runtime.start(ID, never)).rejects.toMatchObject({ kind: 'transient', code: 'container_start_failed' })
    expect(daemon?.requests.filter((line) => line === START)).toHaveLength(2)
  })

  it('row 30: that loses its name while it is out of the way looks again', async () => {
    const ghost = refusal(403, 'endpoint with name galaxy-game-andromeda already exists in network galaxy')
    const other = 'e'.repeat(64)
    const runtime = await runtimeWith({
      [INSPECT]: [ours],
      [`GET /containers/${other}/json`]: [{ status: 200, json: { ...inspection(), Id: other } }],
      [START]: [ghost],
      [RENAME]: [{ status: 204 }, refusal(409, conflictText(other))],
      'POST /networks/galaxy/disconnect': [{ status: 200 }],
    })
    await expect(runtime.start(ID, never)).rejects.toMatchObject({ kind: 'conflict' })
    expect(daemon?.requests.filter((line) => line === START)).toHaveLength(1)
  })

  it.each([
    [304, 'already started', { kind: 'started' }],
    [404, `No such container: ${ID}`, { kind: 'gone' }],
    [404, 'network galaxy not found', { kind: 'network_missing' }],
    [
      400,
      'network galaxy is ambiguous (2 matches found on name)',
      { kind: 'network_ambiguous', message: expect.stringContaining('is ambiguous (2') },
    ],
  ])('answered with %i "%s" is %o', async (status, message, answer) => {
    const runtime = await runtimeWith({ [INSPECT]: [ours], [START]: [refusal(status, message)] })
    expect(await runtime.start(ID, never)).toMatchObject(answer)
  })

  it.each([
    [409, 'cannot start a paused container, try unpause instead', { kind: 'conflict', code: 'conflict' }],
    [
      400,
      'OCI runtime create failed: exec: "engine": executable file not found in $PATH',
      { kind: 'transient', code: 'container_start_failed' },
    ],
    [500, 'write /var/lib/docker/x: no space left on device', { kind: 'transient', code: 'service_unavailable' }],
  ])('answered with %i "%s" fails as %o', async (status, message, failure) => {
    const runtime = await runtimeWith({ [INSPECT]: [ours], [START]: [refusal(status, message)] })
    await expect(runtime.start(ID, never)).rejects.toMatchObject({ ...failure, message: expect.stringContaining(message) })
  })
})

describe('a stop', () => {
  it.each([
    ['304', refusal(304, '')],
    ['404', gone],
  ])('answered with %s is done', async (_, answer) => {
    const runtime = await runtimeWith({ [INSPECT]: [ours, exited], [STOP]: [answer] })
    expect(await runtime.stop(ID, 1_500, never)).toMatchObject({ state: 'exited' })
    expect(daemon?.requests).toContain(`${STOP}?t=2`)
  })

  it('that Docker claims but the inspect denies is a failure', async () => {
    const runtime = await runtimeWith({ [INSPECT]: [ours], [STOP]: [{ status: 204 }] })
    await expect(runtime.stop(ID, 0, never)).rejects.toMatchObject({ kind: 'transient', message: expect.stringContaining('running') })
  })
})

describe('a removal', () => {
  it('row 8: in progress already is waited for', async () => {
    const busy = refusal(409, `removal of container ${ID} is already in progress`)
    const runtime = await runtimeWith({ [INSPECT]: [ours, ours, ours, gone], [REMOVE]: [busy] })
    await runtime.remove(ID, true, never)
    expect(daemon?.requests.filter((line) => line === INSPECT)).toHaveLength(4)
  })

  it('row 8: in progress for too long is a failure', async () => {
    const busy = refusal(409, `removal of container ${ID} is already in progress`)
    const runtime = await runtimeWith({ [INSPECT]: [ours], [REMOVE]: [busy] }, 300)
    await expect(runtime.remove(ID, true, never)).rejects.toMatchObject({ kind: 'transient', code: 'service_unavailable' })
  })

  it('asks whose the container is once per id', async () => {
    const runtime = await runtimeWith({ [INSPECT]: [ours, exited], [STOP]: [{ status: 204 }], [REMOVE]: [{ status: 204 }] })
    await runtime.stop(ID, 0, never)
    await runtime.remove(ID, false, never)
    expect(daemon?.requests.filter((line) => line === INSPECT)).toHaveLength(2)
  })
})

describe('a call', () => {
  it.each([
    ['never answers', hang()],
    ['breaks off within its answer', cut('{"Id": "')],
  ])('that %s fails at its deadline', async (_, answer) => {
    const runtime = await runtimeWith({ [INSPECT]: [answer] }, 200)
    await expect(runtime.inspect(ID, never)).rejects.toMatchObject({ kind: 'transient', code: 'service_unavailable' })
  })

  it('ends with the reason of its signal', async () => {
    const runtime = await runtimeWith({ [INSPECT]: [hang()] })
    const term = new AbortController()
    const inspecting = runtime.inspect(ID, term.signal)
    term.abort(new Error('the lease is lost'))
    await expect(inspecting).rejects.toThrow('the lease is lost')
  })

  it.each([
    ['is answered', { status: 204 }, 'ok'],
    ['finds nothing to do (304)', { status: 304 }, 'ok'],
    ['is refused', refusal(500, 'no'), 'refused'],
    ['is never answered', hang(), 'unanswered'],
  ])('that %s is told as such', async (_, answer, outcome) => {
    const runtime = await runtimeWith({ [INSPECT]: [ours, exited], [START]: [answer] }, 200)
    await runtime.start(ID, never).catch(() => {})
    expect(daemon?.outcomes).toContain(`container_start ${outcome}`)
  })

  it('that nobody waits for any more is told as given up, and not held against Docker', async () => {
    const runtime = await runtimeWith({ [INSPECT]: [hang()] })
    const term = new AbortController()
    const inspecting = runtime.inspect(ID, term.signal)
    term.abort(new Error('the lease is lost'))
    await inspecting.catch(() => {})
    expect(daemon?.outcomes).toEqual(['container_inspect given_up'])
  })

  it('to a daemon that is not there says so', async () => {
    const connecting = connectDocker({ address: { kind: 'socket', socketPath: '/nowhere/docker.sock' }, callMs: 1_000, signal: never })
    await expect(connecting).rejects.toMatchObject({
      kind: 'transient',
      code: 'service_unavailable',
      message: expect.stringContaining('/nowhere/docker.sock'),
    })
  })

  it('carries a deadline of its own for each kind', async () => {
    const late: Answer = (response) => void setTimeout(() => response.writeHead(204).end(), 400)
    const runtime = await runtimeWith({ [INSPECT]: [ours, exited], [STOP]: [late] }, 200)
    expect(await runtime.stop(ID, 0, never)).toMatchObject({ state: 'exited' })
  })
})
