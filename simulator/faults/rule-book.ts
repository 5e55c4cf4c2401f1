import type { Container } from '../world/container.ts'
import type { CallFault, EventFault, Rule } from './rule.ts'

/** What a call or an event is about, as far as rules ask. */
export interface FaultSubject {
  /** Call kind, or the event's action. */
  readonly kind: string
  readonly container: { readonly id: string; readonly name: string } | null
  readonly game: string | null
}

export interface SetRule {
  readonly id: number
  readonly rule: Rule
  /** Calls or events that fitted so far. */
  readonly seen: number
  /** How often it struck. */
  readonly struck: number
}

const GAME_LABEL = 'com.galaxy.game_id'

export function subjectOf(kind: string, container: Pick<Container, 'id' | 'name' | 'config'> | undefined): FaultSubject {
  if (container === undefined) return { kind, container: null, game: null }
  return { kind, container: { id: container.id, name: container.name }, game: gameOf(container.config.Labels) }
}

export function gameOf(labels: Readonly<Record<string, string>> | null | undefined): string | null {
  return labels?.[GAME_LABEL] ?? null
}

/** The rules in force, in the order they were set, and how often each has been met. */
export class RuleBook {
  readonly #rules = new Map<number, SetRule>()
  #lastId = 0

  set(rule: Rule): number {
    this.#lastId += 1
    this.#rules.set(this.#lastId, { id: this.#lastId, rule, seen: 0, struck: 0 })
    return this.#lastId
  }

  /** @returns false when there is no such rule */
  remove(id: number): boolean {
    return this.#rules.delete(id)
  }

  clear(): void {
    this.#rules.clear()
  }

  list(): readonly SetRule[] {
    return [...this.#rules.values()]
  }

  /** The faults of a call; it counts as met. */
  forCall(subject: FaultSubject): readonly CallFault[] {
    return this.#strike((rule) => ('call' in rule.match && fits(rule.match.call, rule.match, subject) ? (rule.do as CallFault) : null)) // a rule that matches calls does something to calls
  }

  forEvent(subject: FaultSubject): readonly EventFault[] {
    return this.#strike((rule) => ('event' in rule.match && fits(rule.match.event, rule.match, subject) ? (rule.do as EventFault) : null)) // as above
  }

  #strike<T>(faultOf: (rule: Rule) => T | null): readonly T[] {
    const struck: T[] = []
    for (const { id, rule, ...counts } of this.#rules.values()) {
      const fault = faultOf(rule)
      if (fault === null) continue
      const seen = counts.seen + 1
      const isDue = seen >= rule.nth && (rule.times === null || seen < rule.nth + rule.times)
      this.#rules.set(id, { id, rule, seen, struck: counts.struck + (isDue ? 1 : 0) })
      if (isDue) struck.push(fault)
    }
    return struck
  }
}

function fits(kind: string, { container, game }: Rule['match'], subject: FaultSubject): boolean {
  if (kind !== '*' && kind !== subject.kind) return false
  if (game !== undefined && game !== subject.game) return false
  if (container === undefined) return true
  return subject.container !== null && (subject.container.name === container || subject.container.id.startsWith(container))
}
