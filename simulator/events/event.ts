import { type Effect, isTold } from '../world/effect.ts'
import type { Entry } from '../world/history.ts'

/** One message of the event stream, as data and as the line that is sent. */
export interface ToldEvent {
  readonly type: 'container' | 'network' | 'image'
  readonly action: string
  readonly actorId: string
  readonly attributes: Readonly<Record<string, string>>
  readonly atNs: bigint
  readonly line: string
}

/** Null for what Docker tells nobody. */
export function eventOf({ effect, atNs }: Entry): ToldEvent | null {
  if (effect.subject === 'name' || !isTold(effect)) return null
  const actor = actorOf(effect)
  // In the order of their names, as Go writes a map.
  const attributes = Object.fromEntries(Object.entries(actor.attributes).sort(([a], [b]) => (a < b ? -1 : 1)))
  const message = {
    ...actor.legacy,
    Type: effect.subject,
    Action: effect.action,
    Actor: { ID: actor.id, Attributes: attributes },
    scope: 'local',
    time: Number(atNs / 1_000_000_000n),
  }
  // A JSON number made by JSON.stringify would lose the last digits.
  const line = `${JSON.stringify(message).slice(0, -1)},"timeNano":${atNs}}\n`
  return { type: effect.subject, action: effect.action, actorId: actor.id, attributes, atNs, line }
}

interface Actor {
  readonly id: string
  readonly attributes: Readonly<Record<string, string>>
  /** What older clients read. */
  readonly legacy: object
}

function actorOf(effect: Exclude<Effect, { subject: 'name' }>): Actor {
  const { id, action, attributes } = effect
  switch (effect.subject) {
    case 'container': {
      const shown = effect.after ?? effect.before
      const image = shown?.config.Image ?? ''
      const all = { ...shown?.config.Labels, image, name: shown?.name ?? '', ...attributes }
      return { id, attributes: all, legacy: { status: action, id, from: image } }
    }
    case 'network': {
      const shown = effect.after ?? effect.before
      return { id, attributes: { name: shown?.name ?? '', type: shown?.driver ?? '', ...attributes }, legacy: {} }
    }
    case 'image': {
      const { reference, ...rest } = attributes
      const shownId = reference ?? id
      return { id: shownId, attributes: { ...effect.after?.config.Labels, ...rest }, legacy: { status: action, id: shownId } }
    }
  }
}
