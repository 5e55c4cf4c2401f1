import type { Answer } from '../../../simulator/calls/process.ts'
import { imageShape, registryImageShape, settingsShape } from '../../../simulator/calls/settings.ts'
import { type VirtualClock, virtualClock } from '../../../simulator/clock.ts'
import { Daemon } from '../../../simulator/daemon.ts'
import { ruleShape } from '../../../simulator/faults/rule.ts'
import { routeOf } from '../../../simulator/server/routes.ts'
import type { Caller } from '../../../simulator/world/history.ts'

/** What became of a call: its answer, a connection that broke, or nothing at all. */
export type Outcome = Answer | 'dropped' | 'hangs'

export interface Simulated {
  readonly daemon: Daemon
  readonly clock: VirtualClock
  /** Folders and files that containers wrote. */
  readonly written: ReadonlyMap<string, string>
  /** Makes a call and lets time pass until it has ended, or nothing is left that could end it. */
  ask(method: string, path: string, body?: unknown, caller?: Caller): Outcome
  /** Makes a call and leaves it under way. */
  begin(method: string, path: string, body?: unknown): { outcome: Outcome; readonly lines: unknown[] }
  rule(match: object, fault: object, more?: object): number
  /** Creates a container of game `game` on the folder of that game, and starts it; gives its id. */
  run(game: string, more?: object): string
  create(game: string, more?: object): string
  status(reference: string): string | undefined
  /** Lines that come from now on. */
  follow(query?: string): string[]
}

export const IMAGE = 'engine:1.0.0'

export function simulated(image: object = {}): Simulated {
  const clock = virtualClock(1_000_000_000_000)
  const written = new Map<string, string>()
  const machine = {
    exists: (path: string) => !path.startsWith('/nowhere'),
    write: (path: string, text: string) => void written.set(path, text),
  }
  const daemon = new Daemon({ clock, settings: settingsShape.parse({}), machine, seed: 'test' })
  daemon.provide(imageShape.parse({ reference: IMAGE, ...image }))
  daemon.registry.push(registryImageShape.parse({ reference: 'registry.test/engine:2.0.0' }))

  const begin: Simulated['begin'] = (method, path, body) => start(method, path, body, 'docker')

  function start(method: string, path: string, body: unknown, caller: Caller): { outcome: Outcome; readonly lines: unknown[] } {
    const url = new URL(path, 'http://docker')
    const route = routeOf({
      method,
      path: url.pathname,
      query: url.searchParams,
      body,
      hasLogin: false,
      registry: daemon.registry,
      images: null,
    })
    if (route === null) throw new Error(`there is no ${method} ${path}`)
    const labels = { ...(body as { Labels?: Record<string, string> } | undefined)?.Labels } // as the tests write them
    const wanted = route.kind === 'container_create' ? { name: url.searchParams.get('name'), labels } : null
    const under: { outcome: Outcome; readonly lines: unknown[] } = { outcome: 'hangs', lines: [] }
    daemon.call(
      { ...route, caller, wanted },
      {
        tell: (line) => under.lines.push(line),
        answer: (answer) => {
          under.outcome = answer
        },
        drop: () => {
          under.outcome = 'dropped'
        },
      },
    )
    return under
  }

  const ask: Simulated['ask'] = (method, path, body, caller = 'docker') => {
    const under = start(method, path, body, caller)
    while (under.outcome === 'hangs' && daemon.isAwaited && clock.leap());
    return under.outcome
  }

  const create: Simulated['create'] = (game, more = {}) => {
    const Labels = { 'com.galaxy.game_id': game }
    const HostConfig = { Init: true, Mounts: [{ Type: 'bind', Source: `/games/${game}`, Target: '/state' }] }
    const outcome = ask('POST', `/containers/create?name=${game}`, { Image: IMAGE, Labels, HostConfig, ...more })
    if (typeof outcome === 'string' || outcome.status !== 201) throw new Error(`not created: ${JSON.stringify(outcome)}`)
    return (outcome.body as { Id: string }).Id // of a 201
  }

  return {
    daemon,
    clock,
    written,
    ask,
    begin,
    create,
    run: (game, more) => {
      const id = create(game, more)
      ask('POST', `/containers/${id}/start`)
      return id
    },
    rule: (match, fault, more = {}) => daemon.rules.set(ruleShape.parse({ match, do: fault, ...more })),
    status: (reference) => daemon.world.container(daemon.world.nameHolder(reference) ?? reference)?.status,
    follow: () => {
      const lines: string[] = []
      daemon.follow(
        new Map(),
        null,
        null,
        (line) => lines.push(line),
        () => lines.push('end'),
      )
      return lines
    },
  }
}

/** `container die`, `network connect`, …; `end` where the stream ended. */
export function actionsOf(lines: readonly string[]): readonly string[] {
  return lines.map((line) => {
    if (line === 'end') return line
    const { Type, Action } = JSON.parse(line) as { Type: string; Action: string } // an event of Docker's
    return `${Type} ${Action}`
  })
}
