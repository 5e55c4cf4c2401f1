import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { idleImage } from '../support/deployment.ts'
import { createRig, type Rig } from '../support/fault-proxy/rig.ts'
import { untilCondition } from '../support/condition.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)

/** Rows of the fault table that people make, on the real daemon; each ends in rest. */
describe('what people do around the controller', () => {
  let rig: Rig

  beforeAll(async () => {
    rig = await createRig()
  })
  afterEach(() => rig.comesToRest())
  afterAll(() => rig.dispose())

  it('row 31: remove the network under running games: told; they are left running, and it is made again for what is started', async () => {
    await rig.running('row-31')
    const id = await rig.containerId('row-31')
    const network = rig.deployment.docker.getNetwork(rig.deployment.config.docker.network)
    await network.disconnect({ Container: id, Force: true })
    await network.remove()
    expect((await condition('row-31', 'EngineUnreachable')).message).toContain(rig.deployment.config.docker.network)
    expect(await rig.containers('row-31')).toMatchObject([{ id, state: 'running' }])
    await rig.running('row-31-later')
    await rig.deployment.query("UPDATE desired_games SET restart_token = 'again' WHERE game_id = 'row-31'")
    await rig.runs('row-31')
  })

  it('row 34: restart a container: it is left as it is', async () => {
    await rig.running('row-34-restart')
    const id = await rig.containerId('row-34-restart')
    await rig.deployment.docker.getContainer(id).restart({ t: 1 })
    await rig.runs('row-34-restart')
    expect(await rig.containerId('row-34-restart')).toBe(id)
    expect(rig.docker.record.effects('row-34-restart').filter((kind) => kind !== 'container_start')).toEqual(['container_create'])
  })

  it('row 34: put a container of their own, without labels, in the place of one: left alone, told, and made again once the name is free', async () => {
    await rig.running('row-34-foreign')
    const ours = rig.deployment.docker.getContainer(await rig.containerId('row-34-foreign'))
    await ours.rename({ name: `${rig.deployment.containerName('row-34-foreign')}-old` })
    const theirs = await rig.deployment.docker.createContainer({
      name: rig.deployment.containerName('row-34-foreign'),
      Image: idleImage('1.0.0'),
    })
    await theirs.start()
    await ours.remove({ force: true })
    await condition('row-34-foreign', 'NameConflict')
    expect((await theirs.inspect()).State).toMatchObject({ Running: true })
    expect(await rig.containers('row-34-foreign')).toEqual([])
    await theirs.remove({ force: true })
    await rig.runs('row-34-foreign')
  })

  it('row 34: make a container again by hand with the same labels: it is taken as it is', async () => {
    await rig.running('row-34-relabel')
    const ours = rig.deployment.docker.getContainer(await rig.containerId('row-34-relabel'))
    const { Config, HostConfig } = await ours.inspect()
    const name = rig.deployment.containerName('row-34-relabel')
    await rig.stop('row-34-relabel')
    await rig.deployment.untilStatus('row-34-relabel', 'stopped')
    await ours.remove({ force: true })
    const theirs = await rig.deployment.docker.createContainer({
      name,
      Image: idleImage('1.0.0'),
      Labels: { ...Config.Labels, 'by.hand': 'yes' },
      HostConfig,
    })
    await rig.deployment.query("UPDATE desired_games SET state = 'running' WHERE game_id = 'row-34-relabel'")
    await rig.runs('row-34-relabel')
    expect(await rig.containerId('row-34-relabel')).toBe(theirs.id)
  })

  it('row 36: lose all desired rows at once, behind the triggers’ back: every game runs on', async () => {
    const games = ['row-36-a', 'row-36-b', 'row-36-c']
    await rig.running(...games)
    const before = await rig.deployment.containers()
    await rig.deployment.query('BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM desired_games; COMMIT')
    const rows = async (): Promise<number> =>
      (await rig.deployment.query("SELECT FROM desired_games WHERE managed_by = 'reconciler' AND deleted_at IS NULL")).length
    // Each is found running, with nobody asking for it: an orphan.
    await until(rows, (count) => count === before.length, 'all are adopted', 30_000)
    expect(idsOf(await rig.deployment.containers())).toEqual(idsOf(before))
    for (const gameId of games) expect(rig.docker.record.effects(gameId)).toEqual(['container_create', 'container_start'])
  })

  const condition = (gameId: string, type: string) => untilCondition(rig.deployment, gameId, type)
})

function idsOf(containers: readonly { readonly Id: string; readonly State: string }[]): readonly string[] {
  return containers.map(({ Id, State }) => `${Id} ${State}`).toSorted()
}

describe.skipIf(process.getuid?.() !== 0)('a disk of ours that is full', () => {
  let rig: Rig
  let root: string

  beforeAll(async () => {
    root = await mkdtemp(path.join(inject('runFolder'), 'small-disk-'))
    // Room for the root and one game's folder with one file in it.
    await run('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=3', 'galaxy-test', root])
    rig = await createRig({ 'state.root': root })
  })
  afterAll(async () => {
    await rig.dispose()
    await run('umount', ['--lazy', root])
  })

  it('row 32: has no room for another game’s folder: told, the others keep theirs, and it goes on when there is room', async () => {
    await rig.running('first')
    await writeFile(path.join(root, 'first', 'turn'), '')
    await rig.ask('second')
    const told = await until(
      () =>
        rig.deployment.query<{ message: string }>(
          "SELECT c ->> 'message' AS message FROM game_status, jsonb_array_elements(conditions) c WHERE game_id = 'second' AND c ->> 'type' = 'Progressing'",
        ),
      ([progressing]) => progressing?.message.includes('no space left on device') === true,
      'the condition says it',
    )
    expect(told[0]?.message).toContain(path.join(root, 'second'))
    expect(rig.docker.record.effects('second')).toEqual([])
    await access(path.join(root, 'first', 'turn'))
    await run('mount', ['-o', 'remount,nr_inodes=100', root])
    await rig.runs('second')
    await rig.comesToRest()
  })
})

describe('manifests that go away', () => {
  let rig: Rig
  let folder: string

  beforeAll(async () => {
    rig = await createRig({ 'manifests.rescan': '300ms' })
    folder = rig.deployment.config.manifests.dir
  })
  afterAll(() => rig.dispose())

  it('row 36: all of them at once, then their folder: every game runs on', async () => {
    await mkdir(folder, { recursive: true })
    const games = ['filed-a', 'filed-b', 'filed-c']
    for (const name of games) {
      const text = `apiVersion: galaxy.dev/v1alpha1\nkind: Game\nmetadata: {name: ${name}}\nspec: {engineVersion: 1.0.0}\n`
      await writeFile(path.join(folder, `${name}.yaml`), text)
    }
    for (const name of games) await rig.runs(name)
    const before = idsOf(await rig.deployment.containers())
    await run(
      'rm',
      games.map((name) => path.join(folder, `${name}.yaml`)),
    )
    // Longer than what vanishes has to be away for (two rescans, 5 s apart), and than the next look at no folder at all.
    await new Promise((resolve) => setTimeout(resolve, 7_000))
    await run('rmdir', [folder])
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(idsOf(await rig.deployment.containers())).toEqual(before)
    expect(await rig.deployment.query('SELECT FROM desired_games WHERE deleted_at IS NOT NULL')).toEqual([])
    expect(await rig.deployment.query('SELECT FROM desired_games')).toHaveLength(games.length)
    await rig.comesToRest()
  })
})
