import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, chunks, cut, type FakeDaemon, hang, never, refusal, startFakeDaemon } from './fake-daemon.ts'
import { runtimeOn } from './samples.ts'

const PULL = 'POST /images/create'
const REF = 'galaxy-engine:1.2.0'
const IMAGE = `GET /images/${encodeURIComponent(REF)}/json`
const facts = { Id: 'sha256:2', RepoTags: [REF], RepoDigests: null, Config: { Labels: null } }
const present: Answer = { status: 200, json: facts }
const done = lines({ status: `Status: Downloaded newer image for ${REF}` })

let folder: string
let daemon: FakeDaemon | null = null

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pull-'))
})
afterEach(async () => {
  await daemon?.close()
  daemon = null
  await rm(folder, { recursive: true })
})

async function runtimeWith(answer: Answer, image: Answer = present, stallMs?: number) {
  daemon = await startFakeDaemon({ [PULL]: [answer], [IMAGE]: [image] })
  return runtimeOn(daemon.clients, folder, stallMs)
}

function lines(...messages: readonly object[]): string {
  return messages.map((message) => `${JSON.stringify(message)}\r\n`).join('')
}

describe('a pull', () => {
  it('tells its progress and gives the facts of the image', async () => {
    const layer = (current: number) => ({ status: 'Downloading', id: 'layer', progressDetail: { current, total: 100 } })
    const stream = lines({ status: 'Pulling from library/galaxy-engine', id: '1.2.0' }, layer(43), layer(43), layer(20), {
      status: 'Pull complete',
      id: 'layer',
    })
    const runtime = await runtimeWith(chunks(stream.slice(0, 70), stream.slice(70), done))
    const texts: string[] = []
    expect(await runtime.pull(REF, (text) => texts.push(text), never)).toEqual({ id: 'sha256:2', labels: {}, refs: [REF] })
    expect(texts).toEqual([`pulling ${REF}`, `pulling ${REF}: 43 %`, `pulling ${REF}: 99 %`, `pulling ${REF}: 100 %`])
    expect(daemon?.requests[0]).toBe(`${PULL}?fromImage=docker.io%2Flibrary%2Fgalaxy-engine&tag=1.2.0`)
  })

  it.each([
    [
      'an error inside a 200',
      chunks(lines({ status: 'Pulling' }, { error: 'manifest unknown', errorDetail: { message: 'manifest unknown' } })),
      'manifest unknown',
    ],
    ['a stream that breaks', cut(lines({ status: 'Pulling' })), 'aborted'],
    ['a stream that ends early', chunks(lines({ status: 'Pulling' })), 'ended before'],
    ['a line that is no JSON', chunks('<html>Bad gateway</html>\n', done), 'Bad gateway'],
    ['silence within the stream', hang(lines({ status: 'Pulling' })), 'no progress for 200 ms'],
    ['silence from the beginning', hang(), 'no progress for 200 ms'],
    ['a refusal', refusal(404, 'pull access denied for galaxy-engine'), 'docker login'],
  ])('with %s fails, naming the reference and what to do', async (_, answer, message) => {
    const runtime = await runtimeWith(answer, present, 200)
    const failure = {
      kind: 'transient',
      code: 'image_pull_failed',
      message: expect.stringMatching(new RegExp(`could not pull ${REF}: .*${message}`)),
    }
    await expect(runtime.pull(REF, () => undefined, never)).rejects.toMatchObject(failure)
  })

  it('row 27: that Docker calls done without having the image fails', async () => {
    const runtime = await runtimeWith(chunks(done), refusal(404, 'no such image'))
    await expect(runtime.pull(REF, () => undefined, never)).rejects.toMatchObject({ code: 'image_pull_failed' })
  })

  it('row 32: on a full disk says that it is full', async () => {
    const runtime = await runtimeWith(chunks(lines({ error: 'write /var/lib/docker/tmp/x: no space left on device' })))
    await expect(runtime.pull(REF, () => undefined, never)).rejects.toMatchObject({
      code: 'service_unavailable',
      message: expect.stringContaining('disk'),
    })
  })

  it('of one image is shared by all who wait for it, each with its own signal', async () => {
    const stream: Answer = (response) => {
      response.writeHead(200).write(lines({ status: 'Downloading', id: 'layer', progressDetail: { current: 1, total: 2 } }))
      setTimeout(() => response.end(done), 150)
    }
    const runtime = await runtimeWith(stream)
    const impatient = new AbortController()
    const texts: string[] = []
    const first = runtime.pull(REF, () => impatient.abort(new Error('given up')), impatient.signal)
    const second = runtime.pull(REF, (text) => texts.push(text), never)
    await expect(first).rejects.toThrow('given up')
    expect(await second).toMatchObject({ id: 'sha256:2' })
    expect(texts).toContain(`pulling ${REF}: 50 %`)
    expect(daemon?.requests.filter((line) => line.startsWith(PULL))).toHaveLength(1)
  })

  it('is ended when the last who waits gives up, and begun anew for the next', async () => {
    let ended = 0
    const stream: Answer = (response) => {
      response.writeHead(200).write(lines({ status: 'Pulling' }))
      response.on('close', () => ended++)
    }
    const runtime = await runtimeWith(stream)
    const waiter = new AbortController()
    await expect(runtime.pull(REF, () => waiter.abort(new Error('given up')), waiter.signal)).rejects.toThrow('given up')
    await expect.poll(() => ended).toBe(1)
    const next = new AbortController()
    await expect(runtime.pull(REF, () => next.abort(new Error('given up too')), next.signal)).rejects.toThrow('given up too')
    expect(daemon?.requests.filter((line) => line.startsWith(PULL))).toHaveLength(2)
  })

  it("sends the credentials of the reference's registry", async () => {
    const auth = Buffer.from('me:s3:cret').toString('base64')
    await writeFile(path.join(folder, 'config.json'), JSON.stringify({ auths: { 'https://index.docker.io/v1/': { auth } } }))
    let header = ''
    const runtime = await runtimeWith((response, request) => {
      header = String(request.headers['x-registry-auth'])
      response.end(done)
    })
    await runtime.pull(REF, () => undefined, never)
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      username: 'me',
      password: 's3:cret',
      serveraddress: 'https://index.docker.io/v1/',
    })
  })
})
