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
    .flatMap((game) => world.game(game).containers.map((each) => orphanOf(each, null, judgeOrphan(each, factsOf(game, deps)))))
  const foreign = world.otherDeployments.map((each) => {
    const judgement = judgeForeign(each, factsOf(each.gameId, deps), isKnown(each.gameId, deps))
    return orphanOf(each, each.labels.deployment, judgement)
  })
  return [...own, ...foreign].sort((a, b) => (a.container < b.container ? -1 : 1))
}

/** Whether somebody asks for the game, or a record or an operation tells of it. */
function isKnown(game: string, { desired, games }: OrphanDeps): boolean {
  const { record, openOperation } = games.of(game)
  return desired.get(game) !== undefined || desired.problem(game) !== undefined || record !== null || openOperation !== null
}

function factsOf(game: string, { identity, settings, world }: OrphanDeps): AdoptionFacts {
  return {
    canonicalName: containerName(identity.instance, game),
    stateHostPath: settings.stateOf(game).hostPath,
    siblings: world.game(game).containers,
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
