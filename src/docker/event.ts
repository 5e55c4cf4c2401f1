import { z } from 'zod'
import { GAME_ID_PATTERN } from '../model/game.ts'
import { type Identity, LABEL, ownershipOf } from '../model/labels.ts'
import type { ContainerEvent, HostEvent } from '../model/runtime-event.ts'
import { parseLine } from './ndjson.ts'

/**
 * One line of `GET /events`; null for what concerns nobody here: another type, another instance, no game.
 *
 * @throws Error when the line is no JSON
 */
export function parseEvent(line: string, identity: Identity): ContainerEvent | HostEvent | null {
  const parsed = eventShape.safeParse(parseLine(line))
  if (!parsed.success) return null
  const { Type: type, Action: action, Actor: actor } = parsed.data
  if (type === 'container') return containerEventOf(line, parsed.data, identity)
  if (type === 'image' || type === 'network') return { kind: type, action, name: hostNameOf(actor) }
  return null
}

const eventShape = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).catch({}) }),
  time: z.number().catch(0),
})

function containerEventOf(line: string, event: z.infer<typeof eventShape>, identity: Identity): ContainerEvent | null {
  const { ID: id, Attributes: attributes } = event.Actor
  const gameId = attributes[LABEL.gameId] ?? ''
  // A container's labels are among its event's attributes.
  if (ownershipOf(attributes, identity) === 'not_ours' || !GAME_ID_PATTERN.test(gameId)) return null
  return {
    kind: 'container',
    action: event.Action,
    id,
    gameId,
    name: attributes['name'] ?? '',
    timeNs: timeNsOf(line, event.time),
    attributes,
  }
}

/** Read from the text, since a JSON number loses the last digits. In a label the quotes would be escaped. */
function timeNsOf(line: string, timeSeconds: number): bigint {
  const digits = /"timeNano":(\d{1,19})\b/.exec(line)?.[1]
  return digits === undefined ? BigInt(Math.trunc(timeSeconds)) * 1_000_000_000n : BigInt(digits)
}

/** A pull names the image in its id, a tag or a network in its attributes. */
function hostNameOf({ ID: id, Attributes: attributes }: z.infer<typeof eventShape>['Actor']): string {
  const isHash = /^(sha256:)?[0-9a-f]{64}$/.test(id)
  return isHash ? (attributes['name'] ?? id) : id
}
