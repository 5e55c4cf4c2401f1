import { z } from 'zod'
import { ADOPTIONS } from '../../model/orphan.ts'
import { listOf, word } from './parts.ts'

const orphan = z
  .object({
    game: z.string(),
    container: z.string().describe('Its name.'),
    containerId: z.string(),
    state: word(['created', 'running', 'paused', 'restarting', 'exited', 'removing', 'dead']),
    deployment: z.string().nullable().describe('Another deployment’s id; null for one that no other deployment claims.'),
    engine: z.string().nullable(),
    engineVersion: z.string().nullable(),
    image: z.string(),
    stateFolder: z.string().nullable().describe('Where on the host its state is.'),
    adoption: word(ADOPTIONS).describe(
      '`by_itself`: about to be; `on_request`: when it is asked for; `with_deployment`: with all of its deployment; `refused`: something is in the way.',
    ),
    why: z.string().describe('What makes it so, and what may be done, in an operator’s words.'),
  })
  .meta({ id: 'Orphan', description: 'A container with our labels that is left alone.' })

export const orphanList = listOf('OrphanList', orphan).meta({ id: 'OrphanList' })

export const deploymentAdoption = z
  .object({
    kind: z.literal('DeploymentAdoption'),
    deployment: z.string(),
    dryRun: z.boolean(),
    items: z.array(orphan).readonly().describe('As they were when it was asked for.'),
  })
  .meta({ id: 'DeploymentAdoption', description: 'What was taken over, or would be.' })
