import type { Kysely } from 'kysely'
import pLimit from 'p-limit'
import type { ControllerView, PlanAnswer } from './api/ports.ts'
import type { Database } from './database/tables.ts'
import { confirmPrune } from './desired/manifest/prune.ts'
import type { DriveState } from './drive.ts'
import { listOrphans } from './controller/orphans.ts'
import { compareGame, previewGame } from './controller/reconcile.ts'
import { RuntimeFailure } from './model/errors.ts'
import type { DesiredGame } from './model/game.ts'
import { type Plan, renderPlan } from './model/plan.ts'
import { isUp } from './model/observed.ts'
import type { GameUsage } from './model/usage.ts'
import type { ActiveTerm } from './term.ts'

/** What the doors are told of the running controller; a standby process knows its readiness and no more. */
export function controllerView(state: DriveState, db: Kysely<Database>): ControllerView {
  return {
    isLeader: () => state.active !== null,
    readiness: () => [
      { name: 'docker', ok: state.dockerProblem === null, detail: state.dockerProblem ?? 'connected' },
      {
        name: 'observed',
        ok: state.active === null || state.active.world.isKnown,
        detail: state.active === null ? 'standby' : `${state.active.world.containerCount} containers`,
      },
    ],
    planFor: async (gameId, hypothetical, queued) => {
      const { deps } = activeTerm(state, 'plans')
      const desired = {
        ...deps.desired,
        get: (id: string): DesiredGame | undefined => (id === gameId && hypothetical !== undefined ? hypothetical : deps.desired.get(id)),
      }
      const plan = await previewGame(gameId, { ...deps, desired }, (input) =>
        queued === undefined ? input : { ...input, queued: [...input.queued, queued] },
      )
      return toAnswer(plan)
    },
    compare: async (gameId) => {
      const { plan, ...compared } = await compareGame(gameId, activeTerm(state, 'compares').deps)
      return { ...compared, reason: plan.reason, plan: toAnswer(plan) }
    },
    openLogs: async (gameId, options, signal) => {
      const term = activeTerm(state, 'reads logs')
      return term.openLogs(containerOf(term, gameId), options, signal)
    },
    usage: async () => usageOf(activeTerm(state, 'looks at Docker')),
    orphans: async () => listOrphans(activeTerm(state, 'looks at Docker').deps),
    lookAfterAdopted: async () => {
      const { learnAdopted, loop, world } = activeTerm(state, 'looks at Docker')
      await learnAdopted()
      loop.add(await world.relist())
    },
    hostImages: async () => activeTerm(state, 'looks at Docker').hostImages(),
    askAsPlayer: async (gameId, actor, call, signal) => activeTerm(state, 'reaches engines').players.ask(gameId, actor, call, signal),
    confirmPrune: async (askedBy) => {
      const answers = await confirmPrune(db, null, askedBy)
      return answers.filter(({ answer }) => answer.kind === 'deleted').map(({ kind, name }) => `${kind} ${name}`)
    },
  }
}

/** So many readings at once; each keeps Docker busy for some milliseconds. */
const USAGE_LANES = 8

async function usageOf({ world, usage }: ActiveTerm): Promise<readonly GameUsage[]> {
  const running = [...world.games()].flatMap((game) =>
    world
      .game(game)
      .containers.filter(isUp)
      .map(({ id }) => ({ game, id })),
  )
  const lane = pLimit(USAGE_LANES)
  const read = await Promise.all(running.map(({ game, id }) => lane(async () => ({ game, found: await usage(id) }))))
  return read.flatMap(({ game, found }) => (found === null ? [] : [{ game, ...found }])).sort((a, b) => (a.game < b.game ? -1 : 1))
}

/** The one that is the game, or was last. */
function containerOf({ deps, world }: ActiveTerm, gameId: string): string {
  const { containers } = world.game(gameId)
  const recorded = deps.games.of(gameId).record?.containerId
  const newestFirst = containers.toSorted((a, b) => b.createdAtMs - a.createdAtMs)
  const chosen = containers.find(isUp) ?? containers.find(({ id }) => id === recorded) ?? newestFirst[0]
  if (chosen !== undefined) return chosen.id
  throw new RuntimeFailure('transient', 'not_found', `game ${gameId} has no container now, and a log goes with its container`)
}

function toAnswer(plan: Plan): PlanAnswer {
  return { text: renderPlan(plan), actions: plan.kind === 'act' ? plan.actions.length : 0 }
}

function activeTerm({ active }: DriveState, does: string): ActiveTerm {
  if (active !== null) return active
  throw new RuntimeFailure('transient', 'service_unavailable', `this process is on standby: only the active controller ${does}`)
}
