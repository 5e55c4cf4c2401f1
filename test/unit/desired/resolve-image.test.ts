import { describe, expect, it } from 'vitest'
import { type ImagePolicy, resolveImage } from '../../../src/desired/resolve-image.ts'
import type { EngineVersion } from '../../../src/model/game.ts'

const POLICY: ImagePolicy = { imageTemplate: '{engine}-engine:{version}', allowedRegistries: null }
const VERSION: EngineVersion = {
  engine: 'galaxy',
  version: '1.0.0',
  imageRef: null,
  enabled: true,
  protocol: 'galaxy',
  probe: null,
  port: 9000,
  command: ['serve'],
  env: { MODE: 'fast' },
  publish: [],
  relax: {},
}
const asked = (engineVersion: string | null, imageRef: string | null) => ({ engine: 'galaxy', engineVersion, imageRef })

describe('the image of a game', () => {
  it('comes from the template when neither game nor registry names one', () => {
    expect(resolveImage(asked('1.0.0', null), VERSION, POLICY)).toMatchObject({
      imageRef: 'galaxy-engine:1.0.0',
      probe: { http: { path: '/healthz', port: 9000 } },
      command: ['serve'],
      env: { MODE: 'fast' },
    })
  })

  it('writes build metadata so that a tag can hold it', () => {
    expect(resolveImage(asked('1.0.0+b5', null), { ...VERSION, version: '1.0.0+b5' }, POLICY)).toMatchObject({
      imageRef: 'galaxy-engine:1.0.0_b5',
      engineVersion: '1.0.0+b5',
    })
  })

  it('is the game’s own before the registry’s, run as the registry says', () => {
    expect(resolveImage(asked('1.0.0', 'mine:7'), { ...VERSION, imageRef: 'registered:1' }, POLICY)).toMatchObject({
      imageRef: 'mine:7',
      engineVersion: '1.0.0',
      protocol: 'galaxy',
      port: 9000,
    })
  })

  it.each([
    ['engine:2.1.0', '2.1.0'],
    ['engine:v2.1.0', null],
    ['engine', null],
    ['engine:2.1', null],
  ])('alone, %s, has version %s and no protocol', (imageRef, engineVersion) => {
    expect(resolveImage(asked(null, imageRef), undefined, POLICY)).toMatchObject({ engineVersion, protocol: 'none', probe: { none: true } })
  })

  it('keeps the probe that the registry gives', () => {
    expect(resolveImage(asked('1.0.0', null), { ...VERSION, protocol: 'none', probe: { docker: true } }, POLICY)).toMatchObject({
      probe: { docker: true },
    })
  })

  it.each<[string, readonly string[], string | null]>([
    ['registry.example.com/team/engine:1', ['registry.example.com'], null],
    ['registry.example.com/team/engine:1', ['registry.example.com/team/'], null],
    ['registry.example.com/teams/engine:1', ['registry.example.com/team'], 'registry.example.com'],
    ['registry.example.com.evil.example/engine:1', ['registry.example.com'], 'registry.example.com.evil.example'],
    ['engine:1', ['registry.example.com'], 'docker.io'],
    ['Registry.Example.com/engine:1', ['registry.example.com'], null],
  ])('%s is held against the allow-list %o', (imageRef, allowedRegistries, refusedHost) => {
    const answer = resolveImage(asked(null, imageRef), undefined, { ...POLICY, allowedRegistries })
    if (refusedHost === null) expect(answer).toMatchObject({ kind: 'resolved' })
    else expect(answer).toMatchObject({ kind: 'refused', message: expect.stringContaining(`instead of ${refusedHost}`) })
  })

  it('from the operator’s own template needs no allow-list', () => {
    expect(resolveImage(asked('1.0.0', null), VERSION, { ...POLICY, allowedRegistries: ['registry.example.com'] })).toMatchObject({
      kind: 'resolved',
    })
  })

  it('is refused when the template gives none', () => {
    expect(resolveImage(asked('1.0.0', null), VERSION, { ...POLICY, imageTemplate: 'Engine:{version}' })).toMatchObject({
      message: 'the image template gives "Engine:1.0.0"; expected a repository name in lower case',
    })
  })
})
