import { API_VERSION } from '../desired/manifest/schema.ts'
import { type ImagePolicy, resolveImage } from '../desired/resolve-image.ts'
import type { RegisteredVersion } from '../desired/versions.ts'
import type { VersionHolder } from '../desired/versions-holder.ts'

export type VersionEnvelope = ReturnType<typeof toVersionEnvelope>

/** An engine version as the doors show it; `spec` in the manifest's words, with every default written out. */
export function toVersionEnvelope(registered: RegisteredVersion, holder: VersionHolder | undefined, policy: ImagePolicy) {
  const { engine, version, imageRef, ...run } = registered.version
  const resolved = resolveImage({ engine, engineVersion: version, imageRef: null }, registered.version, policy, true)
  return {
    apiVersion: API_VERSION,
    kind: 'EngineVersion' as const,
    metadata: {
      name: `${engine}-${version}`,
      resourceVersion: registered.resourceVersion,
      createdAt: registered.createdAt,
      updatedAt: registered.updatedAt,
    },
    spec: { engine, version, image: imageRef, ...run },
    status: {
      /** What a game on this version runs; null when that may not be used. */
      image: resolved.kind === 'resolved' ? resolved.imageRef : null,
      problem: resolved.kind === 'resolved' ? null : resolved.message,
      desiredBy: registered.desiredBy,
      /** The watched document that enforces it, `manifests/engine-versions.yaml:9`. */
      manifest: holder?.place ?? null,
    },
  }
}
