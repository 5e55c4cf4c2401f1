import { LABEL } from '../../../src/model/labels.ts'
import { type DockerCall, isWrite } from './docker-call.ts'

/** One call as it passed the proxy; times are epoch ms. */
export interface PassedCall {
  readonly kind: string
  /** The container's id where it is known, else what the path says. */
  readonly target: string | null
  readonly gameId: string | null
  readonly askedAtMs: number
  /** What befell it. */
  readonly fault: string | null
  /** When the daemon heard of it; null while it has not. */
  readonly forwardedAtMs: number | null
  /** The daemon's own answer, whether the client got it or not. */
  readonly answer: { readonly status: number; readonly atMs: number } | null
}

/** What the daemon was asked and did, as the proxy saw it. */
export class DockerRecord {
  readonly #calls: PassedCall[] = []
  readonly #ends: { readonly id: string; readonly atMs: number }[] = []
  readonly #gameOf = new Map<string, string>()
  readonly #idOf = new Map<string, string>()

  get calls(): readonly PassedCall[] {
    return this.#calls
  }

  /** Calls that changed something, of one game: those that the daemon carried out, in the order in which it heard of them. */
  effects(gameId: string): readonly string[] {
    return this.#calls
      .filter((call) => call.gameId === gameId && isWrite(call.kind) && call.answer !== null && call.answer.status < 300)
      .sort((a, b) => (a.forwardedAtMs ?? 0) - (b.forwardedAtMs ?? 0))
      .map(({ kind }) => kind)
  }

  /** The most containers of one game that may have run at one time: from when the daemon was asked to start one until it had ended. */
  mostAtOnce(): number {
    let most = 0
    const running = new Map<string, Set<string>>()
    for (const { id, gameId, isUp } of this.#turningPoints()) {
      const ids = running.get(gameId) ?? new Set<string>()
      running.set(gameId, ids)
      if (isUp) ids.add(id)
      else ids.delete(id)
      most = Math.max(most, ids.size)
    }
    return most
  }

  begin(call: DockerCall, ownGameId: string | null): number {
    const target = call.target === null ? null : (this.#idOf.get(call.target) ?? call.target)
    const gameId = ownGameId ?? (target === null ? null : (this.#gameOf.get(target) ?? null))
    this.#calls.push({ kind: call.kind, target, gameId, askedAtMs: nowMs(), fault: null, forwardedAtMs: null, answer: null })
    return this.#calls.length - 1
  }

  of(index: number): PassedCall {
    const call = this.#calls[index]
    if (call === undefined) throw new RangeError(`no call ${index}`)
    return call
  }

  befell(index: number, fault: string): void {
    this.#calls[index] = { ...this.of(index), fault }
  }

  forwarded(index: number): void {
    this.#calls[index] = { ...this.of(index), forwardedAtMs: nowMs() }
  }

  answered(index: number, status: number, body: Buffer): void {
    const call = this.of(index)
    const answered = { ...call, answer: { status, atMs: nowMs() } }
    this.#calls[index] = answered
    if (call.kind === 'container_create' && status === 201) {
      const { Id: id } = JSON.parse(body.toString()) as { Id: string } // the Engine API's answer
      this.#calls[index] = { ...answered, target: id }
      this.#know(id, call.target, call.gameId)
    }
    if (call.kind === 'container_list' && status === 200) this.#knowAll(body)
  }

  /** The daemon told that a container ended, whoever ended it. */
  ended(id: string, atMs: number): void {
    this.#ends.push({ id, atMs })
  }

  #know(id: string, name: string | null, gameId: string | null): void {
    if (name !== null) this.#idOf.set(name, id)
    if (gameId !== null) this.#gameOf.set(id, gameId)
  }

  /** Containers that were made past the proxy. */
  #knowAll(body: Buffer): void {
    const listed = JSON.parse(body.toString()) as { Id: string; Names: string[]; Labels: Record<string, string> }[] // the Engine API's list
    for (const { Id, Names, Labels } of listed) this.#know(Id, Names[0]?.slice(1) ?? null, Labels[LABEL.gameId] ?? null)
  }

  #turningPoints(): readonly { readonly id: string; readonly gameId: string; readonly isUp: boolean }[] {
    const starts = this.#calls.flatMap(({ kind, target, gameId, forwardedAtMs, answer }) =>
      kind === 'container_start' && target !== null && gameId !== null && forwardedAtMs !== null && (answer?.status ?? 0) < 300
        ? [{ id: target, gameId, isUp: true, atMs: forwardedAtMs }]
        : [],
    )
    const ends = this.#calls.flatMap(({ kind, target, gameId, answer }) =>
      (kind === 'container_stop' || kind === 'container_remove') && target !== null && gameId !== null && answer !== null && isDown(answer)
        ? [{ id: target, gameId, isUp: false, atMs: answer.atMs }]
        : [],
    )
    const told = this.#ends.map(({ id, atMs }) => ({ id, gameId: this.#gameOf.get(id) ?? '', isUp: false, atMs }))
    return [...starts, ...ends, ...told].sort((a, b) => a.atMs - b.atMs)
  }
}

function isDown({ status }: { readonly status: number }): boolean {
  return status < 300 || status === 304 || status === 404
}

function nowMs(): number {
  return performance.timeOrigin + performance.now()
}
