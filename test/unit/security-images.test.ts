import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AdmissionFacts, admitGame } from '../../src/controller/admit.ts'
import { imageObjection } from '../../src/desired/admission.ts'
import { parseImageReference } from '../../src/desired/image-reference.ts'
import { resolveImage } from '../../src/desired/resolve-image.ts'
import { NEW_STATUS } from '../../src/model/status.ts'
import { desired, engineVersion } from '../support/planning.ts'

const DIGEST = `sha256:${'ab'.repeat(32)}`
const isAllowed = (image: string, ...allowedRegistries: readonly string[]) => imageObjection(image, { allowedRegistries }) === null

describe('the allow-list of images', () => {
  it.each([
    ['a registry', 'registry.example'],
    ['a registry with all below', 'registry.example/*'],
    ['a team', 'registry.example/team'],
    ['a team with a slash', 'registry.example/team/'],
    ['what is below a team', 'registry.example/team/*'],
    ['one repository', 'registry.example/team/engine'],
    ['one repository in capitals', 'Registry.Example/Team/Engine'],
  ])('takes %s', (_, entry) => {
    for (const image of ['registry.example/team/engine', `registry.example/team/engine:1@${DIGEST}`, 'REGISTRY.example/team/engine:1.0.0'])
      expect(isAllowed(image, 'other.example', entry)).toBe(true)
  })

  it.each([
    ['a longer host', 'registry.example.evil.example/team/engine'],
    ['a host before it', 'evil.registry.example/team/engine'],
    ['the host as a repository of Docker Hub', 'docker.io/registry.example/team/engine'],
    ['the host as a folder of another', 'evil.example/registry.example/team/engine'],
    ['another port', 'registry.example:5000/team/engine'],
    ['the port that would be the default one', 'registry.example:443/team/engine'],
    ['a longer team', 'registry.example/teams/engine'],
    ['another team', 'registry.example/evil/engine'],
    ['a way out of the team', 'registry.example/team/../evil/engine'],
    ['a way out that is escaped', 'registry.example/team/%2e%2e/evil'],
    ['the team itself as an image', 'registry.example/team'],
    ['no host', 'team/engine'],
    ['a tag that looks like the place', 'evil:registry.example/team/engine'],
    ['a digest behind another name', `evil.example/engine@${DIGEST}`],
    ['somebody before an @', 'registry.example/team/engine@evil.example/x'],
    ['credentials', 'registry.example:x@evil.example/team/engine'],
    ['a scheme', 'https://registry.example/team/engine'],
    ['letters that only look alike', 'registry.exаmple/team/engine'],
    ['letters that become those in lower case', 'regiſtry.example/team/engine'],
    ['dots of full width', 'registry．example/team/engine'],
    ['a mark that turns the direction of writing', 'registry.example/team/\u202eenigne'],
    ['a line break', 'registry.example/team/engine\nevil'],
    ['a NUL', 'registry.example/team/engine\0'],
    ['a space before it', ' registry.example/team/engine'],
    ['an id of an image on this host', DIGEST],
    ['a bare id', 'ab'.repeat(32)],
  ])('of a team refuses %s', (_, image) => {
    expect(isAllowed(image, 'registry.example/team/*')).toBe(false)
  })

  it.each([
    'alpine',
    'library/alpine',
    'docker.io/alpine',
    'docker.io/library/alpine',
    'index.docker.io/alpine',
    'index.docker.io/library/alpine:3',
  ])('knows %s by its one true name', (image) => {
    for (const entry of ['docker.io', 'index.docker.io', 'docker.io/library', 'docker.io/library/*', 'docker.io/library/alpine'])
      expect(isAllowed(image, entry)).toBe(true)
    for (const entry of ['docker.io/team', 'docker.io/alpine', 'library', 'alpine', 'docker.io.evil.example', 'registry.example'])
      expect(isAllowed(image, entry)).toBe(false)
  })

  it('takes a short reference, which Docker could read as the beginning of an id, by its name with a tag alone', () => {
    expect(
      resolveImage({ engine: 'galaxy', engineVersion: null, imageRef: 'deadbeef1234' }, undefined, policy(['docker.io'])),
    ).toMatchObject({
      imageRef: 'deadbeef1234:latest',
    })
  })

  it.each([[[]], [['']], [['/']], [['/*']], [['*']], [['*/*']], [['registry.*/team']]])('%j allows nothing', (entries) => {
    for (const image of ['engine', 'registry.example/team/engine', 'localhost/engine']) expect(isAllowed(image, ...entries)).toBe(false)
  })

  it('allows no image from elsewhere, however it is spelled', () => {
    const part = fc.constantFrom(
      'registry.example',
      'evil.example',
      'team',
      'engine',
      '..',
      '.',
      '@',
      ':',
      ':443',
      '/',
      '//',
      '%2f',
      'docker.io',
      'library',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.join('')
        if (!isAllowed(text, 'registry.example/team/*')) return
        const parsed = parseImageReference(text)
        expect(parsed).toMatchObject({ kind: 'valid', reference: { registry: 'registry.example' } })
        expect(parsed.kind === 'valid' && parsed.reference.repository.startsWith('team/')).toBe(true)
      }),
    )
  })

  it('holds for the image that the registry of versions names, too', () => {
    const version = { ...VERSION, imageRef: 'evil.example/engine:1' }
    expect(resolveImage({ engine: 'galaxy', engineVersion: '1.0.0', imageRef: null }, version, policy(['registry.example']))).toMatchObject(
      {
        kind: 'refused',
        code: 'start_config_invalid',
      },
    )
  })
})

describe('a pinned image', () => {
  const facts: AdmissionFacts = {
    desired: desired({ engineVersion: null, imageRef: `registry.example/engine:1@${DIGEST}` }),
    version: undefined,
    status: NEW_STATUS,
    containers: [],
    recordedStartMs: null,
    races: null,
    mayRepin: false,
    pulled: null,
    image: (ref) => ({ id: 'sha256:first', refs: [ref], labels: {} }),
    images: policy(['registry.example']),
    defaultLimits: { cpus: 1, memoryBytes: 1e8, pids: 10 },
    pullPolicy: 'if_missing',
    network: 'galaxy',
    state: { path: '/s/g', hostPath: '/s/g', mountPath: '/state', envName: 'GAME_STATE_PATH' },
  }

  it('keeps the digest it is asked for by, beside the content id', () => {
    expect(admitGame(facts)).toMatchObject({
      kind: 'accepted',
      spec: { imageRef: `registry.example/engine:1@${DIGEST}`, imageId: 'sha256:first' },
    })
  })

  it.each([
    ['its tag means another image by now', {}],
    ['it may no longer come from there', { images: policy(['elsewhere.example']) }],
  ])('stays what was accepted when %s', (_, change) => {
    const tagged = { ...facts, desired: desired({ engineVersion: '1.0.0' }), version: VERSION }
    const first = admitGame(tagged)
    if (first.kind !== 'accepted') expect.fail(`not accepted: ${first.kind}`)
    const later = {
      ...tagged,
      status: { ...NEW_STATUS, acceptedSpec: first.spec },
      image: (ref: string) => ({ id: 'sha256:moved', refs: [ref], labels: {} }),
      ...change,
    }
    const again = admitGame(later)
    if (again.kind !== 'accepted') return expect(again).toMatchObject({ kind: 'refused', inForce: first.spec })
    expect(again.spec).toBe(first.spec)
    expect(again.outdated).toContain('now means another image')
  })
})

const VERSION = engineVersion({ imageRef: 'registry.example/engine:1.0.0' })

function policy(allowedRegistries: readonly string[]) {
  return { imageTemplate: 'galaxy-engine:{version}', allowedRegistries }
}
