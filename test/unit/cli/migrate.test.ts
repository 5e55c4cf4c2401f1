import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { recordController } from '../../../src/cli/running-controllers.ts'
import { galaxy } from '../../support/galaxy.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'galaxy-migrate-'))
})
afterEach(() => rm(folder, { recursive: true }))

const OWN = { GALAXY_DATABASE_URL: 'postgres://galaxy@127.0.0.1:1/galaxy' }

describe('galaxy migrate --from-embedded, before it touches a database', () => {
  it('wants to know where to', async () => {
    const { code, stderr } = await galaxy(['migrate', '--from-embedded'], {}, folder)
    expect([code, stderr]).toEqual([2, expect.stringContaining('name it with GALAXY_DATABASE_URL')])
  })

  it('is refused where nothing was started', async () => {
    const { code, stderr } = await galaxy(['migrate', '--from-embedded'], OWN, folder)
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no embedded database')])
  })

  it('is refused while a controller runs from there', async () => {
    const forget = await recordController(path.join(folder, '.galaxy'))
    const { code, stderr } = await galaxy(['migrate', '--from-embedded'], OWN, folder)
    expect([code, stderr]).toEqual([1, expect.stringContaining(`a controller runs from here (pid ${process.pid})`)])
    await forget()
  })
})
