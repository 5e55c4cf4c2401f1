import type { IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { z } from 'zod'
import { type Answer, Refusal } from '../calls/process.ts'
import { imageShape, registryImageShape } from '../calls/settings.ts'
import type { Daemon } from '../daemon.ts'
import { ruleShape } from '../faults/rule.ts'
import { overlaps } from '../judge/overlaps.ts'
import { touched } from '../judge/touched.ts'
import { callJson, entryJson, touchJson } from './history-json.ts'

interface Control {
  readonly daemon: Daemon
  readonly advance: ((ms: number) => void) | null
}

type Handler = (control: Control, query: URLSearchParams, body: unknown, target: string) => Answer

/** What is asked of the simulator itself, under `/_simulator/`. @throws Refusal 404 and 400 */
export async function answerControl(control: Control, request: IncomingMessage, path: string, query: URLSearchParams): Promise<Answer> {
  const [, , topic = '', target = ''] = path.split('/')
  const handler = HANDLERS[`${request.method} ${topic}`]
  if (handler === undefined) throw new Refusal(404, `the simulator has no ${request.method} /_simulator/${topic}`)
  const body = request.method === 'POST' ? await bodyOf(request) : undefined
  return handler(control, query, body, target)
}

const HANDLERS: Readonly<Record<string, Handler>> = {
  'GET history': ({ daemon }, query) => ok(daemon.history.since(Number(query.get('since') ?? 0)).map(entryJson)),
  'GET calls': ({ daemon }) => ok(daemon.history.calls().map(callJson)),
  'GET overlaps': ({ daemon }) => ok(overlaps(daemon.history.since(0))),
  'GET touched': ({ daemon }) => ok(touched(daemon.history.since(0), 'docker').map(touchJson)),
  'GET rules': ({ daemon }) => ok(daemon.rules.list()),
  'POST rules': ({ daemon }, _, body) => ok({ id: daemon.rules.set(read(ruleShape, body)) }),
  'DELETE rules': ({ daemon }, _query, _body, target) => {
    if (target === '') daemon.rules.clear()
    else if (!daemon.rules.remove(Number(target))) throw new Refusal(404, `there is no rule ${target}`)
    return ok({})
  },
  'POST images': ({ daemon }, _, body) => ok({ id: daemon.provide(read(imageShape, body)) }),
  'POST registry': ({ daemon }, _, body) => {
    const image = read(registryImageShape, body)
    const at = daemon.registry.findIndex(({ reference }) => reference === image.reference)
    daemon.registry.splice(at < 0 ? daemon.registry.length : at, at < 0 ? 0 : 1, image)
    return ok({})
  },
  'POST end': ({ daemon }, _, body, target) => {
    daemon.end(target, read(endShape, body))
    return ok({})
  },
  'POST cut-streams': ({ daemon }) => {
    daemon.events.cut()
    return ok({})
  },
  'POST restart': ({ daemon }, _, body) => {
    daemon.restart(read(restartShape, body))
    return ok({})
  },
  'POST advance': ({ daemon, advance }, _, body) => {
    const { ms } = read(advanceShape, body)
    if (advance === null) throw new Refusal(409, 'time is real here')
    advance(ms)
    return ok({ nowMs: daemon.nowMs() })
  },
}

const endShape = z.strictObject({
  exitCode: z.int().min(0).max(255).default(1),
  isOom: z.boolean().default(false),
  isOomFlagged: z.boolean().default(true),
})
const advanceShape = z.strictObject({ ms: z.number().min(0) })
const restartShape = z.strictObject({
  downMs: z.number().min(0).default(1_000),
  isGraceful: z.boolean().default(true),
  isLiveRestore: z.boolean().default(false),
})

function ok(body: unknown): Answer {
  return { status: 200, body }
}

function read<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body ?? {})
  if (parsed.success) return parsed.data
  throw new Refusal(400, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  try {
    return await json(request)
  } catch {
    return undefined
  }
}
