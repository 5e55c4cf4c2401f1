import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createRig, type Rig } from '../support/fault-proxy/rig.ts'
import { until } from '../support/until.ts'

/** Rows of the specification's table of faults about lists, made by a proxy in front of the real daemon; each ends in rest. */
describe('lists of Docker that go wrong', () => {
  let rig: Rig

  beforeAll(async () => {
    rig = await createRig()
    await rig.running('bystander')
  })
  afterEach(() => rig.docker.liftAll())
  afterAll(() => rig.dispose())

  it('row 17: a list by label that hangs is made up for by the whole list', async () => {
    const { hit, lift } = rig.docker.inject({ on: 'container_list', nth: 1, fault: { kind: 'hang', effect: 'before' } })
    await hit
    await rig.running('row-17-list')
    lift()
    await rig.comesToRest()
  })

  it('row 23: a list from before the game was there: its container is looked at, and left alone', async () => {
    const { lift } = rig.docker.inject({ on: 'container_list', times: 1_000, fault: { kind: 'stale_list' } })
    await rig.running('row-23-new')
    const id = await rig.containerId('row-23-new')
    await listsAgain(5)
    lift()
    await rig.comesToRest()
    expect(await rig.containerId('row-23-new')).toBe(id)
    expect(destroyed('row-23-new')).toEqual([])
  })

  it('row 23: a list from before a patch: the old container is gone, and the new one stays', async () => {
    await rig.running('row-23-patched')
    await listsAgain(1)
    const { lift } = rig.docker.inject({ on: 'container_list', times: 1_000, fault: { kind: 'stale_list' } })
    await rig.patch('row-23-patched', '1.0.1')
    await rig.runs('row-23-patched', '1.0.1')
    const id = await rig.containerId('row-23-patched')
    await listsAgain(5)
    lift()
    await rig.runs('row-23-patched', '1.0.1')
    await rig.comesToRest()
    expect(await rig.containerId('row-23-patched')).toBe(id)
    expect(destroyed('row-23-patched').filter((target) => target === id)).toEqual([])
  })

  it('row 23: a list from before the game was there, while it is deleted: its container is not left behind', async () => {
    const { lift } = rig.docker.inject({ on: 'container_list', times: 1_000, fault: { kind: 'stale_list' } })
    await rig.running('row-23-deleted')
    await rig.remove('row-23-deleted')
    lift()
    await rig.comesToRest()
    expect(await rig.containers('row-23-deleted')).toEqual([])
  })

  function destroyed(gameId: string): readonly (string | null)[] {
    return rig.docker.record.calls
      .filter((call) => call.gameId === gameId && (call.kind === 'container_stop' || call.kind === 'container_remove'))
      .map(({ target }) => target)
  }

  async function listsAgain(times: number): Promise<void> {
    const before = listCount(rig)
    await until(
      () => listCount(rig),
      (count) => count >= before + times,
      'lists have been read',
    )
  }
})

describe('a list of Docker that hides a container under another name', () => {
  it('row 23 and S1: a container renamed by a human: no second one is started', async () => {
    const rig = await createRig()
    try {
      const { lift } = rig.docker.inject({ on: 'container_list', times: 1_000, fault: { kind: 'stale_list' } })
      await rig.running('renamed')
      const id = await rig.containerId('renamed')
      await rig.deployment.docker.getContainer(id).rename({ name: `${rig.deployment.containerName('renamed')}-by-hand` })
      const lists = listCount(rig)
      await until(
        () => listCount(rig),
        (count) => count >= lists + 5,
        'stale lists have been read',
      )
      lift()
      await rig.comesToRest()
      expect(await rig.containerId('renamed')).toBe(id)
    } finally {
      await rig.dispose()
    }
  })
})

function listCount(rig: Rig): number {
  return rig.docker.record.calls.filter(({ kind, answer }) => kind === 'container_list' && answer !== null).length
}
