import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeployment, type Deployment, idleImage } from '../support/deployment.ts'
import { type LoggedController, startLogged } from '../support/logged-controller.ts'
import { until } from '../support/until.ts'

describe('a container that Docker refuses to start again and again', () => {
  let deployment: Deployment
  let controller: LoggedController
  let imageRef: string

  beforeAll(async () => {
    deployment = await createDeployment()
    imageRef = await imageOfUnknownUser()
    controller = await startLogged(deployment)
  })
  afterAll(async () => {
    await controller.stop()
    await deployment.dispose()
    await deployment.docker.getImage(imageRef).remove()
  })

  it('is tried ever more slowly: its failures are its own, and no sign that Docker cannot be seen (L2)', async () => {
    await deployment.query("INSERT INTO desired_games (game_id, image_ref) VALUES ('refused', $1)", [imageRef])
    const backoff = async () => {
      const [row] = await deployment.query<{ kind: string; failures: number; delayMs: number }>(
        `SELECT backoff ->> 'kind' AS kind, (backoff -> 'failures')::int AS failures, (backoff -> 'delayMs')::int AS "delayMs"
           FROM game_status WHERE game_id = 'refused' AND backoff IS NOT NULL`,
      )
      return row
    }
    const counted = await until(backoff, (row) => (row?.failures ?? 0) >= 3, 'it has been refused three times')
    expect(counted?.kind).toBe('StartBackOff')
    expect(counted?.delayMs).toBeGreaterThan(2_000)
    // The event stream is checked against the list every second here.
    expect([...controller.logged('event stream'), ...controller.logged('docker cannot be read')]).toEqual([])
  })

  async function imageOfUnknownUser(): Promise<string> {
    const { docker, config } = deployment
    const base = await docker.createContainer({ Image: idleImage('1.0.0') })
    const [repo, tag] = [`${config.instance}-unknown-user`, '1.0.0']
    await base.commit({ repo, tag, changes: 'USER nobody-knows' })
    await base.remove()
    return `${repo}:${tag}`
  }
})
