import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'
import type { ImagePolicy } from '../../desired/resolve-image.ts'
import type { EngineImage } from '../../desired/versions-images.ts'
import { imageList } from '../answers/image.ts'
import type { ControllerView } from '../ports.ts'
import { listEngineImages } from '../reads/images.ts'
import { noQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'

export interface ImageListAnswer {
  readonly kind: 'ImageList'
  readonly metadata: { readonly continue: null }
  readonly items: readonly EngineImage[]
}

/** Listed, and never removed: that is the operator's to do. */
export function imageRoutes(
  app: ApiServer,
  { db, view, policy }: { db: Kysely<Database>; view: ControllerView; policy: ImagePolicy },
): void {
  const schema = {
    operationId: 'listImages',
    tags: ['versions'],
    summary: 'The engines’ images on the host, and what needs each',
    querystring: noQuery,
    response: { 200: imageList },
  } as const
  app.get('/images', { config: { needs: 'viewer' }, schema }, async (): Promise<ImageListAnswer> => {
    const items = await listEngineImages(db, policy, await view.hostImages())
    return { kind: 'ImageList' as const, metadata: { continue: null }, items }
  })
}
