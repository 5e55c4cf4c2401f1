import { z } from 'zod'
import { listOf } from './parts.ts'

const image = z
  .object({
    id: z.string(),
    refs: z.array(z.string()).readonly(),
    sizeBytes: z.number().describe('With the layers that it shares with others.'),
    neededBy: z.array(z.object({ kind: z.enum(['Game', 'EngineVersion', 'Container']), name: z.string() })).readonly(),
    removeWith: z.string().nullable().describe('What the operator may type; null for an image that is needed.'),
  })
  .meta({ id: 'EngineImage', description: 'An engine’s image on the host, and what needs it.' })

export const imageList = listOf('ImageList', image).meta({ id: 'ImageList' })
