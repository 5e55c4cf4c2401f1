import { gameSchema, versionSchema } from '../desired/manifest/schema.ts'

// What the document shows for bodies that are manifests; they are read by the manifests' own parser, which names each field that is wrong.

export const gameManifest = gameSchema.meta({
  id: 'GameManifest',
  description: 'One game that should exist.',
  examples: [
    {
      apiVersion: 'galaxy.dev/v1alpha1',
      kind: 'Game',
      metadata: { name: 'andromeda', labels: { tier: 'free' } },
      spec: { engineVersion: '1.0.0', turnSchedule: '0 20 * * *', timeZone: 'Europe/Berlin' },
    },
  ],
})

export const versionManifest = versionSchema.meta({
  id: 'EngineVersionManifest',
  description: 'One version of an engine, and how it is run.',
  examples: [
    {
      apiVersion: 'galaxy.dev/v1alpha1',
      kind: 'EngineVersion',
      metadata: { name: 'galaxy-1.1.0' },
      spec: { version: '1.1.0', image: 'registry.example.com/galaxy/engine:1.1.0' },
    },
  ],
})
