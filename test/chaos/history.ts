import { type Evidence, judgeRest, judgeSafety } from './judge/judge.ts'
import type { Finding, Row } from './judge/testimony.ts'
import { callWitness, rowsOf, type Witness } from './judge/witness.ts'
import { registryOf } from './judge/wishes.ts'
import { FAULTS } from './steps/faults.ts'
import { liftEverything, stopTicking } from './steps/lift.ts'
import { MEDDLING } from './steps/meddling.ts'
import { pickStep, type Stage } from './steps/step.ts'
import { insertAll, WISHES } from './steps/wishes.ts'
import { type ChaosWorld, createWorld } from './world.ts'

export interface Verdict {
  readonly seed: number
  readonly findings: readonly Finding[]
  /** How often each kind of thing was done. */
  readonly done: Readonly<Record<string, number>>
  /** Faults that really struck, by kind. */
  readonly struck: Readonly<Record<string, number>>
  /** Effects of the controller, by kind. */
  readonly effects: Readonly<Record<string, number>>
  readonly steps: number
  readonly lives: number
  readonly virtualMs: number
}

export interface HistoryOptions {
  readonly seed: number
  readonly postgresUrl: string
  /** Told of every step as it is taken; `atMs` counts from the beginning. */
  readonly onStep?: (atMs: number, what: string) => void
}

const GAMES = ['andromeda', 'pegasus', 'draco'] as const
const PAUSES_MS = [0, 20, 200, 2_000, 15_000, 60_000] as const
const FEWEST_STEPS = 20
const MORE_STEPS = 20
const REST_MS = 3_600_000
/** Longer than from one resync to the next. */
const QUIET_MS = 65_000
const RESYNCS = 10

/** One seed's history from beginning to verdict: random steps, then no more of them, rest, and the judge. */
export async function runHistory(options: HistoryOptions): Promise<Verdict> {
  const world = await createWorld({ seed: options.seed, postgresUrl: options.postgresUrl })
  const witness = await callWitness({
    daemon: world.daemon,
    sql: (text, values) => world.sql(text, values),
    identity: world.identity,
    folders: () => world.stateFolders,
    isVouchedFor: vouching(world),
  })
  const untell = tellEntries(world, options.onStep)
  try {
    return await play(world, witness, options)
  } finally {
    untell()
    witness.leave()
    await world.dispose()
  }
}

/**
 * A database that refuses or loses writes refuses the lease's renewal as well, and with it the vouching. Renewals come every 1.5 s, and after 5 s without one a new
 * term begins, which vouches for nothing before it has looked: for this long nothing is held against a status.
 */
const UNRENEWED_MS = 10_000
const REFUSALS: ReadonlySet<string> = new Set(['database killed', 'database answer_lost', 'database read_only'])

function vouching(world: ChaosWorld): (gameId: string) => boolean {
  let [faults, untilMs] = [0, 0]
  return (gameId) => {
    const struck = [...world.struck].reduce((sum, [kind, times]) => sum + (REFUSALS.has(kind) ? times : 0), 0)
    if (struck !== faults) untilMs = world.clock.nowMs() + UNRENEWED_MS
    faults = struck
    return world.vouchesFor(gameId) && world.clock.nowMs() >= untilMs
  }
}

/** Also tells what becomes of containers. @returns leaves off */
function tellEntries({ daemon, clock }: ChaosWorld, onStep: HistoryOptions['onStep']): () => void {
  if (onStep === undefined) return () => undefined
  const startMs = clock.nowMs()
  return daemon.observe({
    onDown: () => undefined,
    onEntry: ({ seq, origin, effect }) => {
      if (effect.subject === 'image') return
      const name = effect.subject === 'name' ? effect.name : (effect.after ?? effect.before)?.name
      onStep(
        clock.nowMs() - startMs,
        `    ${seq} ${origin.caller} ${origin.kind}: ${effect.subject} ${effect.action} ${name} ${effect.id.slice(0, 12)}`,
      )
    },
  })
}

async function play(world: ChaosWorld, witness: Witness, { seed, onStep }: HistoryOptions): Promise<Verdict> {
  const startMs = world.clock.nowMs()
  const done: Record<string, number> = {}
  const struck: Record<string, number> = {}
  const stage: Stage = {
    world,
    random: world.random,
    games: GAMES.slice(0, 1 + world.random.below(GAMES.length)),
    begin: () => begin(world, witness, stage),
    struck: (kind, times) => {
      if (times > 0) struck[kind] = (struck[kind] ?? 0) + times
    },
    did: (kind, what) => {
      done[kind] = (done[kind] ?? 0) + 1
      onStep?.(world.clock.nowMs() - startMs, `${kind}: ${what}`)
    },
  }
  const steps = FEWEST_STEPS + world.random.below(MORE_STEPS)
  await insertAll(stage)
  await stage.begin()
  for (let step = 0; step < steps; step += 1) await takeStep(stage, witness)
  const findings = [...(await rest(stage, witness)), ...judgeSafety(await evidenceOf(world, witness))]
  for (const { promise, message, seq } of findings) stage.did('finding', `${promise} ${message}${seq === null ? '' : ` (entry ${seq})`}`)
  return {
    seed,
    findings,
    done,
    struck: { ...struck, ...struckOf(world) },
    effects: countOf(world.effects.map(({ by, kind }) => `${by} ${kind}`)),
    steps,
    lives: (await witness.testimony()).lives.length,
    virtualMs: world.clock.nowMs() - startMs,
  }
}

async function takeStep(stage: Stage, witness: Witness): Promise<void> {
  const { world, random } = stage
  if (!world.isAlive && random.chance(0.6)) await stage.begin()
  const family = random.next()
  const kinds = family < 0.45 ? WISHES : family < 0.65 ? MEDDLING : FAULTS
  await pickStep(kinds, random).run(stage)
  await world.pass(random.pick(PAUSES_MS))
  if (!world.isAlive) witness.ended()
  await witness.look(stage.games)
}

async function begin(world: ChaosWorld, witness: Witness, stage: Stage): Promise<void> {
  if (world.isAlive) return
  witness.ended()
  witness.began()
  await world.start()
  stage.did('life', `epoch ${world.epoch}`)
}

/** Faults lifted, the controller alive, time: then everything has to be as it was asked for, and to stay so (L1). */
async function rest(stage: Stage, witness: Witness): Promise<readonly Finding[]> {
  const { world, games } = stage
  await liftEverything(stage)
  await stage.begin()
  const findings = await converge(stage, witness)
  await witness.look(games)
  return findings.length > 0 ? findings : await stay(world, witness)
}

/** Backoffs of up to five minutes may still have to pass: it is looked at again until it is as it should be, or the time is up. */
async function converge(stage: Stage, witness: Witness): Promise<readonly Finding[]> {
  const { world } = stage
  const untilMs = world.clock.nowMs() + REST_MS
  await world.settle(QUIET_MS)
  await stopTicking(world)
  for (;;) {
    // A crash that was under way when all faults were lifted still comes.
    await stage.begin()
    const isAtRest = await world.settle(REST_MS, QUIET_MS)
    const evidence = await evidenceOf(world, witness)
    const findings = judgeRest(evidence, await restOf(world, evidence))
    if (isAtRest && world.isAlive && findings.length === 0) return []
    if (world.clock.nowMs() < untilMs) continue
    return isAtRest
      ? findings
      : [...findings, { promise: 'L1', message: `it did not come to rest within ${REST_MS / 60_000} minutes`, seq: null }]
  }
}

/** Ten resyncs do nothing at all. */
async function stay(world: ChaosWorld, witness: Witness): Promise<readonly Finding[]> {
  const since = (await witness.testimony()).writes.length
  const { dockerWrites, rowsWritten } = await world.resyncs(RESYNCS)
  if (dockerWrites.length === 0 && rowsWritten === 0) return []
  const writes = (await witness.testimony()).writes.slice(since)
  const written = writes.map(({ op, table, before, after }) => `${op} ${table} ${differenceOf(before, after)}`)
  const message = `${RESYNCS} resyncs at rest wrote ${rowsWritten} rows (${written.join('; ').slice(0, 2_000)}) and called ${dockerWrites.join(', ') || 'nothing'}`
  return [{ promise: 'L1', message, seq: null }]
}

function differenceOf(before: Row | null, after: Row | null): string {
  const columns = Object.keys(after ?? before ?? {}).filter(
    (column) => JSON.stringify(before?.[column]) !== JSON.stringify(after?.[column]),
  )
  return columns.map((column) => `${column}: ${JSON.stringify(before?.[column])} → ${JSON.stringify(after?.[column])}`).join(', ')
}

async function evidenceOf(world: ChaosWorld, witness: Witness): Promise<Evidence> {
  const { registry, folders, statuses } = witness
  const testimony = await witness.testimony()
  return {
    testimony: { ...testimony, moments: [...testimony.moments, ...world.effects] },
    registry,
    folders,
    statuses,
    turns: world.computedTurns,
  }
}

async function restOf(world: ChaosWorld, { testimony, registry }: Evidence) {
  const [rows, records, operations, actions] = await Promise.all(
    ['desired_games', 'runtime_records', 'operation_log', 'operation_actions'].map((table) =>
      rowsOf((text, values) => world.sql(text, values), table),
    ),
  )
  return {
    containers: world.daemon.world.containers(),
    rows: rows ?? [],
    records: (records ?? []).filter((record) => record['status'] !== 'removed'),
    versions: registryOf(testimony.writes, registry, Infinity, Infinity),
    imageLabels: (id: string) => world.daemon.world.image(id)?.config.Labels ?? {},
    defaults: { cpus: 1, memoryBytes: 256 * 1024 ** 2, pids: 128 },
    operations: operations ?? [],
    actions: actions ?? [],
  }
}

function struckOf(world: ChaosWorld): Readonly<Record<string, number>> {
  const calls = world.daemon.history.calls().flatMap(({ faults }) => faults.map((fault) => `docker ${fault}`))
  return { ...countOf(calls), ...Object.fromEntries(world.struck) }
}

function countOf(kinds: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
