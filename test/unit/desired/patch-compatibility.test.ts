import { describe, expect, it } from 'vitest'
import { checkPatch, type PatchQuestion } from '../../../src/desired/patch-compatibility.ts'

const question = (from: string | null, to: string | null, changes: Partial<PatchQuestion> = {}): PatchQuestion => ({
  from: { engine: 'galaxy', version: from, imageRef: 'app:old' },
  engine: 'galaxy',
  to,
  imageRef: 'app:new',
  allowIncompatibleTo: null,
  ...changes,
})

describe('a version change', () => {
  it.each<[string, PatchQuestion]>([
    ['no state yet', question(null, '9.9.9', { from: null })],
    ['the same version', question('1.0.0', '1.0.0')],
    ['a later patch', question('1.0.0', '1.0.7')],
    ['an earlier patch', question('1.0.7', '1.0.0')],
    ['the one version the override names', question('1.0.0', '2.0.0', { allowIncompatibleTo: '2.0.0' })],
    ['the override, from an unknown version', question(null, '2.0.0', { allowIncompatibleTo: '2.0.0' })],
    ['the same image, of an unknown version', question(null, null, { imageRef: 'app:old' })],
  ])('is compatible: %s', (_name, asked) => {
    expect(checkPatch(asked)).toEqual({ ok: true })
  })

  it.each<[string, PatchQuestion, string]>([
    [
      'another minor',
      question('1.0.0', '1.1.0'),
      "the game's state was written by galaxy 1.0.0, and galaxy 1.1.0 does not keep its major.minor; set allowIncompatibleTo to 1.1.0 if it can read that state",
    ],
    [
      'an override for some other version',
      question('1.0.0', '1.1.0', { allowIncompatibleTo: '1.1.1' }),
      "the game's state was written by galaxy 1.0.0, and galaxy 1.1.0 does not keep its major.minor; set allowIncompatibleTo to 1.1.0 if it can read that state",
    ],
    [
      'another engine of the same version',
      question('1.0.0', '1.0.0', { engine: 'nova' }),
      "the game's state was written by galaxy, not by nova; set allowIncompatibleTo to 1.0.0 if it can read that state",
    ],
    [
      'from an unknown version',
      question(null, '1.0.0'),
      "the game's state was written by an unknown version of galaxy, so galaxy 1.0.0 may not fit it; set allowIncompatibleTo to 1.0.0 if it can read that state",
    ],
    [
      'to an unknown version',
      question('1.0.0', null),
      "the game's state was written by galaxy 1.0.0, and an unknown version of galaxy does not keep its major.minor; give engineVersion beside the image, and name the same version in allowIncompatibleTo",
    ],
  ])('is refused with the way out: %s', (_name, asked, message) => {
    expect(checkPatch(asked)).toEqual({ ok: false, code: 'patch_semver_incompatible', message })
  })
})
