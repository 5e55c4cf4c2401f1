import { parseFamiliarName } from '@swimlane/docker-reference'
import type { Clock } from '../clock.ts'
import { messageOf, RuntimeFailure } from '../model/errors.ts'
import type { ImageFacts } from '../model/image.ts'
import { printable } from '../model/printable.ts'
import type { DockerClients } from './client.ts'
import type { ReadCredentials, RegistryAuth } from './credentials.ts'
import { diskFull } from './errors.ts'
import { inspectImage } from './image.ts'
import { parseLine, readLines } from './ndjson.ts'
import { advance, NO_PROGRESS, renderProgress } from './pull-progress.ts'

export interface PullSettings {
  /** A stream that is silent for so long has failed. */
  readonly stallMs: number
  readonly credentials: ReadCredentials
}

/**
 * Pulls one image and verifies it by an inspect.
 *
 * @throws RuntimeFailure transient `image_pull_failed`; `service_unavailable` when a disk is full
 */
export async function pullImage(
  clients: DockerClients,
  settings: PullSettings,
  imageRef: string,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<ImageFacts> {
  try {
    await pull(clients, settings, imageRef, onProgress, signal)
    const facts = await inspectImage(clients, imageRef, signal)
    if (facts === null) throw new Error('Docker reports success but has no such image')
    return facts
  } catch (error) {
    signal.throwIfAborted()
    throw pullFailure(imageRef, error)
  }
}

async function pull(
  clients: DockerClients,
  settings: PullSettings,
  imageRef: string,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const reference = parseFamiliarName(imageRef)
  const registryAuth = await settings.credentials(reference.domain ?? 'docker.io', signal)
  // A reference without tag would pull every tag there is.
  const query = { fromImage: `${reference.domain}/${reference.repository}`, tag: reference.digest ?? reference.tag ?? 'latest' }
  const call = {
    kind: 'image_pull',
    method: 'POST',
    path: '/images/create',
    query,
    ...(registryAuth === null ? {} : { registryAuth }),
  } as const
  const stall = watchStall(clients.clock, settings.stallMs, signal)
  try {
    await followPull(imageRef, readLines(await clients.open(call, stall.signal)), onProgress, stall.touch)
  } catch (error) {
    stall.signal.throwIfAborted()
    throw withoutCredentials(error, registryAuth)
  } finally {
    stall.end()
  }
}

async function followPull(
  imageRef: string,
  lines: AsyncIterable<string>,
  onProgress: (text: string) => void,
  touch: () => void,
): Promise<void> {
  let progress = NO_PROGRESS
  let told = ''
  for await (const line of lines) {
    touch()
    progress = advance(progress, parseLine(line))
    if (progress.error !== null) throw new Error(printable(progress.error))
    const text = renderProgress(imageRef, progress)
    if (text !== told) onProgress(text)
    told = text
  }
  if (!progress.isComplete) throw new Error('the progress stream ended before the pull did')
}

/** A registry is given the credentials, and may repeat them in its refusal, which the daemon passes on. */
function withoutCredentials(error: unknown, auth: RegistryAuth | null): unknown {
  if (auth === null || !(error instanceof Error)) return error
  const secrets = 'password' in auth ? [auth.password, basicOf(auth)] : [auth.identitytoken]
  const isRepeated = secrets.some((secret) => secret !== '' && messageOf(error).includes(secret))
  return isRepeated ? new Error('the registry refused, in words that hold the credentials it was given') : error
}

function basicOf({ username, password }: Extract<RegistryAuth, { password: string }>): string {
  return Buffer.from(`${username}:${password}`).toString('base64')
}

/** A signal that follows the caller's and also ends when nothing was touched for `stallMs`. */
function watchStall(clock: Clock, stallMs: number, signal: AbortSignal): { readonly signal: AbortSignal; touch(): void; end(): void } {
  const stall = new AbortController()
  const arm = () => clock.after(stallMs, () => stall.abort(new Error(`no progress for ${stallMs} ms`)))
  let cancel = arm()
  const giveUp = () => stall.abort(signal.reason)
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  return {
    signal: stall.signal,
    touch: () => {
      cancel()
      cancel = arm()
    },
    end: () => {
      cancel()
      signal.removeEventListener('abort', giveUp)
    },
  }
}

function pullFailure(imageRef: string, error: unknown): RuntimeFailure {
  const message = messageOf(error)
  const full = diskFull(message)
  if (full !== null) return full
  const isDenied = /unauthorized|denied|authentication|no basic auth/i.test(message)
  const advice = isDenied
    ? "log in to its registry with docker login, where this controller reads Docker's configuration"
    : "check the reference, and that the daemon's host reaches its registry"
  return new RuntimeFailure('transient', 'image_pull_failed', `could not pull ${imageRef}: ${message} (${advice})`, { cause: error })
}
