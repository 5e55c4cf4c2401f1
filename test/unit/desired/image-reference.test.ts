import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseImageReference } from '../../../src/desired/image-reference.ts'
import { timed } from '../../support/cpu-time.ts'

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

// Cases of distribution/reference's own tests, and what `docker` shows for them.
describe('an image reference', () => {
  it.each([
    ['galaxy-engine', 'galaxy-engine:latest', 'docker.io'],
    ['library/galaxy-engine:1.0.0', 'galaxy-engine:1.0.0', 'docker.io'],
    ['docker.io/library/engine', 'engine:latest', 'docker.io'],
    ['index.docker.io/team/engine', 'team/engine:latest', 'docker.io'],
    ['docker.io/team/engine:1', 'team/engine:1', 'docker.io'],
    ['localhost/engine', 'localhost/engine:latest', 'localhost'],
    ['localhost:5000/engine', 'localhost:5000/engine:latest', 'localhost:5000'],
    ['registry.example.com/a/b/c:v_1.0-x', 'registry.example.com/a/b/c:v_1.0-x', 'registry.example.com'],
    ['xn--n3h.com/myimage:xn--n3h.com', 'xn--n3h.com/myimage:xn--n3h.com', 'xn--n3h.com'],
    ['192.168.1.1/a', '192.168.1.1/a:latest', '192.168.1.1'],
    ['a--b/c__d.e', 'a--b/c__d.e:latest', 'docker.io'],
    [`engine@${DIGEST}`, `engine@${DIGEST}`, 'docker.io'],
    [`engine:1@${DIGEST}`, `engine:1@${DIGEST}`, 'docker.io'],
    [`${'a/'.repeat(120)}a`, `${'a/'.repeat(120)}a:latest`, 'docker.io'],
  ])('%s is %s', (text, familiar, registry) => {
    expect(parseImageReference(text)).toMatchObject({ kind: 'valid', reference: { familiar, registry } })
  })

  it.each([
    ['', 'an image reference of 1 to 512 characters'],
    ['a'.repeat(513), 'an image reference of 1 to 512 characters'],
    [' engine', 'an image reference such as registry.example.com/team/engine:1.0.0'],
    ['Engine', 'a repository name in lower case'],
    ['team/Engine:1', 'a repository name in lower case'],
    ['engine:', 'a tag of at most 128 letters, digits, _, . or - after the colon'],
    [`engine:${'t'.repeat(129)}`, 'a tag of at most 128 letters, digits, _, . or - after the colon'],
    ['engine:1:2', 'a tag of at most 128 letters, digits, _, . or - after the colon'],
    ['a___b', 'an image reference such as registry.example.com/team/engine:1.0.0'],
    ['a..b', 'an image reference such as registry.example.com/team/engine:1.0.0'],
    ['-a', 'an image reference such as registry.example.com/team/engine:1.0.0'],
    ['team//engine', 'an image reference such as registry.example.com/team/engine:1.0.0'],
    ['http://registry.example.com/engine', 'a registry host such as registry.example.com:5000 before the first slash'],
    ['-host.example.com/engine', 'a registry host such as registry.example.com:5000 before the first slash'],
    ['engine@sha256:abc', 'a digest such as sha256: and 64 hexadecimal digits after the @'],
    [`engine@md5:${'a'.repeat(64)}`, 'a digest such as sha256: and 64 hexadecimal digits after the @'],
    [`engine@${DIGEST}@${DIGEST}`, 'an image reference with at most one @digest'],
    [DIGEST.slice(7), 'an image reference, not an image id; name it as repository@sha256:…'],
    [DIGEST, 'an image reference, not an image id; name it as repository@sha256:…'],
    ['a'.repeat(300), 'an image reference (repository name must not be more than 255 characters)'],
  ])('%s is none', (text, expected) => {
    expect(parseImageReference(text)).toEqual({ kind: 'invalid', expected })
  })

  it('is judged in no time, also where the library would backtrack for ever', () => {
    const hostile = fc.string({ unit: fc.constantFrom('a', 'a', 'a', '-', '.', '_', '/', ':', '!'), maxLength: 512 })
    const known = [
      'a'.repeat(255),
      `${'a'.repeat(511)}!`,
      `${'a-'.repeat(255)}!`,
      `a${'/a'.repeat(127)}`,
      `${'a.'.repeat(100)}a/${'b-'.repeat(70)}b`,
    ]
    const all = () => {
      fc.assert(fc.property(hostile, (text) => void parseImageReference(text)))
      for (const text of known) parseImageReference(text)
    }
    expect(timed(all).cpuMs).toBeLessThan(1_000)
  })

  it('survives being normalised twice', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.option(part), (parts, tag) => {
        const once = parseImageReference(parts.join('/') + (tag === null ? '' : `:${tag}`))
        if (once.kind === 'valid') expect(parseImageReference(once.reference.familiar)).toEqual(once)
      }),
    )
  })
})
