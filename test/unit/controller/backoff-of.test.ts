import { describe, expect, it } from 'vitest'
import { type Attempt, backoffAfter, backoffAfterCrash } from '../../../src/controller/backoff-of.ts'
import { type Backoff, HEALTHY_RESET_MS } from '../../../src/model/backoff.ts'
import type { ErrorCode, OperationKind } from '../../../src/model/operation.ts'
import { NOW_MS } from '../../support/planning.ts'

const MIDDLE = 0.5
const transient = (code: ErrorCode = 'container_start_failed') => ({ kind: 'transient', code, message: 'it failed' }) as const
let attempts = 0
const attempt = (over: Partial<Attempt> = {}): Attempt => ({
  operationId: `op-${attempts++}`,
  wish: 'wish',
  nowMs: NOW_MS,
  random: MIDDLE,
  ...over,
})

describe('the wait after a failed attempt', () => {
  it('doubles from failure to failure, up to five minutes', () => {
    let backoff: Backoff | null = null
    const delays: number[] = []
    let nowMs = NOW_MS
    for (let failure = 1; failure <= 12; failure++) {
      backoff = backoffAfter(backoff, transient(), 'start', attempt({ nowMs }))
      delays.push((backoff.notBeforeMs ?? 0) - nowMs)
      nowMs = backoff.notBeforeMs ?? 0
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((seconds) => seconds * 1_000))
    expect(backoff).toMatchObject({ kind: 'StartBackOff', failures: 12, delayMs: 300_000, message: 'it failed', wish: 'wish' })
  })

  it('begins anew for another wish', () => {
    const before = backoffAfter(backoffAfter(null, transient(), 'start', attempt()), transient(), 'start', attempt())
    expect(backoffAfter(before, transient(), 'start', attempt({ wish: 'other' })).failures).toBe(1)
  })

  it.each([
    ['begins anew ten minutes after the last wait ended', HEALTHY_RESET_MS, 1],
    ['goes on within ten minutes', HEALTHY_RESET_MS - 1, 3],
  ])('%s', (_, laterMs, failures) => {
    const before = backoffAfter(backoffAfter(null, transient(), 'start', attempt()), transient(), 'start', attempt())
    expect(backoffAfter(before, transient(), 'start', attempt({ nowMs: (before.notBeforeMs ?? 0) + laterMs })).failures).toBe(failures)
  })

  it('goes on when a game fails in one way and then in another: a name conflict met while healing is no tight loop', () => {
    let backoff: Backoff | null = null
    for (let time = 0; time < 5; time++) {
      backoff = backoffAfter(backoff, transient('container_start_failed'), 'start', attempt())
      backoff = backoffAfter(backoff, transient('conflict'), 'start', attempt())
    }
    expect(backoff?.delayMs).toBeGreaterThan(8_000)
  })

  it.each<readonly [ErrorCode, OperationKind, Backoff['kind']]>([
    ['image_pull_failed', 'start', 'ImagePullBackOff'],
    ['image_pull_failed', 'patch', 'ImagePullBackOff'],
    ['conflict', 'start', 'NameConflict'],
    ['start_config_invalid', 'start', 'StartConfigInvalid'],
    ['engine_unreachable', 'start', 'EngineUnreachable'],
    ['container_start_failed', 'start', 'StartBackOff'],
    ['container_start_failed', 'patch', 'PatchFailed'],
    ['internal_error', 'stop', 'StartBackOff'],
  ])('after %s of a %s is called %s', (code, op, kind) => {
    expect(backoffAfter(null, transient(code), op, attempt()).kind).toBe(kind)
  })

  it('that is terminal ends with another wish, never with time', () => {
    const failure = { kind: 'terminal', code: 'start_config_invalid', message: 'no such user' } as const
    expect(backoffAfter(null, failure, 'start', attempt())).toMatchObject({ kind: 'StartConfigInvalid', notBeforeMs: null })
  })
})

describe('row 13: the wait after a crash', () => {
  const crash = (before: Backoff | null, over: { ranWell?: boolean } & Partial<Attempt> = {}): Backoff => {
    const { ranWell = false, ...rest } = over
    return backoffAfterCrash(before, 'it exited with code 1', ranWell, attempt(rest))
  }

  it('doubles from crash to crash', () => {
    let backoff: Backoff | null = null
    const delays = [1, 2, 3, 4].map(() => {
      backoff = crash(backoff)
      return backoff.delayMs
    })
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000])
  })

  it.each([
    ['after ten healthy minutes', { ranWell: true }],
    ['for another wish', { wish: 'other' }],
  ])('begins anew %s', (_, over) => {
    expect(crash(crash(crash(null)), over).failures).toBe(1)
  })

  it('is not counted twice when the restart it was counted for fails', () => {
    const begun = crash(null, { operationId: 'op-crash' })
    expect(backoffAfter(begun, transient(), 'restart', attempt({ operationId: 'op-crash' })).failures).toBe(1)
  })
})
