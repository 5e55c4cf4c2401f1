import type { Filters } from '../calls/filters.ts'
import { matchesLabels } from '../calls/filters.ts'
import type { ToldEvent } from './event.ts'

/** `GET /events`' filters: values of one are alternatives, but for labels. */
export function isWanted(event: ToldEvent, filters: Filters): boolean {
  const isOneOf = (name: string, matches: (value: string) => boolean) => {
    const values = filters.get(name) ?? []
    return values.length === 0 || values.some(matches)
  }
  const isActor = (type: ToldEvent['type']) => (value: string) =>
    event.type === type && (event.actorId.startsWith(value) || event.attributes['name'] === value)
  return (
    isOneOf('type', (value) => event.type === value) &&
    isOneOf('event', (value) => event.action === value || event.action.startsWith(`${value}: `)) &&
    isOneOf('container', isActor('container')) &&
    isOneOf('network', isActor('network')) &&
    isOneOf('image', (value) => isActor('image')(value) || event.attributes['image'] === value) &&
    isOneOf('scope', (value) => value === 'local') &&
    matchesLabels(event.attributes, filters)
  )
}
