import type { Difference } from '../../model/difference.ts'
import type { AcceptedSpec, DesiredGame } from '../../model/game.ts'
import type { PlanInput } from './input.ts'

/** Fields of the row that have not become part of what is in force, and why. */
export function unacceptedFields({ admission, desired }: PlanInput): readonly Difference[] {
  if (desired === null || admission.kind === 'accepted') return []
  if (admission.kind === 'needs_image') {
    const why = admission.mayPull
      ? 'the image is not on this host; it is pulled first'
      : 'the image is not on this host, and pulling it is not allowed'
    return [{ side: 'desired', field: 'image', wanted: admission.imageRef, found: null, why }]
  }
  const { inForce, message } = admission
  const fields = inForce === null ? [] : changedFields(desired, inForce)
  if (fields.length === 0)
    return [{ side: 'desired', field: 'accepted', wanted: true, found: false, why: `it is not accepted: ${message}` }]
  return fields.map((field) => ({ side: 'desired', ...field, why: `not accepted: ${message}` }))
}

function changedFields(
  desired: DesiredGame,
  { requested, ...accepted }: AcceptedSpec,
): readonly Pick<Difference, 'field' | 'wanted' | 'found'>[] {
  const compared: readonly (readonly [string, unknown, unknown])[] = [
    ['engine', desired.engine, accepted.engine],
    ['engineVersion', desired.engineVersion, requested.engineVersion],
    ['image', desired.imageRef, requested.imageRef],
    ['resources.cpus', desired.cpus, requested.cpus],
    ['resources.memory', desired.memory, requested.memory],
    ['resources.pids', desired.pids, requested.pids],
    ['players', desired.players, accepted.players],
    ['turnSchedule', desired.turnSchedule, accepted.turnSchedule],
    ['timeZone', desired.timeZone, accepted.timeZone],
  ]
  return compared.flatMap(([field, wanted, found]) => (JSON.stringify(wanted) === JSON.stringify(found) ? [] : [{ field, wanted, found }]))
}
