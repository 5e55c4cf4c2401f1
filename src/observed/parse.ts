import { z } from 'zod'
import { GAME_ID_PATTERN } from '../model/game.ts'
import { LABEL, parseLabels } from '../model/labels.ts'
import type { Limits } from '../model/limits.ts'
import { type ContainerDetail, type ContainerState, isUp, type ObservedContainer } from '../model/observed.ts'

/** `labels` are all of them, for the ownership test; what is unusable is reported, never acted on. */
export type ParsedContainer =
  | { readonly kind: 'container'; readonly container: ObservedContainer; readonly labels: Readonly<Record<string, string>> }
  | { readonly kind: 'unusable'; readonly id: string | null; readonly reason: string }

/**
 * One entry of `GET /containers/json`; its `detail` is null.
 *
 * @param mountPath where the state mount sits inside a container
 */
export function parseListEntry(entry: unknown, mountPath: string): ParsedContainer {
  const parsed = listShape.safeParse(entry)
  if (!parsed.success) return unusable(entry, parsed.error)
  const { data } = parsed
  return withGame(data.Id, data.Labels, (gameId) => ({
    id: data.Id,
    name: ownName(data.Names),
    gameId,
    state: data.State,
    imageId: data.ImageID,
    imageRef: data.Image,
    createdAtMs: data.Created * 1000,
    labels: parseLabels(data.Labels),
    stateHostPath: sourceOf(data.Mounts, mountPath),
    addresses: addressesOf(data.State, data.NetworkSettings.Networks),
    dockerHealth: healthIn(data.Status),
    detail: null,
  }))
}

/** The answer of `GET /containers/{id}/json`, with `detail`. Creation time is cut to the second, as a list gives it. */
export function parseInspection(answer: unknown, mountPath: string): ParsedContainer {
  const parsed = inspectShape.safeParse(answer)
  if (!parsed.success) return unusable(answer, parsed.error)
  const { data } = parsed
  return withGame(data.Id, data.Config.Labels, (gameId) => ({
    id: data.Id,
    name: data.Name.replace(/^\//, ''),
    gameId,
    state: data.State.Status,
    imageId: data.Image,
    imageRef: data.Config.Image,
    createdAtMs: Math.floor((timeMs(data.Created) ?? 0) / 1000) * 1000,
    labels: parseLabels(data.Config.Labels),
    stateHostPath: sourceOf(data.Mounts, mountPath),
    addresses: addressesOf(data.State.Status, data.NetworkSettings.Networks),
    dockerHealth: data.State.Health.Status,
    detail: detailOf(data),
  }))
}

const stateShape = z.enum(['created', 'running', 'paused', 'restarting', 'exited', 'removing', 'dead'])
const healthShape = z.enum(['none', 'starting', 'healthy', 'unhealthy'])
const textShape = z.string().catch('')
const numberShape = z.number().catch(0)
const labelsShape = z.record(z.string(), z.string()).catch({})
const mountsShape = z.array(z.object({ Source: textShape, Destination: textShape })).catch([])
const networksShape = z.object({ Networks: z.record(z.string(), z.object({ IPAddress: textShape })).catch({}) }).catch({ Networks: {} })

const listShape = z.object({
  Id: z.string().min(1),
  Names: z.array(z.string()).catch([]),
  Image: textShape,
  ImageID: textShape,
  Created: numberShape,
  State: stateShape,
  Status: textShape,
  Labels: labelsShape,
  Mounts: mountsShape,
  NetworkSettings: networksShape,
})

const inspectShape = z.object({
  Id: z.string().min(1),
  Name: textShape,
  Image: textShape,
  Created: textShape,
  State: z.object({
    Status: stateShape,
    StartedAt: textShape,
    FinishedAt: textShape,
    ExitCode: numberShape,
    OOMKilled: z.boolean().catch(false),
    Error: textShape,
    Health: z.object({ Status: healthShape.catch('none') }).catch({ Status: 'none' }),
  }),
  Config: z.object({ Image: textShape, Labels: labelsShape }),
  HostConfig: z.object({
    NanoCpus: numberShape,
    CpuQuota: numberShape,
    CpuPeriod: numberShape,
    Memory: numberShape,
    PidsLimit: numberShape,
    AutoRemove: z.boolean().catch(false),
  }),
  Mounts: mountsShape,
  NetworkSettings: networksShape,
})

function withGame(id: string, labels: Readonly<Record<string, string>>, build: (gameId: string) => ObservedContainer): ParsedContainer {
  const gameId = labels[LABEL.gameId] ?? ''
  if (!GAME_ID_PATTERN.test(gameId))
    return { kind: 'unusable', id, reason: `label ${LABEL.gameId} is missing or no game id: ${JSON.stringify(gameId.slice(0, 80))}` }
  return { kind: 'container', container: build(gameId), labels }
}

function unusable(value: unknown, error: z.ZodError): ParsedContainer {
  const identified = z.object({ Id: z.string() }).safeParse(value)
  const problems = error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  return { kind: 'unusable', id: identified.success ? identified.data.Id : null, reason: problems.join('; ') }
}

/** Legacy links add names with a second slash. */
function ownName(names: readonly string[]): string {
  const name = names.find((candidate) => candidate.lastIndexOf('/') === 0) ?? names[0] ?? ''
  return name.replace(/^\//, '')
}

function sourceOf(mounts: readonly { Source: string; Destination: string }[], mountPath: string): string | null {
  return mounts.find((mount) => mount.Destination === mountPath && mount.Source !== '')?.Source ?? null
}

/** A container that is down has none: Docker then gives an empty text, but after a failed start its lists go on giving the address that was meant for it. */
function addressesOf(state: ContainerState, networks: Readonly<Record<string, { IPAddress: string }>>): ObservedContainer['addresses'] {
  if (!isUp({ state })) return {}
  const attached = Object.entries(networks).map(([name, endpoint]): [string, string] => [name, endpoint.IPAddress])
  return Object.fromEntries(attached.filter(([, address]) => address !== ''))
}

/** A list has it in its text alone, and of what runs: `Up 2 minutes (unhealthy)`, `Up 1 second (health: starting)`, `Up 3 hours`. */
function healthIn(status: string): ObservedContainer['dockerHealth'] {
  const told = /^Up .*\((?:health: )?(starting|healthy|unhealthy)\)$/.exec(status)?.[1]
  return healthShape.safeParse(told).data ?? (/^Up [^(]*$/.test(status) ? 'none' : null)
}

function detailOf({ State, HostConfig }: z.infer<typeof inspectShape>): ContainerDetail {
  return {
    startedAtMs: timeMs(State.StartedAt),
    finishedAtMs: timeMs(State.FinishedAt),
    exitCode: State.ExitCode,
    isOomKilled: State.OOMKilled,
    error: State.Error,
    limits: limitsOf(HostConfig),
    isAutoRemove: HostConfig.AutoRemove,
  }
}

/** Docker writes no limit as 0, and for pids also as -1 or null. */
function limitsOf(host: z.infer<typeof inspectShape>['HostConfig']): Limits {
  const quotaCpus = host.CpuQuota > 0 && host.CpuPeriod > 0 ? host.CpuQuota / host.CpuPeriod : null
  return {
    cpus: host.NanoCpus > 0 ? host.NanoCpus / 1e9 : quotaCpus,
    memoryBytes: host.Memory > 0 ? host.Memory : null,
    pids: host.PidsLimit > 0 ? host.PidsLimit : null,
  }
}

/** Docker's zero time, the year 1, is null. */
function timeMs(text: string): number | null {
  const ms = Date.parse(text)
  return Number.isFinite(ms) && ms > 0 ? ms : null
}
