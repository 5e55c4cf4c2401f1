import { containerName } from '../model/labels.ts'
import type { ObservedContainer } from '../model/observed.ts'
import type { Orphan } from '../model/orphan.ts'
import type { LoopDeps } from './deps.ts'
import { type AdoptionFacts, judgeForeign, judgeOrphan, type Judgement } from './plan/adoption.ts'

type OrphanDeps = Pick<LoopDeps, 'desired' | 'games' | 'identity' | 'settings' | 'world'>

/** Every container with our labels that is left alone, by what is known of it now; asks nobody. */
export function listOrphans(deps: OrphanDeps): readonly Orphan[] {
  const { world } = deps
  const own = [...world.games()]
    .filter((game) => !isKnown(game, deps))
    .flatMap((game) => world.game(game).containers.map((each) => orphanOf(each, null, judgeOrphan(each, factsOf(each, deps)))))
  const foreign = world.otherDeployments.map((each) => {
    const judgement = judgeForeign(each, factsOf(each, deps), isKnown(each.gameId, deps))
    return orphanOf(each, each.labels.deployment, judgement)
  })
  return [...own, ...foreign].sort((a, b) => (a.container < b.container ? -1 : 1))
}

/** Whether somebody asks for the game, or a record or an operation tells of it. */
function isKnown(game: string, { desired, games }: OrphanDeps): boolean {
  const { record, openOperation } = games.of(game)
  return desired.get(game) !== undefined || desired.problem(game) !== undefined || record !== null || openOperation !== null
}

function factsOf({ gameId, labels }: ObservedContainer, { identity, settings, world }: OrphanDeps): AdoptionFacts {
  const { containers, foreignDeployments } = world.game(gameId)
  return {
    canonicalName: containerName(identity.instance, gameId),
    stateHostPath: settings.stateOf(gameId).hostPath,
    siblings: containers,
    rivals: foreignDeployments.filter((each) => each.labels.deployment === labels.deployment),
  }
}

function orphanOf(
  { gameId, name, id, state, labels, imageRef, stateHostPath }: ObservedContainer,
  deployment: string | null,
  judged: Judgement,
): Orphan {
  return {
    game: gameId,
    container: name,
    containerId: id,
    state,
    deployment,
    engine: labels.engine,
    engineVersion: labels.engineVersion,
    image: labels.engineImageRef ?? imageRef,
    stateFolder: stateHostPath,
    ...judged,
  }
}
