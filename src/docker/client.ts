import http from 'node:http'
import https from 'node:https'
import { inspect } from 'node:util'
import type { Readable } from 'node:stream'
import Docker from 'dockerode'
import { z } from 'zod'
import { type Clock, systemClock } from '../clock.ts'
import type { DockerAddress } from '../local/docker-address.ts'
import { RuntimeFailure } from '../model/errors.ts'
import { type CallObserver, type DockerCall, openStream, sendCall } from './calls.ts'
import { DockerRefusal } from './errors.ts'

/** A negotiated connection to one daemon: calls with a deadline each, and streams without one. */
export interface DockerClients {
  /** What is spoken, e.g. `1.41`. */
  readonly apiVersion: string
  readonly daemonVersion: string
  /** Deadline of a call that names none. */
  readonly callMs: number
  /** What deadlines are measured by. */
  readonly clock: Clock
  /** @throws DockerRefusal when Docker says no; RuntimeFailure when it can't be reached or misses the deadline */
  send(call: DockerCall, signal: AbortSignal): Promise<unknown>
  /** Resolves when the headers are here; the signal ends the stream. */
  open(call: DockerCall, signal: AbortSignal): Promise<Readable>
  /** Ends idle connections; calls under way end by their own signals. */
  close(): void
}

export interface ConnectOptions {
  readonly address: DockerAddress
  readonly callMs: number
  readonly signal: AbortSignal
  readonly onCall?: CallObserver
}

const OLDEST_API = '1.41'
/** The newest one this code was written against; a newer daemon still serves it. */
const NEWEST_API = '1.47'

/** More than all workers can have in flight at once. */
const MAX_SOCKETS = 64

/**
 * Connects and agrees on an API version.
 *
 * @throws RuntimeFailure transient when the daemon can't be reached, terminal when no version suits both
 */
export async function connectDocker(options: ConnectOptions): Promise<DockerClients> {
  const { address, callMs, onCall = ignore } = options
  // Streams have connections of their own, so that they never take one from the calls.
  const callAgent = newAgent(address, true)
  const streamAgent = newAgent(address, false)
  const versionCall: DockerCall = { kind: 'version', method: 'GET', path: '/version' }
  const answer = await sendCall(newDocker(address, callAgent, ''), versionCall, callMs, options.signal, onCall)
  const { apiVersion, daemonVersion } = negotiate(answer)
  const calls = newDocker(address, callAgent, `v${apiVersion}`)
  const streams = newDocker(address, streamAgent, `v${apiVersion}`)
  return {
    apiVersion,
    daemonVersion,
    callMs,
    clock: systemClock,
    send: (call, signal) => sendCall(calls, call, callMs, signal, onCall),
    open: (call, signal) => openStream(streams, call, signal, onCall),
    close: () => {
      callAgent.destroy()
      streamAgent.destroy()
    },
  }
}

/**
 * The newest API version both sides speak.
 *
 * @param answer of `GET /version`
 * @throws RuntimeFailure terminal, naming both sides' versions
 */
export function negotiate(answer: unknown): { readonly apiVersion: string; readonly daemonVersion: string } {
  const parsed = versionShape.safeParse(answer)
  if (!parsed.success) throw new DockerRefusal(200, `no Docker daemon: ${JSON.stringify(answer)?.slice(0, 200)} is no answer to /version`)
  const { ApiVersion: newest, MinAPIVersion: oldest, Version: daemonVersion } = parsed.data
  const isTooOld = compareVersions(newest, OLDEST_API) < 0
  const isTooNew = compareVersions(oldest, NEWEST_API) > 0
  if (isTooOld || isTooNew) {
    const advice = isTooOld ? 'update Docker to 20.10 or later' : 'update this program'
    throw new RuntimeFailure(
      'terminal',
      'service_unavailable',
      `Docker ${daemonVersion} speaks API ${oldest} to ${newest}, needed is ${OLDEST_API} to ${NEWEST_API}: ${advice}`,
    )
  }
  return { apiVersion: compareVersions(newest, NEWEST_API) < 0 ? newest : NEWEST_API, daemonVersion }
}

const versionPattern = z.string().regex(/^\d+\.\d+$/)
const versionShape = z.object({
  Version: z.string().catch('of an unknown version'),
  ApiVersion: versionPattern,
  MinAPIVersion: versionPattern.catch('1.12'),
})

function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number)
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number)
  return aMajor - bMajor || aMinor - bMinor
}

function newAgent(address: DockerAddress, keepAlive: boolean): http.Agent {
  const settings = keepAlive ? { keepAlive, maxSockets: MAX_SOCKETS } : { keepAlive }
  const agent = isSecure(address) ? new https.Agent(settings) : new http.Agent(settings)
  // docker-modem formats every call's options for its debug log, even when that is off: without this, the agent with all its
  // sockets and buffers, several milliseconds a call.
  return Object.assign(agent, { [inspect.custom]: () => 'agent' })
}

/**
 * Every field is given, since docker-modem fills those that are absent from the environment. No `timeout`: the modem's
 * counts idle time on the socket and would cut a quiet stream.
 */
function newDocker(address: DockerAddress, agent: http.Agent, version: string): Docker {
  const place =
    address.kind === 'socket'
      ? { socketPath: address.socketPath, host: '', port: '' }
      : { host: address.host, port: address.port, ...address.tls }
  const protocol = isSecure(address) ? 'https' : 'http'
  const settings = { ...place, protocol, pathPrefix: '/', agent, version, timeout: 0 } as const
  return new Docker(settings)
}

function isSecure(address: DockerAddress): boolean {
  return address.kind === 'tcp' && address.tls !== undefined
}

function ignore(): void {}
