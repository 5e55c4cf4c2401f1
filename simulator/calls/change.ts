import type { HostConfig } from '../world/create-body.ts'
import { updateBodyShape } from '../world/create-body.ts'
import { requireFreeName } from './create.ts'
import { requireCpus, requireMemory } from './limits.ts'
import { type Answer, type CallContext, changed, effects, find, type Process, Refusal, settled, until } from './process.ts'

/** `POST /containers/{id}/rename`. */
export function* renameContainer(context: CallContext, reference: string, name: string): Process<Answer> {
  const container = yield* settled(context, find(context, reference))
  if (name === '') throw new Refusal(400, 'Neither old nor new names may be empty')
  if (name === container.name) throw new Refusal(400, 'Renaming a container with the same name as its current name')
  requireFreeName(context, name, 'Error when allocating new name: ')
  yield effects(changed(container, 'rename', { name }, { oldName: `/${container.name}` }))
  return { status: 204 }
}

/** `POST /containers/{id}/update`: 0 leaves CPUs and memory as they are, but lifts the limit of processes. */
export function* updateContainer(context: CallContext, reference: string, body: unknown): Process<Answer> {
  const container = yield* settled(context, find(context, reference))
  const asked = updateBodyShape.safeParse(body)
  if (!asked.success) throw new Refusal(400, `json: cannot unmarshal: ${asked.error.message}`)
  const { Memory, MemorySwap, NanoCpus, CpuQuota, CpuPeriod, PidsLimit, RestartPolicy } = asked.data
  if (Memory > 0 && MemorySwap > 0) requireMemory(Memory, MemorySwap)
  else requireMemory(Memory, 0)
  requireCpus(NanoCpus, context.settings.cpus)
  if (container.status === 'removing' || container.status === 'dead') {
    throw new Refusal(409, `Cannot update container ${container.id}: Container is marked for removal and cannot be "update".`)
  }
  const old = container.hostConfig
  requireRoomInSwap(container.id, old, Memory, MemorySwap)
  const hostConfig: HostConfig = {
    ...old,
    Memory: Memory || old.Memory,
    MemorySwap: MemorySwap || old.MemorySwap,
    NanoCpus: NanoCpus || old.NanoCpus,
    CpuQuota: CpuQuota || old.CpuQuota,
    CpuPeriod: CpuPeriod || old.CpuPeriod,
    PidsLimit: PidsLimit ?? old.PidsLimit,
    RestartPolicy: RestartPolicy === undefined || RestartPolicy.Name === '' ? old.RestartPolicy : RestartPolicy,
  }
  yield effects(changed(container, 'update', { hostConfig }))
  return { status: 200, body: { Warnings: null } }
}

function requireRoomInSwap(id: string, old: HostConfig, memory: number, swap: number): void {
  const isTooMuch = memory > 0 && swap === 0 && old.MemorySwap > 0 && memory > old.MemorySwap
  const isTooLittle = swap > 0 && memory === 0 && swap < old.Memory
  if (isTooMuch) {
    throw new Refusal(
      409,
      `Cannot update container ${id}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time`,
    )
  }
  if (isTooLittle) throw new Refusal(400, 'Minimum memoryswap limit should be larger than memory limit, see usage')
}

/** `POST /containers/{id}/pause` and `/unpause`. */
export function* pauseContainer(context: CallContext, reference: string, isPause: boolean): Process<Answer> {
  const container = yield* settled(context, find(context, reference))
  const { id, status } = container
  if (!isPause && status !== 'paused') throw new Refusal(500, `Container ${id} is not paused`)
  if (isPause && status === 'paused') throw new Refusal(409, `Container ${id} is already paused`)
  if (isPause && status !== 'running') throw new Refusal(409, `Container ${id} is not running`)
  yield effects(isPause ? changed(container, 'pause', { status: 'paused' }) : changed(container, 'unpause', { status: 'running' }))
  return { status: 204 }
}

/** `POST /containers/{id}/wait`: until it does not run, ends its life, or is gone. */
export function* waitContainer(context: CallContext, reference: string, condition: string): Process<Answer> {
  const container = find(context, reference)
  const { id, lives } = container
  const isOver = (status: string) => status !== 'running' && status !== 'paused' && status !== 'restarting'
  let exitCode = container.exitCode
  // The docker program goes on once it has the headers.
  yield { kind: 'tell', line: undefined }
  yield* until(context, id, null, (now) => {
    if (now === undefined) return true
    exitCode = now.exitCode
    if (condition === 'removed') return false
    if (condition === 'next-exit')
      return now.lives > lives || (now.lives === lives && lives > 0 && isOver(now.status) && !isOver(container.status))
    return isOver(now.status)
  })
  return { status: 200, body: { Error: null, StatusCode: exitCode } }
}
