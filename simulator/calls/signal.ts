import type { Container } from '../world/container.ts'
import { behaviourOf } from './behaviour-of.ts'
import { die } from './life.ts'
import { again, type Answer, type CallContext, changed, effects, find, type Process, Refusal, settled, sleep } from './process.ts'

/** `POST /containers/{id}/kill`. */
export function* killContainer(context: CallContext, reference: string, signal: string): Process<Answer> {
  const container = yield* settled(context, find(context, reference))
  if (numberOf(signal) === null) throw new Refusal(400, `Invalid signal: ${signal}`)
  if (container.status !== 'running' && container.status !== 'paused') {
    throw new Refusal(409, `Cannot kill container: ${reference}: Container ${container.id} is not running`)
  }
  yield* signalContainer(context, container, signal)
  return { status: 204 }
}

/** Sends a signal; a paused container is woken for it. What its program makes of it comes later, by itself. */
export function* signalContainer(context: CallContext, container: Container, signal: string): Process<void> {
  const number = numberOf(signal) ?? 15
  const isTerminal = number === 9 || number === 15
  const killed = changed(container, 'kill', isTerminal ? { isStoppedByHand: true } : {}, { signal: String(number) })
  if (container.status === 'restarting')
    return yield effects(killed, changed(container, 'mark_restarting', { status: 'exited', isStoppedByHand: true }))
  yield effects(killed)
  if (number === 9) return yield { kind: 'spawn', process: end(context, container, KILL_MS, 137) }
  const woken = again(context, container)
  if (woken.status === 'paused') yield effects(changed(woken, 'unpause', { status: 'running' }))
  const reaction = number === 15 ? onTerm(context, container) : null
  if (reaction !== null) yield { kind: 'spawn', process: end(context, container, reaction.afterMs, reaction.exitCode) }
}

const KILL_MS = 10

function onTerm(context: CallContext, container: Container): { readonly afterMs: number; readonly exitCode: number } | null {
  const { onTerm: reaction } = behaviourOf(context, container)
  if (reaction.kind === 'exits') return reaction
  if (reaction.kind === 'ignores' || container.hostConfig.Init !== true) return null
  return { afterMs: KILL_MS, exitCode: 143 }
}

function* end(context: CallContext, { id, lives }: Container, afterMs: number, exitCode: number): Process<void> {
  yield sleep(afterMs)
  if (context.world.container(id)?.lives === lives) yield* die(context, id, { exitCode, isOom: false })
}

const NUMBERS: Readonly<Record<string, number>> = { HUP: 1, INT: 2, QUIT: 3, KILL: 9, USR1: 10, USR2: 12, TERM: 15, CONT: 18, STOP: 19 }

function numberOf(signal: string): number | null {
  if (/^\d{1,2}$/.test(signal)) return Number(signal)
  return NUMBERS[signal.toUpperCase().replace(/^SIG/, '')] ?? null
}
