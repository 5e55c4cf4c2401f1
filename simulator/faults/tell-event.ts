import type { Clock } from '../clock.ts'
import { eventOf, type ToldEvent } from '../events/event.ts'
import type { EventLog } from '../events/log.ts'
import type { Entry } from '../world/history.ts'
import { type FaultSubject, gameOf, type RuleBook } from './rule-book.ts'

/** Tells a change to all who follow, unless a rule has it lost, doubled or late. */
export function tellEvent(entry: Entry, rules: RuleBook, log: EventLog, clock: Clock): void {
  const event = eventOf(entry)
  if (event === null) return
  const faults = rules.forEvent(subjectOf(event))
  if (faults.some(({ kind }) => kind === 'cut_streams')) log.cut()
  if (faults.some(({ kind }) => kind === 'lose')) return
  const late = faults.find((fault) => fault.kind === 'late')
  const copies = faults.some(({ kind }) => kind === 'double') ? 2 : 1
  for (let copy = 0; copy < copies; copy += 1) {
    if (late === undefined) log.push(event)
    else clock.after(late.ms, () => log.push(event))
  }
}

function subjectOf({ type, action, actorId, attributes }: ToldEvent): FaultSubject {
  const container = type === 'container' ? { id: actorId, name: attributes['name'] ?? '' } : null
  return { kind: action, container, game: gameOf(attributes) }
}
