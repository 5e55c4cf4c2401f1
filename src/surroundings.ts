import { homedir } from 'node:os'
import path from 'node:path'
import { v7 as uuid } from 'uuid'
import { type Clock, systemClock } from './clock.ts'
import { listen } from './database/listen.ts'
import { type DatabasePool, openPool, type PoolOptions } from './database/pool.ts'
import { watchManifests } from './desired/manifest/folder.ts'
import { type ReadCredentials, readCredentials } from './docker/credentials.ts'
import { type StateFolders, stateFoldersUnder, type StateRoot } from './docker/state-directory.ts'
import type { EngineTransport } from './engine/client.ts'
import { EngineConnections } from './engine/exchange.ts'
import { type ProbeEngine, probeEngine } from './engine/probe.ts'

/** Where a term gets time and chance from, and how it reaches what is outside this process, Docker apart; tests put their own in its place. */
export interface Surroundings {
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** UUID v7. */
  readonly newId: () => string
  readonly openPool: (options: PoolOptions) => Pick<DatabasePool, 'db' | 'close'>
  readonly listen: typeof listen
  /** @param connectMs for a connection alone */
  readonly openTransport: (connectMs: number) => EngineTransport
  readonly probe: ProbeEngine
  readonly stateFolders: (root: StateRoot) => StateFolders
  readonly credentials: ReadCredentials
  readonly watchManifests: typeof watchManifests
}

export const realSurroundings: Surroundings = {
  clock: systemClock,
  random: Math.random,
  newId: uuid,
  openPool,
  listen,
  openTransport: (connectMs) => new EngineConnections(connectMs),
  probe: probeEngine,
  stateFolders: stateFoldersUnder,
  credentials: (registry, signal) => readCredentials(path.join(homedir(), '.docker'), registry, signal),
  watchManifests,
}
