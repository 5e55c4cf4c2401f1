import { describe, expect, it } from 'vitest'
import { messageOf } from '../../../src/model/errors.ts'

describe('the text of an error', () => {
  it('has its causes behind it', () => {
    expect(messageOf(new Error('no list', { cause: new Error('refused', { cause: 'no route' }) }))).toBe('no list: refused: no route')
  })

  it('says once what it repeats of its cause', () => {
    expect(messageOf(new Error('Docker refused: page not found', { cause: new Error('page not found') }))).toBe(
      'Docker refused: page not found',
    )
  })
})
