import { SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RecordedTraces, recordTraces } from '../support/recorded-traces.ts'
import { PLAYERS } from '../support/reference-engine.ts'
import { simulatedControllers, type SimulatedControllers } from '../support/simulated-controller.ts'
import { until } from '../support/until.ts'

/** What an OpenTelemetry SDK in the controller's process is told. */
describe('traces', () => {
  let controllers: SimulatedControllers
  let traces: RecordedTraces

  beforeAll(async () => {
    traces = recordTraces()
    controllers = await simulatedControllers({ 'timings.probeInterval': '1h' })
    await controllers.start()
    await ask('orion')
  })
  afterAll(async () => {
    await controllers.dispose()
    await traces.stop()
  })

  it('show a new game as one: from the write of its row through passes, operation and calls to the moment it is ready', async () => {
    const root = await ended('change', 'orion')
    await untilReady('orion')
    expect(root.status.code).toBe(SpanStatusCode.OK)
    expect(traces.tree(root.spanContext().traceId, ['docker container_inspect', 'docker network_list'])).toBe(
      `change
  reconcile
    docker network_create
    docker container_create
    docker container_start
  operation start
  reconcile
    engine status
    engine init
  reconcile`,
    )
    const [row] = await controllers.deployment.query<{ updated_at: Date; generation: number; started_at: Date }>(
      "SELECT d.updated_at, generation, started_at FROM desired_games d JOIN runtime_records USING (game_id) WHERE game_id = 'orion'",
    )
    expect(Math.abs(millis(root.startTime) - Number(row?.updated_at))).toBeLessThanOrEqual(1)
    expect(millis(root.endTime)).toBeGreaterThanOrEqual(Number(row?.started_at))
    expect(root.attributes).toMatchObject({ 'galaxy.game_id': 'orion', 'galaxy.generation': Number(row?.generation) })
  })

  it('name the operation that the log has', async () => {
    const [operation] = await controllers.deployment.query<{ operation_id: string; cause: string }>(
      "SELECT operation_id, cause FROM operation_log WHERE game_id = 'orion' AND op = 'start'",
    )
    const span = named('operation start')[0]
    expect(span?.attributes).toMatchObject({ 'galaxy.operation_id': operation?.operation_id, 'galaxy.cause': operation?.cause })
  })

  it('show what the controller does by itself as another one', async () => {
    const [container] = await controllers.deployment.containers()
    await controllers.simulator.control('POST', `end/${container?.Id}`, { exitCode: 1, isOom: false, isOomFlagged: false })
    const root = await ended('upkeep restart', 'orion')
    expect(root.status.code).toBe(SpanStatusCode.OK)
    expect(traces.tree(root.spanContext().traceId)).toContain('docker container_start')
    expect(named('operation restart')[0]?.attributes['galaxy.op_detail']).toBe('crash_restart')
  })

  it('end with the fault where a change cannot be done, and hold nothing of what a registry said', async () => {
    await controllers.deployment.query("INSERT INTO desired_games (game_id, image_ref) VALUES ('unpulled', 'registry.test/nothing:1')")
    const root = await ended('change', 'unpulled')
    expect(root.status).toEqual({ code: SpanStatusCode.ERROR, message: 'image_pull_failed' })
    const calls = traces.spans.filter((span) => span.name === 'docker image_pull')
    expect(calls.length).toBeGreaterThan(0)
    for (const { status, events } of calls) expect([status.message, events]).toEqual([undefined, []])
    await controllers.deployment.query("DELETE FROM desired_games WHERE game_id = 'unpulled'")
  })

  it('link a change to the one that it overtook', async () => {
    await controllers.simulator.control('POST', 'rules', {
      match: { call: 'container_start', game: 'hasty' },
      do: { kind: 'delay', ms: 500 },
    })
    await ask('hasty')
    await until(
      () => controllers.deployment.query("SELECT FROM operation_log WHERE game_id = 'hasty' AND status = 'running'"),
      (rows) => rows.length === 1,
      'its start is under way',
    )
    await controllers.deployment.query("UPDATE desired_games SET state = 'stopped', stop_reason = 'cancelled' WHERE game_id = 'hasty'")
    await until(
      () => of('change', 'hasty').length,
      (changes) => changes === 2,
      'both changes have ended',
    )
    const [first, second] = of('change', 'hasty').toSorted((a, b) => millis(a.startTime) - millis(b.startTime))
    expect(first?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'overtaken' })
    expect(second?.status.code).toBe(SpanStatusCode.OK)
    expect(second?.links.map((link) => link.context.spanId)).toEqual([first?.spanContext().spanId])
  })

  it('come to an end each, and none is made of resyncs, probes or lists', async () => {
    const roots = () => traces.spans.filter((span) => span.parentSpanContext === undefined)
    await until(
      () => new Set(traces.spans.map((span) => span.spanContext().traceId)).size - roots().length,
      (open) => open === 0,
      'no trace is open',
    )
    // As the log's lines have it.
    for (const { attributes } of named('reconcile')) expect(attributes['galaxy.reconcile_id']).toMatch(/^\d+\.\d+$/)
    expect(roots().filter(({ name }) => name !== 'change' && !name.startsWith('upkeep '))).toEqual([])
  })

  function ask(gameId: string) {
    return controllers.deployment.query(
      "INSERT INTO desired_games (game_id, engine, engine_version, players) VALUES ($1, 'reference', '1.0.0', $2)",
      [gameId, JSON.stringify(PLAYERS)],
    )
  }

  function named(name: string): readonly ReadableSpan[] {
    return traces.spans.filter((span) => span.name === name)
  }

  function of(name: string, gameId: string): readonly ReadableSpan[] {
    return named(name).filter(({ attributes }) => attributes['galaxy.game_id'] === gameId)
  }

  async function ended(name: string, gameId: string): Promise<ReadableSpan> {
    const [span] = await until(
      () => of(name, gameId),
      (found) => found.length > 0,
      `the trace "${name}" of ${gameId} has ended`,
    )
    if (span === undefined) throw new Error('awaited above')
    return span
  }

  async function untilReady(gameId: string): Promise<void> {
    await until(
      () => controllers.deployment.query("SELECT FROM games WHERE game_id = $1 AND ready = 'True'", [gameId]),
      (rows) => rows.length === 1,
      `${gameId} is ready`,
    )
  }
})

function millis([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1_000 + nanoseconds / 1e6
}
