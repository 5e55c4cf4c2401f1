import type { Difference, Differences } from '../../model/difference.ts'
import type { AcceptedSpec, DesiredGame } from '../../model/game.ts'
import { isUp, type ObservedContainer } from '../../model/observed.ts'
import { containerDifferences } from './differences-container.ts'
import { unacceptedFields } from './differences-unaccepted.ts'
import { isOver } from './finished.ts'
import type { PlanInput } from './input.ts'
import type { EngineHealth } from '../../model/record.ts'
import { castOf } from './match.ts'
import { restartOf } from './replace.ts'

/**
 * What of a game is otherwise than asked for, field by field: the row against what was accepted of it, and that against the
 * container and the record. Pure, and made from the very facts that the plan is made from.
 */
export function differencesOf(input: PlanInput): Differences {
  const { desired, observed } = input
  const notes = notesOn(input)
  if (!observed.isKnown) return { differences: [], notes: [...notes, 'the container runtime does not tell what is there now'] }
  if (desired === null) return { differences: observed.containers.map(unasked(input)), notes }
  if (desired.deletedAt !== null) return { differences: observed.containers.map(outlived(desired)), notes }
  if (desired.state === 'stopped') return { differences: observed.containers.filter(isUp).map(stillUp(desired)), notes }
  if (isOver(input.record, desired) && restartOf(input) === null) return { differences: [], notes: [...notes, finishedNote(input)] }
  return { differences: [...unacceptedFields(input), ...ofRunning(input, desired)], notes }
}

function ofRunning(input: PlanInput, desired: DesiredGame): readonly Difference[] {
  const spec = specInForce(input)
  if (spec === null) return []
  const { current } = castOf(input)
  const others = input.observed.containers.filter((container) => container !== current && isUp(container))
  return [
    ...(current === null ? [missing(input, spec)] : containerDifferences(input, spec, current)),
    ...others.map(duplicate),
    ...ofRecord(input, spec, desired),
    ...tokens(input, desired),
  ]
}

/** What may be run now: a wish that is not accepted leaves the last good one in force. */
function specInForce({ admission, status }: PlanInput): AcceptedSpec | null {
  if (admission.kind === 'accepted') return admission.spec
  return admission.kind === 'refused' ? admission.inForce : status.acceptedSpec
}

function missing({ record }: PlanInput, spec: AcceptedSpec): Difference {
  const why =
    record?.containerId == null
      ? 'the game has not been started yet'
      : `the recorded container ${record.containerId.slice(0, 12)} is not there any more`
  return { side: 'accepted', field: 'container', wanted: spec.imageRef, found: null, why }
}

function ofRecord({ record, health, status }: PlanInput, spec: AcceptedSpec, desired: DesiredGame): readonly Difference[] {
  if (record === null) return []
  const unequal = (field: string, wanted: unknown, found: unknown): readonly Difference[] =>
    wanted === found ? [] : [{ side: 'accepted', field, wanted, found, why: 'the record does not have it yet' }]
  const failure = health.kind === 'failing' ? `${health.failures} probes in a row failed: ${health.message}` : null
  return [
    ...unequal('paused', desired.paused, record.paused),
    ...unequal('turnSchedule', spec.turnSchedule, record.turnSchedule),
    ...unequal('timeZone', spec.timeZone, record.timeZone ?? 'UTC'),
    ...(failure === null ? [] : [unhealthy(record.health, failure)]),
    ...(status.observedGeneration >= desired.generation ? [] : [unseen(status.observedGeneration, desired)]),
  ]
}

function unhealthy(found: EngineHealth, why: string): Difference {
  return { side: 'accepted', field: 'engineHealth', wanted: 'ok', found, why }
}

function unseen(found: number, { generation, writtenBy }: DesiredGame): Difference {
  const why = `${writtenBy} wrote generation ${generation}, and what it asks for is not through yet`
  return { side: 'desired', field: 'generation', wanted: generation, found, why }
}

function tokens(input: PlanInput, { restartToken, turnToken }: DesiredGame): readonly Difference[] {
  const { handledRestartToken, handledTurnToken } = input.status
  const restart = restartOf(input) !== null
  const turn = turnToken !== null && turnToken !== handledTurnToken && input.record?.currentTurn != null
  return [
    ...(restart ? [token('restartToken', restartToken, handledRestartToken, 'a fresh container')] : []),
    ...(turn ? [token('turnToken', turnToken, handledTurnToken, 'one extra turn')] : []),
  ]
}

function token(field: string, wanted: string | null, found: string | null, asked: string): Difference {
  return { side: 'desired', field, wanted, found, why: `a new token asks for ${asked}` }
}

function duplicate({ name, state }: ObservedContainer): Difference {
  return { side: 'accepted', field: 'container', wanted: null, found: `${name} (${state})`, why: 'a second container of one game' }
}

function unasked({ desiredProblem }: PlanInput): (container: ObservedContainer) => Difference {
  const why = desiredProblem === null ? 'nothing asks for this game' : `its desired row cannot be read: ${desiredProblem}`
  return ({ name, state }) => ({ side: 'desired', field: 'container', wanted: null, found: `${name} (${state})`, why })
}

function outlived({ writtenBy }: DesiredGame): (container: ObservedContainer) => Difference {
  const why = `the game is being deleted, as ${writtenBy} asked`
  return ({ name, state }) => ({ side: 'desired', field: 'container', wanted: null, found: `${name} (${state})`, why })
}

function stillUp({ stopReason, writtenBy }: DesiredGame): (container: ObservedContainer) => Difference {
  const why = `${writtenBy} asked for a stop (${stopReason ?? 'no reason'})`
  return ({ state }) => ({ side: 'desired', field: 'state', wanted: 'Stopped', found: state, why })
}

function finishedNote({ record }: PlanInput): string {
  return `the engine called the game finished at turn ${record?.currentTurn ?? 'unknown'}; a new generation or a restart token starts it again`
}

function notesOn({ admission, openOperation }: PlanInput): readonly string[] {
  const open = openOperation === null ? [] : [`operation ${openOperation.operationId} (${openOperation.op}) is under way`]
  if (admission.kind !== 'accepted') return open
  const outdated = admission.outdated === null ? [] : [`pinned until the next change or restart: ${admission.outdated}`]
  return [...open, ...outdated, ...admission.remarks]
}
